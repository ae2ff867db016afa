/**
 * C6: a mesh of up to three hosts walks from config to config, with drift by hand and faults on the way. After
 * each step the mesh is whole, its state is true and a host that left is as before; after every tenth, and at the end,
 * the hosts are as after one `up` of the same config on hosts that have nothing of dockroute.
 */
import type { Snapshot } from "../../../lab/snapshot.js";
import { amiss } from "../../support/mesh.js";
import type { Config } from "../../support/stack.js";
import { compiledProject } from "../compiled.js";
import { type Fault, strike, trapFor } from "../faults.js";
import { MeshBench, wiredConfig } from "../mesh-bench.js";
import { nothingLeft, sameAs, snapshotOf, standing } from "../oracle.js";
import { family, isAlive, kill } from "../process.js";
import { commit, keepLine, linesOf } from "../results.js";
import { drifts, inWords, Model, type Name, type Step, walkOf } from "./steps.js";

export interface WalkRow {
  readonly seed: number;
  readonly step: number;
  readonly what: string;
  readonly wrong: readonly string[];
  readonly seconds: number;
  readonly commit: string;
}

const kept = "walk.jsonl";

/** Of a step that was taken again, the last. */
export function walked(): readonly WalkRow[] {
  const rows = linesOf<WalkRow>(kept);
  return [...new Map(rows.map((row) => [`${row.seed} ${row.step}`, row])).values()];
}

export interface WalkPlan {
  readonly steps: number;
  readonly seed: number;
  readonly labs: number;
  readonly until: number;
  readonly say: (line: string) => void;
}

/** The steps are shared out among the labs, each of which takes a walk of its own. */
export async function walk(plan: WalkPlan, prefix: string): Promise<void> {
  const seeds = Array.from({ length: plan.labs }, (_, at) => plan.seed + at * 100_000);
  const steps = Math.ceil(plan.steps / plan.labs);
  await Promise.all(seeds.map((seed, at) => walkOne({ ...plan, steps, seed }, `${prefix}w${at + 1}`)));
}

async function walkOne(plan: WalkPlan, prefix: string): Promise<void> {
  const { seed, say } = plan;
  say(`walk of ${plan.steps} steps with the seed ${seed}: again by --only walk --labs 1 --seed ${seed}`);
  const images = { alpha: "docker26", beta: "docker28", gamma: "docker26" };
  const hosts = Object.entries(images).map(([name, image]) => ({ name, image }));
  const bench = await MeshBench.up(prefix, hosts, await compiledProject());
  const walker = new Walker(bench);
  try {
    let step = 0;
    for (const drawn of walkOf(seed)) {
      if (step >= plan.steps || Date.now() > plan.until) break;
      if (!walker.model.take(drawn)) continue;
      step++;
      const started = Date.now();
      const last = step === plan.steps;
      const wrong = await walker
        .step(drawn, last || step % 10 === 0)
        .catch((error: unknown) => [String(error)]);
      const seconds = Math.round((Date.now() - started) / 100) / 10;
      keepLine(kept, { seed, step, what: inWords(drawn), wrong, seconds, commit } satisfies WalkRow);
      const verdict = wrong.length === 0 ? "held" : `DID NOT HOLD: ${wrong.join("; ").slice(0, 3000)}`;
      say(`walk ${seed}, step ${step}: ${inWords(drawn)}: ${verdict}, ${seconds} s`);
      // A later failure is no fault of its own.
      if (wrong.length > 0) break;
    }
  } finally {
    await bench.down();
  }
}

class Walker {
  readonly model = new Model();
  private leaving: readonly Name[] = [];

  constructor(private readonly bench: MeshBench) {}

  async step(step: Step, asFresh: boolean): Promise<readonly string[]> {
    const { lab, stack } = this.bench;
    this.leaving = step.does === "leave" ? [step.name] : [];
    this.bench.configure(this.config());
    if (step.does === "drift") await lab.host(step.name).run(drifts[step.what]);
    if (step.does === "reboot") await lab.reboot(step.name);
    const struck = step.does === "fault" ? await this.upWith(step.fault, step.name, step.n) : [];
    if (struck.length > 0) return struck;
    const ran = await stack.up("--continue-on-error", "--refresh");
    if (ran.code !== 0) return [`up failed: ${ran.text.slice(-3000)}`];
    const wrong = await this.asDeclared();
    return wrong.length > 0 || !asFresh ? wrong : this.asFresh();
  }

  private get names(): readonly Name[] {
    return [...this.model.members.keys()];
  }

  private config(pins?: ReadonlyMap<string, number>): Config {
    const all = wiredConfig(this.bench.lab, this.bench.wires);
    const hosts = all["hosts"] as readonly { readonly name: Name; readonly connection: object }[];
    const pinOf = (name: Name): number | undefined => pins?.get(name) ?? this.model.members.get(name)?.pin;
    return {
      ...all,
      hosts: hosts
        .filter(({ name }) => this.model.members.has(name))
        .map((host) => {
          const pin = pinOf(host.name);
          return pin === undefined ? host : { ...host, subnet: `172.30.${pin}.0/24` };
        }),
      leaving: hosts
        .filter(({ name }) => this.leaving.includes(name))
        .map(({ name, connection }) => ({ name, connection })),
    };
  }

  /** An up with a fault in it, and the state that the host must have before the next. */
  private async upWith(fault: Fault, host: Name, n: number): Promise<readonly string[]> {
    const { lab, stack } = this.bench;
    const tripwire = this.bench.tripwire(host);
    await tripwire.begin({ n, does: trapFor(fault) });
    const client = this.bench.startUp();
    const stands = await tripwire.hit(client.over);
    const relatives = [...family(client.pid).keys()];
    if (stands) {
      const release = () => tripwire.release();
      await strike(fault, n, { lab, host, wire: this.bench.wire(host), client, release });
    }
    const { wrong } = await standing(lab, ["box"], Date.now(), n % 2 === 0);
    await client.ended;
    kill(relatives.filter(isAlive));
    await tripwire.end();
    if (stands && fault === "client killed") await stack.cancel();
    return wrong;
  }

  /** The mesh is whole, its state is true, and a host that is no member has nothing of it. */
  private async asDeclared(): Promise<readonly string[]> {
    const { lab, stack } = this.bench;
    const preview = await stack.preview("--expect-no-changes", "--refresh");
    if (preview.code !== 0) return [`the preview is not empty: ${preview.text.slice(-3000)}`];
    const { plan } = (await stack.outputs()) as { plan: Record<string, { subnet: string }> };
    this.model.parts = new Map(
      Object.entries(plan).map(([name, { subnet }]) => [name, Number(subnet.split(".")[2])]),
    );
    const planned = Object.keys(plan).sort().join();
    const declared = [...this.names].sort().join();
    const members = this.names.map((name) => lab.host(name));
    const others = lab.hosts.filter(({ name }) => !this.names.some((member) => member === name));
    return [
      ...(planned === declared ? [] : [`the plan has ${planned}, the config ${declared}`]),
      ...(await this.whole(members)),
      ...(await Promise.all(lab.hosts.map(nothingLeft))).flat(),
      ...(await Promise.all(others.map((host) => this.bench.asBefore(host)))).flat(),
    ];
  }

  private async whole(members: Parameters<typeof amiss>[0]): Promise<readonly string[]> {
    const first = await amiss(members);
    // A switch may take a moment to learn where a host is that was rebooted.
    return first.length === 0 ? [] : amiss(members);
  }

  /** I8. The parts that have been dealt out on the way are pinned for it: fresh hosts would get the lowest. */
  private async asFresh(): Promise<readonly string[]> {
    const { lab, stack } = this.bench;
    const members = this.names.map((name) => lab.host(name));
    const were = new Map<string, Snapshot>();
    for (const host of members) were.set(host.name, await snapshotOf(host));
    const gone = await this.bench.goesAway();
    if (gone.length > 0) return gone;
    this.bench.configure(this.config(this.model.parts));
    const ran = await stack.up("--continue-on-error");
    if (ran.code !== 0) return [`up on hosts as before failed: ${ran.text.slice(-3000)}`];
    const wrong = members.map((host) => sameAs(were.get(host.name) as Snapshot, host));
    return (await Promise.all(wrong)).flat().map((line) => `not as fresh: ${line}`);
  }
}
