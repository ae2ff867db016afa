/**
 * `npm run test:faults`: every fault after every point. It goes on where it was stopped (.faults/ holds what
 * became of each point), prints the table, and writes docs/reliability.md.
 */
import { parseArgs } from "node:util";
import { type Fault, faults } from "./faults.js";
import { sweepMesh } from "./mesh-sweep.js";
import { sweepResources } from "./resource-sweep.js";

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
    all: { type: "boolean" },
  },
});

async function main(): Promise<void> {
  const chosen = values.faults?.split(",") ?? faults;
  const say = (line: string): void => console.log(line);
  const shared = {
    labs: Number(values.labs),
    every: Number(values.every),
    faults: chosen as readonly Fault[],
    say,
  };
  if (values.only !== "resources") {
    await sweepMesh({ ...shared, all: values.all === true }, values.prefix);
  }
  for (const image of values.only === "mesh" ? [] : values.images.split(",")) {
    await sweepResources(
      { ...shared, image, ...(values.kinds === undefined ? {} : { kinds: values.kinds.split(",") }) },
      values.prefix,
    );
  }
}

void main();
