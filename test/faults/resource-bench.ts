/** One host, and one resource that is led over it from state to state with a fault on the way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/lab.js";
import { quiet } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import type { Props } from "../../provider/shells/lifecycle/props.js";
import { equip } from "./bench-host.js";
import { answerOf, ownClient, Stopwatch, startCall, type Tried, type TryOptions } from "./calls.js";
import { type Answered, answer, type CallOf } from "./client.js";
import { type Fault, strike, trapFor } from "./faults.js";
import {
  nothingLeft,
  nothingLeftButLock,
  removesLock,
  sameAs,
  snapshotOf,
  standing,
  undoSeconds,
} from "./oracle.js";
import { type Case, cases, type Transition } from "./transitions.js";
import type { Call, Tripwire } from "./tripwire.js";
import { Wire } from "./wire.js";

/** The state of the host: without the resource, with its first value, with its second. */
export type Place = "absent" | 0 | 1;

const steps: Readonly<Record<Transition, readonly [Place, Place]>> = {
  create: ["absent", 0],
  update: [0, 1],
  delete: [0, "absent"],
};

export class ResourceBench {
  private at: Place = "absent";
  private state: Props | undefined;
  private current: Case;
  /** The state of the bridge that the other kinds stand on, while it is there. */
  private ground: Props | undefined;
  /** By kind: how its states look when nothing goes wrong. */
  private readonly looks = new Map<string, ReadonlyMap<Place, Snapshot>>();

  private constructor(
    readonly lab: Lab,
    readonly host: Host,
    readonly wire: Wire,
    readonly tripwire: Tripwire,
    private readonly config: Readonly<Record<string, string>>,
    readonly all: readonly Case[],
    private readonly client: readonly string[],
  ) {
    [this.current] = all as [Case];
  }

  static async up(prefix: string, image: string, client = ownClient): Promise<ResourceBench> {
    await Lab.remove(prefix);
    const lab = await Lab.up({ prefix, hosts: [{ name: "alpha", image }], log: quiet });
    const host = lab.host("alpha");
    const tripwire = await equip(host);
    const wire = await Wire.open(host.address);
    const hostKey = readFileSync(join(host.root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8").trim();
    const endpoint = `root@127.0.0.1:${wire.port}`;
    const limits = {
      perDialTimeout: host.isVm ? 120 : 5,
      dialErrorLimit: 2,
      idleTimeout: undoSeconds() + 10,
    };
    const connection = { hostKey, privateKeyFile: lab.privateKeyFile, ...limits };
    const config = { "dockroute:connection": JSON.stringify(connection) };
    const all = cases("alpha", endpoint, host.address.replace(/\d+$/, ""));
    return new ResourceBench(lab, host, wire, tripwire, config, all, client);
  }

  async down(): Promise<void> {
    await this.wire.close();
    await this.lab.down();
  }

  /** The kind whose states are known. */
  get chosen(): string | undefined {
    return this.looks.has(this.current.kind) ? this.current.kind : undefined;
  }

  get place(): Place {
    return this.at;
  }

  /** Makes the ground for a case: a rule stands on a bridge. Notes how its states look when nothing goes wrong. */
  async choose(one: Case, places: readonly (0 | 1)[] = [0, 1]): Promise<void> {
    await this.go("absent");
    await this.stand(one !== this.all[0]);
    this.current = one;
    if (this.looks.has(one.kind)) return;
    const seen = new Map<Place, Snapshot>([["absent", await snapshotOf(this.host)]]);
    for (const place of places) {
      await this.go(place);
      seen.set(place, await snapshotOf(this.host));
    }
    await this.go("absent");
    const wrong = await sameAs(seen.get("absent") as Snapshot, this.host);
    if (wrong.length > 0) throw new Error(`without any fault: ${wrong.join("; ")}`);
    this.looks.set(one.kind, seen);
  }

  /** With a bridge that is no case of the sweep, or without. */
  private async stand(wanted: boolean): Promise<void> {
    if (wanted === (this.ground !== undefined)) return;
    const call = this.blank(this.all[0]);
    const made = wanted
      ? await this.call(call)
      : await this.call({ ...call, op: "delete", olds: this.ground ?? {} });
    if (made.error !== undefined) throw new Error(made.error);
    this.ground = made.state;
  }

  /** The calls that a transition makes when nothing goes wrong. */
  async record(transition: Transition): Promise<readonly Call[]> {
    const [from, to] = steps[transition];
    await this.go(from);
    await this.tripwire.begin();
    await this.go(to);
    return (await this.tripwire.end()).filter(({ series }) => series === "ssh");
  }

  /** Goes the way with the fault after the n-th call, and judges what becomes of it. */
  async try(transition: Transition, fault: Fault, n: number, options: TryOptions = {}): Promise<Tried> {
    const { variant = n, standing: see = async () => {}, meanwhile = async () => [] } = options;
    const clock = new Stopwatch();
    const [from, to] = this.way(transition);
    await this.go(from);
    clock.lap("to the beginning");
    await this.tripwire.begin({ n, does: trapFor(fault) });
    const client = startCall(this.callTo(to), this.client);
    const stands = await this.tripwire.hit(client.over);
    const reached = (await this.tripwire.sprung()) !== undefined;
    clock.lap("to the point");
    if (stands) {
      await see();
      const release = () => this.tripwire.release();
      await strike(fault, variant, { lab: this.lab, host: "alpha", wire: this.wire, client, release });
    }
    // Nobody waits any more for a program that hangs.
    else await this.tripwire.release();
    clock.lap("fault");
    const healed = Date.now();
    // In turn the host is left alone until it has settled, and the next run comes at once.
    const { wrong, reachMs } = await standing(this.lab, ["box"], healed, variant % 4 < 2);
    clock.lap("host alone");
    const between = await meanwhile();
    const answered = await answerOf(client);
    const struck = await this.tripwire.struck();
    await this.tripwire.end();
    this.note(to, answered);
    clock.lap("end of the run");
    const mayKeepLock = !stands && struck?.words === removesLock;
    const after = wrong.length > 0 ? [] : await this.again(to, mayKeepLock);
    clock.lap("run again, and oracle");
    const said = answered?.error ?? "";
    return { reached, wrong: [...wrong, ...between, ...after], reachMs, said, phases: clock.laps };
  }

  /** I5, I8: the next `up`, without any other step, and the host is as after a run without faults. */
  private async again(to: Place, mayKeepLock: boolean): Promise<readonly string[]> {
    if (this.at !== to) {
      const { error } = await this.move(to, true);
      if (error !== undefined) return [`I5 the run after the fault failed: ${error}`];
    }
    const left = await (mayKeepLock ? nothingLeftButLock : nothingLeft)(this.host);
    return [...(await this.nothingDue()), ...left, ...(await this.asFresh(to))];
  }

  private async nothingDue(): Promise<readonly string[]> {
    if (this.at === "absent") return [];
    const declared = this.current.values[this.at];
    const { due, error } = await this.call({
      ...this.blank(),
      op: "preview",
      olds: this.state ?? {},
      news: declared,
    });
    return [...(due ?? []), ...(error === undefined ? [] : [error])].map((text) => `I5 preview: ${text}`);
  }

  private async asFresh(place: Place): Promise<readonly string[]> {
    const wanted = this.looks.get(this.current.kind)?.get(place);
    return wanted === undefined ? [] : sameAs(wanted, this.host);
  }

  /** An update is tried from either value to the other, and so is a delete: no point then needs a way back. */
  private way(transition: Transition): readonly [Place, Place] {
    const [from, to] = steps[transition];
    if (this.at !== 1 || from === "absent") return [from, to];
    return [1, to === "absent" ? to : 0];
  }

  private async go(place: Place): Promise<void> {
    if (this.at === place) return;
    if (this.at === "absent" && place === 1) await this.go(0);
    const { error } = await this.move(place);
    if (error !== undefined) throw new Error(`no way from ${this.at} to ${place} without a fault: ${error}`);
  }

  private async move(to: Place, refreshed = false): Promise<Answered> {
    const answered = await this.call({ ...this.callTo(to), refreshed });
    this.note(to, answered);
    return answered;
  }

  /** Keeps the state that the engine would keep: the new one, the half-made one, or the old one. */
  private note(to: Place, answered: Answered | undefined): void {
    if (answered === undefined) return;
    if (answered.state !== undefined) this.state = answered.state;
    if (answered.error !== undefined) return;
    this.at = to;
    if (to === "absent") this.state = undefined;
  }

  private blank(one = this.current): CallOf {
    return { kind: one.kind, op: "create", id: one.id, olds: {}, news: one.values[0], config: this.config };
  }

  private callTo(to: Place): CallOf {
    const call = this.blank();
    if (to === "absent") return { ...call, op: "delete", olds: this.state ?? {} };
    const news = this.current.values[to];
    if (this.state === undefined) return { ...call, op: "create", news };
    return { ...call, op: "update", olds: this.state, news };
  }

  /** A call that nothing happens to. Its logins end with it, as if its process had ended. */
  private async call(call: CallOf): Promise<Answered> {
    return answer(call).finally(() => this.wire.reset());
  }
}
