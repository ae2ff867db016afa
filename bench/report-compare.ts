/** The part of the three tools. */
import type { Chart } from "./chart.js";
import { type Compared, cases } from "./compare.js";
import { median } from "./measure.js";
import { kib, listed, spread, table } from "./words.js";

const toolsOf = (figures: readonly Compared[]): readonly string[] => [
  ...new Set(figures.map(({ tool }) => tool)),
];
const sizesOf = (figures: readonly Compared[]): readonly number[] => [
  ...new Set(figures.map(({ hosts }) => hosts)),
];

export function comparePart(figures: readonly Compared[]): readonly string[] {
  return [
    "## Side by side",
    "",
    "The same hosts are made the same mesh by dockroute, by an Ansible playbook ([bench/playbook](../bench/playbook), with",
    "pipelining and ControlPersist) and by a pyinfra deploy ([bench/pyinfra](../bench/pyinfra)): docker0's address in",
    "daemon.json with a restart of Docker, one host after the other; routes and rules that come back after a reboot.",
    "After each change all hosts' containers reached each other, with their own addresses, and a stranger on the wire",
    "reached only what is published; else the bench had stopped. The other two load one script of ours, so they make one",
    "file a host and not a task a route. Neither takes back a restart of Docker that fails, or cleans a host that leaves.",
    "",
    "`floor` is a Pulumi provider that does nothing on any host. In each case the client starts anew, with no connection",
    "open. The delay is what a round trip takes longer, by a relay before each host's sshd, which also counts: bytes, and",
    "round trips as often as the client spoke after it had heard, both a host.",
    "",
    ...sizesOf(figures).map((size) => `![Seconds with ${size} hosts](performance-${size}-hosts.svg)`),
    "",
    ...table(
      ["hosts", "delay, ms", "case", "tool", "seconds", "CPU, s", "KiB out", "KiB in", "round trips"],
      sorted(figures).map(({ hosts, delay, case: what, tool, seconds, cpu, traffic }) => [
        ...[hosts, delay, what, tool, spread(seconds), median(cpu).toFixed(1)],
        ...[kib(traffic.sent), kib(traffic.received), traffic.turns.toFixed(0)],
      ]),
    ),
    "",
    ...aim(figures),
    "",
    ...nothingToDo(figures),
    "",
    ...costOfAHost(figures),
  ];
}

/** The figures in an order that puts those to be compared together. */
function sorted(figures: readonly Compared[]): readonly Compared[] {
  const order = Object.values(cases);
  return [...figures].sort(
    (a, b) => a.hosts - b.hosts || a.delay - b.delay || order.indexOf(a.case) - order.indexOf(b.case) || 0,
  );
}

function aim(figures: readonly Compared[]): readonly string[] {
  const told = figures
    .filter(({ tool, case: what }) => tool === "dockroute" && what === cases.routes)
    .flatMap((ours) => {
      const theirs = figures.find(
        (one) =>
          one.tool === "ansible" &&
          one.case === ours.case &&
          one.hosts === ours.hosts &&
          one.delay === ours.delay,
      );
      if (theirs === undefined) return [];
      const times = (median(theirs.seconds) / median(ours.seconds)).toFixed(1);
      return [`${times} times as long with ${ours.hosts} hosts at ${ours.delay} ms`];
    });
  return [
    "**First convergence.** The aim is 3 times as fast as the playbook with 8 hosts, Docker's restarts taken out. They are",
    "taken out by setting docker0's address on every host before, so that no tool finds a reason to restart Docker:",
    `the playbook takes ${listed(told)}.`,
  ];
}

/** The floor is the same at every delay, and was met at the first alone. */
function nothingToDo(figures: readonly Compared[]): readonly string[] {
  const idle = figures.filter(({ case: what }) => what === cases.nothing);
  const lines = idle
    .filter(({ tool }) => tool === "dockroute")
    .map(({ hosts, delay }) => {
      const there = idle.filter(
        (one) => one.hosts === hosts && (one.delay === delay || one.tool === "floor"),
      );
      const told = there.map(({ tool, seconds }) => `${tool} ${median(seconds).toFixed(1)} s`);
      return `- ${hosts} hosts at ${delay} ms: ${told.join(", ")}`;
    });
  return [
    "**Nothing to do.** The floor is what Pulumi's engine takes by itself, with the same resources:",
    "",
    ...lines,
  ];
}

/** Its routes are as many as its peers. */
function costOfAHost(figures: readonly Compared[]): readonly string[] {
  const idle = figures.filter(
    ({ tool, case: what, delay }) => tool === "dockroute" && what === cases.nothing && delay === 0,
  );
  const told = idle.map(
    ({ hosts, traffic }) =>
      `${traffic.turns.toFixed(0)} round trips and ${kib(traffic.sent + traffic.received)} KiB with ${hosts} hosts`,
  );
  return [
    `**A host's cost.** It must not grow with the number of its routes. With nothing to do a host costs ${listed(told)}:`,
    "all its resources share one login and the same questions, and what grows is the text of its routes.",
  ];
}

export function compareCharts(figures: readonly Compared[]): readonly (readonly [string, Chart])[] {
  return sizesOf(figures).map((size) => {
    const own = sorted(figures.filter(({ hosts }) => hosts === size));
    const keys = [...new Set(own.map(({ delay, case: what }) => `${delay} ms, ${what}`))];
    const groups = keys.map((key) => ({
      name: key.replace("first convergence, docker0", "first, docker0"),
      values: Object.fromEntries(
        own
          .filter(({ delay, case: what }) => `${delay} ms, ${what}` === key)
          .map(({ tool, seconds }) => [tool, median(seconds)]),
      ),
    }));
    const words = (value: number): string => `${value.toFixed(1)} s`;
    const title = `Seconds with ${size} hosts, by the delay of a round trip`;
    return [`performance-${size}-hosts.svg`, { title, series: toolsOf(own), groups, words }] as const;
  });
}
