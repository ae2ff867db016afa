/**
 * `npm run test:faults`: every fault after every point. It goes on where it was stopped (.faults/ holds what
 * became of each point), prints the table, and writes docs/reliability.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../support/stack.js";
import type { Fault } from "./faults.js";
import { sweepMesh } from "./mesh-sweep.js";
import { sweepResources } from "./resource-sweep.js";
import { allRows, resultsFolder } from "./results.js";
import { printTable, testsFile, writeDocument } from "./table.js";

process.env["DOCKROUTE_UNDO_SECONDS"] ??= "8";

const { values } = parseArgs({
  options: {
    labs: { type: "string", default: "2" },
    prefix: { type: "string", default: "flt" },
    images: { type: "string", default: "docker28" },
    only: { type: "string" },
    kinds: { type: "string" },
    faults: { type: "string" },
    every: { type: "string", default: "1" },
    /** Every point within looks too, in the three-host up. */
    all: { type: "boolean" },
    fresh: { type: "boolean" },
  },
});

async function main(): Promise<void> {
  const started = Date.now();
  if (values.fresh === true) rmSync(resultsFolder, { recursive: true, force: true });
  const say = (line: string): void => console.log(line);
  const shared = {
    labs: Number(values.labs),
    every: Number(values.every),
    say,
    ...(values.faults === undefined ? {} : { faults: values.faults.split(",") as Fault[] }),
  };
  if (values.only === undefined || values.only === "tests") runTests();
  if (values.only === undefined || values.only === "mesh") {
    await sweepMesh({ ...shared, all: values.all === true }, values.prefix);
  }
  for (const image of imagesToSweep()) {
    await sweepResources(
      { ...shared, image, ...(values.kinds === undefined ? {} : { kinds: values.kinds.split(",") }) },
      values.prefix,
    );
  }
  const hours = `this run took ${((Date.now() - started) / 3_600_000).toFixed(2)} h, with ${values.labs} labs side by side`;
  console.log(`\n${printTable()}\n`);
  writeDocument(hours);
  const broken = allRows().filter(({ wrong }) => wrong.length > 0).length;
  console.log(`${allRows().length - broken} passed, ${broken} failed`);
  process.exitCode = broken === 0 ? 0 : 1;
}

function imagesToSweep(): readonly string[] {
  return values.only === undefined || values.only === "resources" ? values.images.split(",") : [];
}

/** The promises that are held by a test of their own; what became of them goes into the document. */
function runTests(): void {
  mkdirSync(resultsFolder, { recursive: true });
  const files = [
    "faults",
    "gone",
    "two-operators",
    "transaction",
    "restart",
    "unreachable",
    "bad-input",
    "narrow",
    "connections",
    "destroy",
  ];
  const specs = files.map((name) => join(root, "test/hosts", `${name}.spec.ts`)).filter(existsSync);
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const own = ["--no-config", "--require", "tsx/cjs", "--require", join(root, "test/support/labs.ts")];
  const report = ["--reporter", "json", "--reporter-option", `output=${testsFile}`, "--timeout", "900000"];
  spawnSync(process.execPath, [mocha, ...own, ...report, ...specs], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

void main();
