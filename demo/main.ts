/** `npm run demo`: three hosts with three versions of Docker, one `pulumi up`, and what it changes. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../lab/lab.js";
import { boxOptions, startBox } from "../lab/probe.js";
import { ensurePulumi, pulumiEnv } from "../lab/pulumi-cli.js";
import { configText, placesOf, root, writeEnv } from "./files.js";
import { boxNamed, type Direction, directions, directionsTable, whole } from "./reach.js";
import { pulumi, say, step } from "./say.js";
import { paint } from "./table.js";

const usage = `npm run demo                three hosts, one pulumi up, the table before and after
npm run demo -- --down      removes every trace of it

  --prefix demoNAME         another demo beside the first; it begins with "demo", at most 9 of [a-z0-9]`;

const images = { alpha: "docker20", beta: "docker26", gamma: "docker28" } as const;
const versions = "Docker 20.10, 26.1 and 28.5";

async function up(prefix: string): Promise<boolean> {
  const places = placesOf(prefix);
  say(`Three hosts, ${versions}, whose containers cannot reach each other, and one \`pulumi up\`.`);
  const command = await step("Find the pulumi command, or get it", (tell) => ensurePulumi(tell));
  if (hasTraces(prefix)) await step("Take away what an earlier demo left", () => down(prefix));
  const lab = await step(`Boot three hosts with ${versions}`, (tell) => {
    const hosts = Object.entries(images).map(([name, image]) => ({ name, image }));
    return Lab.up({ prefix, hosts, log: tell });
  });
  await step("Start a container on each", async () => {
    await Promise.all(
      lab.hosts.map((host) => startBox(host, "box", [...boxNamed(host.name), ...boxOptions])),
    );
  });
  const before = await step("Look from each container to each other one", () => directions(lab.hosts));
  say(`\n${directionsTable(before)}`);

  const env = pulumiEnv(places.folder, command, prefix);
  const run = (words: readonly string[]) => (tell: (line: string) => void) => pulumi(words, root, env, tell);
  await step(
    `Write the stack's config, ${relative(root, places.config)}, and make the stack`,
    async (tell) => {
      mkdirSync(places.folder, { recursive: true });
      writeEnv(places.env, env);
      const text = configText(lab);
      writeFileSync(places.config, text);
      for (const line of text.trimEnd().split("\n")) tell(line);
      await pulumi(["stack", "init", prefix], root, env, tell);
    },
  );
  const common = ["--stack", prefix, "--suppress-progress", "--suppress-outputs"];
  await step("Preview: what would change; it changes nothing", run(["preview", ...common]));
  // Without the flag the engine stops at the first host that fails, and the others wait for the next run.
  const words = ["up", "--yes", "--skip-preview", "--continue-on-error", ...common];
  await step("Up: each host gets its part, routes to the others and rules that let them in", run(words));
  const after = await step("Look again", () => directions(lab.hosts));
  say(`\nBefore:\n${directionsTable(before)}\nAfter:\n${directionsTable(after)}`);
  farewell(prefix, after);
  return after.every(whole);
}

/** A route or a rule would be no good thing to break: the host itself puts those back within half a minute. */
function farewell(prefix: string, after: readonly Direction[]): void {
  const own = prefix === "demo" ? "" : ` --prefix ${prefix}`;
  const bip = after.find(({ from }) => from === "alpha")?.fromAddress.replace(/\.\d+$/, ".1");
  const tries = [
    [
      `npm run lab -- exec ${prefix}/alpha sed -i s/${bip}/${bip}99/ /etc/docker/daemon.json`,
      "break something by hand",
    ],
    [`. .${prefix}/env && pulumi up --continue-on-error`, "it says what it found, and repairs exactly that"],
    [`npm run demo --${own} --down`, "removes every trace"],
  ] as const;
  const width = Math.max(...tries.map(([command]) => command.length));
  say("The hosts stay up. What to try next:");
  for (const [command, why] of tries) say(`  ${command.padEnd(width)}   ${paint(why, "faint")}`);
}

function hasTraces(prefix: string): boolean {
  return Lab.list().includes(prefix);
}

async function down(prefix: string): Promise<void> {
  const places = placesOf(prefix);
  await Lab.remove(prefix);
  for (const path of [places.folder, places.config]) rmSync(path, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const options = {
    down: { type: "boolean" },
    prefix: { type: "string", default: "demo" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  const { prefix } = values;
  if (values.help === true || !/^demo[a-z0-9]{0,5}$/.test(prefix)) {
    say(usage);
    return values.help === true ? 0 : 2;
  }
  if (values.down === true) {
    await step(`Remove the hosts, .${prefix}/ and Pulumi.${prefix}.yaml`, () => down(prefix));
    return 0;
  }
  const good = await up(prefix);
  if (!good) say("\nNot every container reaches every other one: that should not be.");
  return good ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    console.error("What is there so far stays, to be looked at; `npm run demo -- --down` removes it.");
    process.exitCode = 1;
  },
);
