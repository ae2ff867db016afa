/** docs/performance.md: the figures, and the machine they were taken on. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { type Figure, median, ratio } from "./measure.js";

/** Nothing here names the machine, its owner or a folder of it. */
export function machine(pulumi: string): readonly string[] {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${gib} GiB of memory`,
    `Linux ${release().replace(/^(\d+\.\d+).*/, "$1")}, Node ${process.versions.node}, Pulumi CLI ${pulumi}, SDK ${sdk()}`,
  ];
}

function sdk(): string {
  const text = readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

export const load = (): string => loadavg()[0]?.toFixed(1) ?? "";

export function report(
  figures: readonly Figure[],
  facts: readonly string[],
  loads: readonly string[],
): string {
  const rows = figures.map((figure) =>
    [
      figure.hosts,
      figure.resources,
      figure.operation,
      seconds(figure.dockroute),
      seconds(figure.floor),
      ratio(figure).toFixed(2),
      median(figure.cpu.dockroute).toFixed(1),
      median(figure.cpu.floor).toFixed(1),
      ratio(figure.cpu).toFixed(2),
    ].join(" | "),
  );
  const idle = figures.filter(({ operation }) => operation === "up, nothing to do");
  const aims = idle.map((one) => `${ratio(one).toFixed(2)} with ${one.hosts} hosts`).join(" and ");
  return `# Performance

Written by \`npm run bench\`, which runs everything below in one go. Do not edit it by hand.

The floor is the same graph with a provider that does nothing: the same program, config, number of resources and
length of the provider's text, so what is left is Pulumi's engine, the language host and the state (file backend).
Each pair of runs is made side by side. Hosts and client share one machine, so the hosts' own work (sshd, Docker's
restart at a first \`up\`) is in dockroute's figure and not in the floor's.

![Seconds of each operation](performance.svg)

| hosts | resources | operation | dockroute | floor | ratio | CPU, dockroute | CPU, floor | ratio |
| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.map((row) => `| ${row} |`).join("\n")}

Seconds, a median where there are several runs, with the least and the most. CPU is what the client alone used, all
its processes together; other work on the machine hardly changes it. The aim is an \`up\` that changes
nothing within 1.25 times its floor; it is ${aims}.

The machine:
${facts.map((fact) => `- ${fact}`).join("\n")}
- load over a minute: ${loads.join(" before and ")} after (everything above 0 before is other people's work)
`;
}

function seconds(values: readonly number[]): string {
  const middle = median(values).toFixed(1);
  if (values.length < 2) return middle;
  return `${middle} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}
