/**
 * Records a stack as a checkout's code leaves it, for test/long/upgrade-stack.spec.ts:
 * `npx tsx test/recorded/record.ts CHECKOUT NAME WORDS...`, where CHECKOUT is a work tree of the commit with its
 * packages installed, and WORDS describe that commit.
 */
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/lab.js";
import { startBox } from "../../lab/probe.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { loud, run } from "../../lab/run.js";
import {
  type Files,
  namesIn,
  type RecordedStack,
  recordedFile,
  stackName,
} from "../support/recorded-stack.js";
import { meshConfig, Stack } from "../support/stack.js";

/** Images whose hosts differ most in the things put on them: nft or not, and the writer of Docker's own rules. */
const images = { alpha: "docker20", beta: "docker28", gamma: "docker29-nft" };

function filesOf(host: Host): Files {
  const ours = /^etc\/(dockroute\/.+|docker\/daemon\.json|systemd\/system\/(.+\/)?dockroute[^/]*)$/;
  const paths = readdirSync(join(host.root, "etc"), { recursive: true, encoding: "utf8" })
    .map((path) => `etc/${path}`)
    .filter((path) => ours.test(path))
    .sort();
  return Object.fromEntries(
    paths.flatMap((path): [string, Files[string]][] => {
      const at = join(host.root, path);
      const about = lstatSync(at);
      if (about.isDirectory()) return [];
      if (about.isSymbolicLink()) return [[`/${path}`, { link: readlinkSync(at) }]];
      return [[`/${path}`, { mode: (about.mode & 0o777).toString(8), text: readFileSync(at, "utf8") }]];
    }),
  );
}

async function main(checkout: string, name: string, what: string): Promise<void> {
  const commit = (await run(["git", "rev-parse", "HEAD"], { cwd: checkout })).trim();
  const hosts = Object.entries(images).map(([host, image]) => ({ name: host, image }));
  const { folders } = await ensurePulumi(loud);
  const folder = mkdtempSync(join(tmpdir(), "dockroute-record-"));
  const lab = await Lab.up({ prefix: "pkrec", hosts, log: loud });
  try {
    await Promise.all(lab.hosts.map((host) => startBox(host)));
    const config = meshConfig(lab);
    const stack = await Stack.make(stackName, folder, folders, config, checkout);
    const up = await stack.up("--continue-on-error");
    if (up.code !== 0) throw new Error(up.text);
    const exported = await stack.pulumi(["stack", "export", "--show-secrets", "--stack", stackName]);
    const recorded: RecordedStack = {
      ...{ commit, what, config },
      hosts: lab.hosts.map((host) => ({ name: host.name, image: host.image, files: filesOf(host) })),
      deployment: JSON.parse(exported.stdout, (key, value: unknown) => (about.has(key) ? undefined : value)),
    };
    const names = [...(await namesIn(lab))];
    const text = names.reduce(
      (all, [word, own]) => all.replaceAll(new RegExp(`(?<![\\w.])${escaped(own)}(?![\\w])`, "g"), word),
      JSON.stringify(recorded, null, 2),
    );
    writeFileSync(recordedFile(name), `${text}\n`);
  } finally {
    await lab.down();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The time and the line of the program that made a resource: of no use, and full of the recorder's folders. */
const about = new Set(["created", "modified", "sourcePosition", "stackTrace"]);

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const [checkout, name, ...words] = process.argv.slice(2);
if (checkout === undefined || name === undefined || words.length === 0) {
  console.error("a checkout, a name for the recording, and words that say what it is");
  process.exitCode = 2;
} else {
  main(resolve(checkout), name, words.join(" ")).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
