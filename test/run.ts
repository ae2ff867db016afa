/**
 * All that is checked before a change is believed: `npm test`. A part of it: `npm test -- lint`,
 * `npm test -- unit [WORDS]`, `npm test -- hosts [WORDS]`, where the words choose tests by their names. `npm run
 * test:cases`, `test:events`, `test:lans`, `test:links`, `test:managers`, `test:plugin`, `test:upgrades` and `test:vm` take too
 * long for every time; `npm run test:vm -- --points 12`
 * cuts the power at fewer points.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "./support/reporter.js";

const root = join(__dirname, "..");
const modules = join(root, "node_modules");

interface Step {
  readonly part:
    | ("lint" | "unit" | "ground" | "hosts" | "sample")
    | ("long" | "cases" | "events" | "lans" | "links" | "managers" | "plugin" | "upgrades" | "vm");
  readonly what: string;
  readonly argv: readonly string[];
  /** True for mocha, which counts; any other program is one test. */
  readonly counts?: true;
  /** Takes minutes, and is run only when it is asked for; its short sample is among the tests on real hosts. */
  readonly long?: true;
  /** Images that no other part has. */
  readonly images?: readonly string[];
}

/** On a fresh machine it takes longer than a test's hook may. */
const groundOf = ({ images = [] }: Step): Step => ({
  part: "ground",
  what: "what the hosts need: programs of this machine, the pulumi command, images",
  argv: ["tsx/dist/cli.mjs", join(root, "lab/main.ts"), "ground", ...images],
});

const steps: readonly Step[] = [
  { part: "lint", what: "biome: format and lint", argv: ["@biomejs/biome/bin/biome", "check", "."] },
  { part: "lint", what: "tsc: types", argv: ["typescript/bin/tsc", "--noEmit"] },
  {
    part: "lint",
    what: "shellcheck and perl -c: the scripts for hosts",
    argv: ["tsx/dist/cli.mjs", join(root, "test/shellcheck.ts")],
  },
  { part: "unit", what: "unit tests, without hosts", argv: mocha("unit", "20000"), counts: true },
  // A host may have to restart Docker, or to boot.
  { part: "hosts", what: "tests on real hosts", argv: mocha("hosts", "900000"), counts: true },
  {
    part: "sample",
    what: "a sample of hosts as people have them, and of containers on a bridge of the LAN",
    argv: mocha("cases", "900000", ["16-*", "18-*", "31-*", "../lans/bridge"]),
    counts: true,
  },
  {
    part: "long",
    what: "transactions, faults, options of hosts, the command dockroute, examples, the package, older stacks",
    argv: mocha("long", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "cases",
    what: "hosts as people have them",
    argv: mocha("cases", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "events",
    what: "all events after an up",
    argv: mocha("events", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "lans",
    what: "containers on the LAN itself",
    argv: mocha("lans", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "managers",
    what: "managers of the network",
    argv: mocha("managers", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "links",
    what: "links between two sites",
    argv: mocha("links", "900000"),
    counts: true,
    long: true,
    // The lab's hosts share a kernel without WireGuard, so they have it as a program.
    images: ["docker20", "docker26", "docker28"].map((image) => `${image}+wireguard-tools+wireguard-go`),
  },
  {
    part: "plugin",
    what: "the plugin: programs in other languages, import",
    argv: mocha("plugin", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "upgrades",
    what: "Docker's upgrades",
    argv: mocha("upgrades", "900000"),
    counts: true,
    long: true,
  },
  {
    part: "vm",
    what: "hosts with a kernel of their own",
    argv: mocha("vm", "1800000"),
    counts: true,
    long: true,
    images: ["docker20+vm", "docker28+vm"],
  },
];

/** @param names of specs, all of the folder's unless told otherwise */
function mocha(folder: string, timeout: string, names: readonly string[] = ["**/*"]): readonly string[] {
  const own = ["--require", "tsx/cjs", "--require", join(root, "test/support/labs.ts")];
  const reporter = ["--reporter", join(root, "test/support/reporter.ts"), "--timeout", timeout];
  return [
    "mocha/bin/mocha.js",
    "--no-config",
    ...own,
    ...reporter,
    ...names.map((name) => join(root, "test", folder, `${name}.spec.ts`)),
  ];
}

let running: ChildProcess | undefined;
let interrupted: NodeJS.Signals | undefined;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted ??= signal;
    // The child takes its labs down and ends; we wait for that.
    if (running?.exitCode === null) running.kill(signal);
  });
}

/** In a process group of its own, so that Ctrl-C reaches it once: from us. */
function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, {
      cwd: root,
      env,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    running = child;
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function hasSpecs(folder: string): boolean {
  const path = join(root, "test", folder);
  return (
    existsSync(path) &&
    readdirSync(path, { recursive: true }).some((name) => /\.spec\.ts$/.test(String(name)))
  );
}

async function countsOf(step: Step, words: readonly string[]): Promise<Counts> {
  const [program = "", ...args] = step.argv;
  const folder = mkdtempSync(join(tmpdir(), "dockroute-test-"));
  const file = join(folder, "counts.json");
  try {
    const grep = step.counts && words.length > 0 ? ["--grep", words.join(" ")] : [];
    const code = await run([join(modules, program), ...args, ...grep], {
      ...process.env,
      DOCKROUTE_COUNTS: file,
    });
    if (step.counts !== true) return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    const { passed, failed } = JSON.parse(readFileSync(file, "utf8")) as Counts;
    // A program that ends badly with no failed test has failed as a whole.
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without `--points N`, which the spec of the power cut reads. */
function wordsOf(all: readonly string[]): readonly string[] {
  const at = all.indexOf("--points");
  const points = all[at + 1];
  if (at < 0 || points === undefined) return all;
  process.env["DOCKROUTE_VM_POINTS"] = points;
  return [...all.slice(0, at), ...all.slice(at + 2)];
}

async function main(): Promise<void> {
  const [part, ...words] = wordsOf(process.argv.slice(2));
  const asked = steps.filter((step) => (part === undefined ? !step.long : step.part === part));
  const chosen = asked.flatMap((step) =>
    step.counts && step.part !== "unit" ? [groundOf(step), step] : [step],
  );
  const sum = { passed: 0, failed: 0 };
  if (chosen.length === 0) {
    const parts =
      "lint, unit, hosts, sample, long, cases, events, lans, links, managers, plugin, upgrades and vm";
    console.log(`no part "${part}": there are ${parts}`);
    sum.failed = 1;
  }
  for (const step of chosen) {
    if (interrupted !== undefined) break;
    if (step.counts && !hasSpecs(step.part === "sample" ? "cases" : step.part)) {
      console.log(`\n${step.what}: there are none`);
      continue;
    }
    console.log(`\n${step.what}`);
    const started = Date.now();
    const { passed, failed } = await countsOf(step, words);
    sum.passed += passed;
    sum.failed += failed;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${step.what}: ${failed === 0 ? "well" : "FAILED"}, ${seconds} s`);
  }
  if (interrupted !== undefined) console.log(`\ninterrupted by ${interrupted}`);
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  process.exitCode =
    interrupted !== undefined ? 128 + constants.signals[interrupted] : sum.failed === 0 ? 0 : 1;
}

main();
