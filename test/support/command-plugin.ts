/**
 * A stand-in for the plugin of @pulumi/command, which comes only by download: `command:remote:Command` runs its
 * `create` over ssh. Started by the engine, this file is that plugin; imported, it tells where it lies.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as provider from "@pulumi/pulumi/provider";
import { Client } from "ssh2";
import { quote } from "../../provider/engine/command.js";

/** A folder for the front of PATH. */
export async function commandPlugin(under: string): Promise<readonly string[]> {
  const folder = join(under, "command-plugin");
  mkdirSync(folder, { recursive: true });
  const tsx = join(__dirname, "../../node_modules/.bin/tsx");
  const start = `#!/bin/sh\nexec ${quote([tsx, __filename])} "$@"\n`;
  writeFileSync(join(folder, "pulumi-resource-command"), start, { mode: 0o755 });
  return [folder];
}

interface Inputs {
  readonly create: string;
  readonly connection: { host: string; user: string; privateKey: string; hostKey: string };
}

function run({ create, connection }: Inputs): Promise<string> {
  const { host, user: username, privateKey, hostKey } = connection;
  return new Promise((resolve, reject) => {
    const client = new Client();
    let said = "";
    client
      .on("error", reject)
      .on("ready", () =>
        client.exec(create, (error, channel) => {
          if (error) return reject(error);
          channel.on("data", (part: Buffer) => {
            said += part.toString();
          });
          channel.stderr.resume();
          channel.on("close", (code: number) => {
            client.end();
            code === 0 ? resolve(said) : reject(new Error(`the command ended with ${code}`));
          });
        }),
      )
      .connect({
        ...{ host, username, privateKey },
        algorithms: { serverHostKey: ["ssh-ed25519"] },
        hostVerifier: (key: Buffer) => key.toString("base64") === hostKey.split(" ")[1],
      });
  });
}

/** A secret reaches a provider wrapped, with the secret value in `value`. */
function plain(inputs: unknown): Inputs {
  const text = JSON.stringify(inputs, (_, value: unknown) =>
    typeof value === "object" && value !== null && "value" in value ? value.value : value,
  );
  return JSON.parse(text) as Inputs;
}

const plugin: provider.Provider = {
  version: "1.2.1",
  check: async (_urn, _olds, inputs) => ({ inputs }),
  create: async (_urn, inputs) => ({ id: "command", outs: { ...inputs, stdout: await run(plain(inputs)) } }),
  delete: async () => {},
};

if (require.main === module) provider.main(plugin, process.argv.slice(2));
