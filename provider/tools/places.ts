/** Where dockroute's own files lie on a host. */
export const directory = "/etc/dockroute";
export const partsDirectory = `${directory}/parts`;
export const unitsDirectory = "/etc/systemd/system";
