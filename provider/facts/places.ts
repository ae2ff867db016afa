/** The folder of dockroute's own files on a host. */
export const directory = "/etc/dockroute";
export const scriptsDirectory = `${directory}/scripts`;
/** The folder in which dockroute 0.1.0 kept its scripts. */
export const partsDirectory = `${directory}/parts`;
export const unitsDirectory = "/etc/systemd/system";
/** A copy of the kernel's rules after the last load, for the repair to compare; gone with the next boot. */
export const lastLoad = "/run/dockroute.loaded";

/** A file by whose age the repair tells that a pair of hosts changes its way. */
export const switching = "/run/dockroute.switching";

/** The line that marks each file that dockroute writes. */
export const madeBy = "Made by dockroute; changes by hand are undone. See docs/hosts.md of dockroute.";
