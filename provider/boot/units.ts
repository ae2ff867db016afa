/**
 * systemd: the units that load the parts. None is required by docker.service: a part that fails must not
 * keep Docker down. Nothing runs in between; what wakes up is done in a blink.
 */
import { directory, lastLoad, madeBy, partsDirectory } from "../facts/places.js";

/**
 * Each part in a shell of its own, so that one that fails is logged and does not stop the others; without a
 * program for each. The repair, twice a minute, loads nothing while all is as the last load left it: that costs
 * a handful of programs however many parts there are. Docker's own rules are in what is compared: after a change
 * of theirs (a container's start is one) everything is loaded once.
 */
export const apply = `#!/bin/sh
# ${madeBy}
# Loads every part under ${partsDirectory}; with "repair", only where something is not as the last load left it.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# Not in the middle of a change by pulumi up: it may be taking away what would be loaded here.
# Who has waited may hold the lock of a file that its holder has removed: then it is taken anew.
while :; do
  exec 9>>/run/dockroute.lock
  flock -w 25 9 || break
  [ /run/dockroute.lock -ef /proc/self/fd/9 ] && trap 'rm -f /run/dockroute.lock' EXIT && break
done
last=${lastLoad}
look() {
  ip -4 route show proto 219
  nft -s 'list table ip dockroute; list tables' || iptables -w -t nat -S
  iptables -w -t raw -S
  iptables -w -S
  cat /proc/sys/net/ipv4/ip_forward ${partsDirectory}/*
} 2>&1
if [ "$1" = repair ] && [ -e "$last" ] && [ "$(look)" = "$(cat "$last")" ]; then exit 0; fi
status=0
for part in ${partsDirectory}/*; do
  case $part in *.dockroute-new) continue ;; esac # a file whose writing was cut short
  [ -e "$part" ] || continue
  ( . "$part" ) 9>&-
  [ $? -eq 0 ] || { echo "dockroute: \${part##*/} failed" >&2; status=1; }
done
# What failed is tried again at the next look.
if [ $status -eq 0 ]; then look >"$last"; else rm -f "$last"; fi
exit $status
`;

const afterStarts = "routes and rules, after each start of Docker or of a firewall";

/** Firewalls whose start or restart can empty the kernel's rules, and which systemd announces. */
const firewalls = "nftables.service ufw.service firewalld.service";

/**
 * Three occasions. Containers with a restart policy start before docker.service is active, so at boot all is
 * in place before dockerd starts. Each later start or restart of Docker or of a firewall, a crash's too, wants the
 * second unit, which is over when its work is done and so is started anew: never PartOf, which hands on a stop too,
 * and firewalld's `Conflicts=nftables.service` (Debian 12) would then refuse `systemctl restart firewalld`. What
 * nobody announces (a link that lost its routes, rules that were flushed or restored by hand, a sysctl) is found by
 * looking twice a minute.
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
 * What dockroute 0.1.0 left there. It works, so it is no drift and an upgrade of dockroute alone changes no host; with
 * the next change of the host it is replaced.
 */
export const former: Readonly<Record<string, string>> = {
  "dockroute.service": unit(
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
