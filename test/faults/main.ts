/**
 * `npm run test:faults`: every fault after every point. It goes on where it was stopped (.faults/ holds each point's
 * result), prints the table, and writes docs/reliability.md.
 */
import { parseArgs } from "node:util";
import { Lab } from "../../lab/lab.js";
import { type Fault, faults, programFaults } from "./faults.js";
import { everything } from "./lines.js";
import { sweepMesh } from "./mesh-sweep.js";
import { runNamedTests, stopNamedTests } from "./named-tests.js";
import { testOutcomes } from "./outcomes.js";
import { killAllStarted } from "./process.js";
import { sweepResources } from "./resource-sweep.js";
import { allRows, beginAnew, keepNoMore } from "./results.js";
import { phases } from "./sections.js";
import { printTable, writeDocument } from "./table.js";
import { kinds } from "./transitions.js";
import { walk, walked } from "./walk/walk.js";

process.env["DOCKROUTE_UNDO_SECONDS"] ??= "10";

const { values } = parseArgs({
  options: {
    labs: { type: "string", default: "2" },
    prefix: { type: "string", default: "flt" },
    images: { type: "string", default: "docker28" },
    /** tests, resources, mesh or walk. */
    only: { type: "string" },
    /** Of the tests, those in files whose paths hold one of these words. */
    specs: { type: "string" },
    kinds: { type: "string", default: kinds.join() },
    faults: { type: "string" },
    /** Of the random walk. */
    steps: { type: "string", default: "200" },
    seed: { type: "string" },
    /** The sweep begins no point after so many minutes; the next run goes on. */
    minutes: { type: "string", default: "Infinity" },
    /** The share of the points that is tried, in percent, evenly spread over each run's calls. */
    share: { type: "string", default: "100" },
    /** Only the points that did not hold or were not reached, each by itself. */
    again: { type: "boolean", default: false },
    /** For another state of the code: its calls are recorded anew; the earlier points become a line of the document. */
    fresh: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const started = Date.now();
  if (values.fresh) beginAnew();
  const chosen = values.faults?.split(",") as Fault[] | undefined;
  const shared = {
    labs: Number(values.labs),
    until: started + Number(values.minutes) * 60_000,
    share: percentOf(values.share),
    again: values.again,
    say: (line: string): void => console.log(line),
  };
  if (wanted("tests")) await runNamedTests(values.specs?.split(",") ?? [], values.prefix);
  for (const image of wanted("resources") ? values.images.split(",") : []) {
    const plan = {
      ...shared,
      image,
      kinds: values.kinds.split(","),
      faults: chosen ?? [...faults, ...programFaults],
    };
    await sweepResources(plan, values.prefix);
  }
  if (wanted("mesh")) await sweepMesh({ ...shared, faults: chosen ?? faults }, values.prefix);
  if (wanted("walk")) {
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
    await walk({ ...shared, steps: Number(values.steps), seed }, values.prefix);
  }
  const found = everything();
  console.log(`\n${printTable(found)}\n\n${phases(allRows())}\n`);
  writeDocument(found);
  const all = [...allRows(), ...walked()];
  const outcomes = [...testOutcomes().values()];
  const broken =
    all.filter(({ wrong }) => wrong.length > 0).length + outcomes.filter(({ passed }) => !passed).length;
  console.log(`${all.length + outcomes.length - broken} passed, ${broken} failed`);
  process.exitCode = broken === 0 ? 0 : 1;
}

function percentOf(text: string): number {
  const percent = Number(text);
  if (percent > 0 && percent <= 100) return percent;
  throw new Error(`--share ${text}: a number above 0, up to 100, is allowed`);
}

function wanted(part: string): boolean {
  return values.only === undefined || values.only === part;
}

let ending = false;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  // The results are kept; the labs are taken down. A signal to the whole group of processes comes twice.
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    keepNoMore();
    killAllStarted();
    void Promise.allSettled([stopNamedTests(signal), Lab.end()]).then(() => process.exit(code));
  });
}
void main();
