/** The part of the data path. */
import type { Chart } from "./chart.js";
import { type Card, cards, type Flow, type Path } from "./data.js";
import { median } from "./measure.js";
import { listed, spread, table } from "./words.js";

export function dataPart(flows: readonly Flow[], seconds: number): readonly string[] {
  return [
    "## The data path",
    "",
    `Two hosts, one TCP stream of iperf3 for ${seconds} s, and round trips of 64 bytes on one TCP connection; all paths take`,
    "turns, and the figures are medians of the rounds, with the least and the most. CPU is what the whole machine spent, both",
    "hosts, the switch and iperf3 together, for each gigabit that arrived. The programs run in the network namespaces of",
    "containers or of the hosts. The wire is virtual (veth): without a limit nothing but the CPU limits a stream, and no",
    "packet is cut into frames, which flatters VXLAN; with a card of 1 Gbit/s (tc, tbf) its headers take their part.",
    "",
    "![Throughput of each path](performance-throughput.svg)",
    "",
    "![Round trips of each path](performance-round-trips.svg)",
    "",
    "![CPU of each path](performance-cpu.svg)",
    "",
    ...table(
      ["card", "path", "Gbit/s", "CPU seconds a gigabit", "p50, µs", "p99, µs"],
      flows.map(({ card, path, throughput, cpu, p50, p99 }) => [
        ...[card, path, spread(throughput, 3), spread(cpu, 3), spread(p50, 0), spread(p99, 0)],
      ]),
    ),
    "",
    "**Throughput.** The aim is a direct route within 3 % of host to host: " +
      `${listed(cards.map((card) => `${less(flows, card)} with a card of ${card === "unlimited" ? "no limit" : card}`))}.`,
  ];
}

function less(flows: readonly Flow[], card: Card): string {
  const of = (path: Path): number =>
    median(flows.find((one) => one.path === path && one.card === card)?.throughput ?? []);
  const percent = (1 - of("direct route") / of("host to host")) * 100;
  return `${Math.abs(percent).toFixed(1)} % ${percent < 0 ? "above" : "below"} it`;
}

export function dataCharts(flows: readonly Flow[]): readonly (readonly [string, Chart])[] {
  const one = (
    name: string,
    title: string,
    of: (flow: Flow) => Chart["groups"][number]["values"],
    words: Chart["words"],
  ) => {
    const groups = flows.map((flow) => ({ name: `${flow.card}, ${flow.path}`, values: of(flow) }));
    const series = Object.keys(groups[0]?.values ?? {});
    return [name, { title, series, groups, words }] as const;
  };
  return [
    one(
      "performance-throughput.svg",
      "One TCP stream, more is better",
      ({ throughput }) => ({ throughput: median(throughput) }),
      (value) => `${value.toFixed(2)} Gbit/s`,
    ),
    one(
      "performance-round-trips.svg",
      "Round trips of 64 bytes",
      ({ p50, p99 }) => ({ p50: median(p50), p99: median(p99) }),
      (value) => `${value.toFixed(0)} µs`,
    ),
    one(
      "performance-cpu.svg",
      "CPU of the whole machine for a gigabit",
      ({ cpu }) => ({ "CPU seconds": median(cpu) }),
      (value) => `${value.toFixed(3)} s`,
    ),
  ];
}
