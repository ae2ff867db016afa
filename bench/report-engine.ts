/** The part of the engine's floor. */
import type { Chart } from "./chart.js";
import { type Figure, median, ratio } from "./measure.js";
import { kib, listed, spread, table } from "./words.js";

export function enginePart(figures: readonly Figure[]): readonly string[] {
  const idle = figures.filter(({ operation }) => operation === "up, nothing to do");
  const aims = idle.map(
    (one) => `${ratio(one.seconds).toFixed(2)} with ${one.hosts} hosts at ${one.delay} ms`,
  );
  return [
    "## Beside the engine's floor",
    "",
    "The floor is the same graph with a provider that does nothing: the same program, config, number of resources and",
    "length of the provider's text, so what is left is Pulumi's engine, the language host and the state (file backend).",
    "dockroute is the package that `npm pack` makes. Each pair of runs is made side by side. The delay is what a round",
    "trip to a host takes longer, by a relay before its sshd; the floor meets no host.",
    "",
    "![Seconds of each operation](performance-engine.svg)",
    "",
    ...table(
      [
        "hosts",
        "resources",
        "delay, ms",
        "operation",
        "dockroute, s",
        "floor, s",
        "ratio",
        "CPU, s",
        "floor's CPU",
        "ratio",
      ],
      figures.map(({ hosts, resources, delay, operation, seconds, cpu }) => [
        ...[hosts, resources, delay, operation],
        ...[spread(seconds.dockroute), spread(seconds.floor), ratio(seconds).toFixed(2)],
        ...[median(cpu.dockroute).toFixed(1), median(cpu.floor).toFixed(1), ratio(cpu).toFixed(2)],
      ]),
    ),
    "",
    "CPU is what the client used, all its processes together; other work on the machine hardly changes it.",
    "",
    `**Nothing to do.** The aim is 1.15 times the floor at 0 ms and 1.5 times at 80 ms; it is ${listed(aims)}.`,
    "",
    "The state, as `pulumi stack export` gives it, is " +
      `${listed(idle.filter(({ delay }) => delay === idle[0]?.delay).map(({ hosts, state }) => `${kib(state.dockroute)} KiB with ${hosts} hosts (floor ${kib(state.floor)})`))}.`,
  ];
}

export function engineCharts(figures: readonly Figure[]): readonly (readonly [string, Chart])[] {
  const groups = figures.map(({ hosts, delay, operation, seconds }) => ({
    name: `${hosts} hosts, ${delay} ms, ${operation}`,
    values: { dockroute: median(seconds.dockroute), floor: median(seconds.floor) },
  }));
  const title = "Seconds of each operation, dockroute and the engine's floor";
  const words = (value: number): string => `${value.toFixed(1)} s`;
  return [["performance-engine.svg", { title, series: ["dockroute", "floor"], groups, words }]];
}
