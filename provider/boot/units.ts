/**
 * systemd: the units that load the parts. None is required by docker.service: a part that fails must not
 * keep Docker down. Nothing runs in between; what wakes up is done in a blink.
 */
import { asset } from "../engine/asset.js";
import { directory, madeBy, unitsDirectory } from "../facts/places.js";

/**
 * Each part in a shell of its own, so that one that fails is logged and does not stop the others; without a
 * program for each. The repair, twice a minute, loads nothing while all is as the last load left it: that costs
 * a handful of programs however many parts there are. Docker's own rules are in what is compared: after a change
 * of theirs (a container's start is one) everything is loaded once.
 */
export const apply = asset("boot/apply.sh");

const afterStarts = "routes and rules, after each start of Docker or of a firewall";

/** Firewalls that can empty the kernel's rules when they start, and whose starts systemd announces. */
const firewalls = "nftables.service ufw.service firewalld.service";

/**
 * The parts are loaded on three occasions. Containers with a restart policy start before docker.service is active, so
 * at boot all is in place before dockerd starts. Each later start or restart of Docker or of a firewall, a crash's too,
 * wants the second unit, which is over when its work is done and so is started anew: never PartOf, which hands on a
 * stop too, and firewalld's `Conflicts=nftables.service` (Debian 12) would then refuse `systemctl restart firewalld`.
 * The third unit looks twice a minute for changes that nothing announces: a link that lost its routes, rules that were
 * flushed or restored by hand, a sysctl.
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

/**
 * What dockroute 0.1.0 left there, by path. It works, so it is no drift and an upgrade of dockroute alone changes no
 * host; with the next change of the host it is replaced.
 */
export const former: Readonly<Record<string, string>> = {
  // Every local user could take its lock, which so kept changes waiting.
  [`${directory}/apply`]: asset("boot/apply-0.1.0.sh"),
  [`${unitsDirectory}/dockroute.service`]: unit(
    afterStarts,
    `After=docker.service network-online.target ${firewalls}\nPartOf=docker.service ${firewalls}`,
    "[Service]\nType=oneshot\nRemainAfterExit=yes",
    { wantedBy: `docker.service ${firewalls}` },
  ),
};

/** Those that are enabled and started; the repair is started by its timer. */
export const started = ["dockroute-boot.service", "dockroute.service", "dockroute-repair.timer"];

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
