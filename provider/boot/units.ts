/**
 * systemd: the units that load the scripts. docker.service requires none of them: a script that fails must not keep
 * Docker down. No program of dockroute runs between two loads.
 */
import { asset } from "../engine/asset.js";
import { directory, madeBy } from "../facts/places.js";

/**
 * The script that loads all others. The repair runs it twice a minute and loads nothing while all is as the last load
 * left it: that costs a handful of programs however many scripts there are. Docker's own rules are in what it
 * compares: after a change of theirs (a container's start is one) it loads everything once.
 */
export const apply: string = asset("boot/apply.sh");

const afterStarts = "routes and rules, after each start of Docker or of a firewall";

/** Firewalls that can empty the kernel's rules when they start, and whose starts systemd announces. */
const firewalls = "nftables.service ufw.service firewalld.service";

/**
 * Three occasions. Containers with a restart policy start before docker.service is active, so the boot unit has all in
 * place before dockerd starts. Each later start or restart of Docker or of a firewall, a crash's too, wants the
 * second unit, which ends with its work and so starts anew. It has no PartOf, which hands on a stop too: firewalld's
 * `Conflicts=nftables.service` (Debian 12) would then refuse `systemctl restart firewalld`. The repair finds what
 * nobody announces: a link that lost its routes, rules that were flushed or restored by hand, a sysctl.
 */
export const units: Readonly<Record<string, string>> = {
  "dockroute-boot.service": unit(
    "routes and rules, before the first container",
    `After=network-online.target ${firewalls}\nWants=network-online.target\nBefore=docker.service`,
    "[Service]\nType=oneshot\nRemainAfterExit=yes",
    { wantedBy: "multi-user.target docker.service" },
  ),
  "dockroute.service": unit(
    afterStarts,
    `After=docker.service network-online.target ${firewalls}\nStartLimitIntervalSec=0`,
    "[Service]\nType=oneshot",
    { wantedBy: `docker.service ${firewalls}` },
  ),
  "dockroute-repair.service": unit(
    "routes and rules, what was lost without a word",
    "After=docker.service dockroute.service",
    // Two lines in the journal twice a minute would bury the others.
    "[Service]\nType=oneshot\nLogLevelMax=notice\nCPUAccounting=yes",
    { words: " repair" },
  ),
  "dockroute-repair.timer": `# ${madeBy}
[Unit]
Description=dockroute: look twice a minute for what was lost
[Timer]
OnActiveSec=30
OnUnitInactiveSec=30
AccuracySec=1
[Install]
WantedBy=timers.target
`,
};

export const repairTimer = "dockroute-repair.timer";

/** Those that have an [Install] section; the repair is started by its timer. */
export const installable = ["dockroute-boot.service", "dockroute.service", repairTimer];

/** The links by which they are enabled. */
export const wants = [
  "multi-user.target.wants/dockroute-boot.service",
  "docker.service.wants/dockroute-boot.service",
  "docker.service.wants/dockroute.service",
  "nftables.service.wants/dockroute.service",
  "ufw.service.wants/dockroute.service",
  "firewalld.service.wants/dockroute.service",
  "timers.target.wants/dockroute-repair.timer",
];

function unit(
  about: string,
  order: string,
  service: string,
  { wantedBy, words = "" }: { readonly wantedBy?: string; readonly words?: string },
): string {
  const last = wantedBy === undefined ? "" : `[Install]\nWantedBy=${wantedBy}\n`;
  return `# ${madeBy}
[Unit]
Description=dockroute: ${about}
${order}
${service}
ExecStart=/bin/sh ${directory}/apply${words}
${last}`;
}
