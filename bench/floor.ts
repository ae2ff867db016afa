/**
 * The engine's floor: the same program and config, so the same graph and the same provider text, in a project
 * folder of its own whose package `dockroute` has handlers that return at once. The time of an operation there
 * is the engine's, the language host's and the state's; the rest of its time elsewhere is ours.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeProject } from "./project.js";

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

/** Makes the project in `folder` and gives its path. */
export function makeFloor(folder: string): string {
  const fake = makeProject(folder, ["@pulumi", "tsx"]);
  writeFileSync(join(fake, "package.json"), `${JSON.stringify({ name: "dockroute", version: "0.0.0" })}\n`);
  writeFileSync(join(fake, "handlers.js"), handlers);
  return folder;
}
