/** `npx tsx main.ts up`, `preview` or `destroy`: Pulumi as a library, no project file and no command line. */
import { type InlineProgramArgs, LocalWorkspace } from "@pulumi/pulumi/automation";
import { Mesh } from "dockroute";

const inventory = [
  { name: "alpha", address: "192.168.145.128" },
  { name: "beta", address: "192.168.145.129" },
];

const args: InlineProgramArgs = {
  stackName: "dev",
  projectName: "automation",
  program: async () => {
    const mesh = new Mesh("mesh", { pool: "172.30.0.0/16", hosts: inventory });
    return { plan: mesh.plan };
  },
};

async function main(command = "preview"): Promise<void> {
  const stack = await LocalWorkspace.createOrSelectStack(args, {
    // The folder where dockroute is installed: the engine's provider process looks for it there.
    workDir: __dirname,
    projectSettings: { name: "automation", runtime: "nodejs" },
  });
  const connection = { privateKeyFile: "~/.ssh/id_ed25519", knownHostsFile: "~/.ssh/known_hosts" };
  await stack.setConfig("dockroute:connection", { value: JSON.stringify(connection) });

  const onOutput = (text: string) => process.stdout.write(text);
  // The refresh shows each change on a host since the last run before anything is planned.
  if (command === "preview") {
    await stack.preview({ onOutput, refresh: true });
  } else if (command === "up") {
    const { outputs } = await stack.up({ onOutput, refresh: true, continueOnError: true });
    console.log(JSON.stringify(outputs["plan"]?.value, null, 2));
  } else if (command === "destroy") {
    await stack.destroy({ onOutput, continueOnError: true });
  } else {
    throw new Error(`no command ${command}: there are preview, up and destroy`);
  }
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
