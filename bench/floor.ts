/**
 * The engine's floor: the same program and config, so the same graph and the same provider text, in a project
 * folder of its own whose package `dockroute` has handlers that return at once. What an operation takes there is
 * the engine, the language host and the state; what it takes longer elsewhere is ours.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");

/** Inputs go in and come out; nothing is looked at. */
const handlers = `const kind = {
  check: async (_, inputs) => ({ inputs, failures: [] }),
  diff: async () => ({ changes: false, replaces: [] }),
  create: async (inputs) => ({ id: [inputs.host, inputs.peer ?? inputs.bip ?? inputs.source ?? "in"].join("/"), outs: inputs }),
  read: async (id, props) => ({ id, props }),
  update: async (_, olds, inputs) => ({ outs: inputs }),
  delete: async () => {},
};
exports.DockerBridge = exports.PeerRoute = exports.MasqueradeRule = exports.ForwardRule = kind;
`;

/** Makes the project in \`folder\` and gives its path. */
export function makeFloor(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  const fake = join(folder, "node_modules", "dockroute");
  mkdirSync(fake, { recursive: true });
  // What it needs besides is the checkout's own; a link by link, because a folder of links would hide the fake.
  for (const name of ["@pulumi", "tsx"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
  // A package of another name: within the checkout's own, "dockroute" would mean the checkout.
  writeFileSync(join(folder, "package.json"), json({ name: "floor", private: true }));
  writeFileSync(join(fake, "package.json"), json({ name: "dockroute", version: "0.0.0" }));
  writeFileSync(join(fake, "handlers.js"), handlers);
  writeFileSync(
    join(folder, "index.ts"),
    `module.exports = require(${JSON.stringify(join(root, "stacks", "index.ts"))});\n`,
  );
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8").replace(/^main: .*$/m, "main: index.ts");
  writeFileSync(join(folder, "Pulumi.yaml"), project);
  return folder;
}
