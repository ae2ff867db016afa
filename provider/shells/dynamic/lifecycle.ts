/**
 * What the engine calls, for any kind of resource: check, diff, create, read, update, delete. It turns the
 * engine's property bags into inputs and back; the flow itself is converge.ts.
 */
import { isDeepStrictEqual } from "node:util";
import { UnreadableAnswer } from "../../engine/command.js";
import { converge, glance, remove } from "../../engine/converge.js";
import { InternalError, PartiallyApplied } from "../../engine/errors/change.js";
import { DockrouteError } from "../../engine/errors/error.js";
import type { Fault } from "../../engine/errors/fault.js";
import { cannotBeAsked, UnexpectedOutput, Unreachable } from "../../engine/errors/host.js";
import { HostStillAlive, Refused } from "../../engine/errors/refused.js";
import type { Kind, OnHost, Remembered } from "../../engine/kind.js";
import { cleaned } from "../../engine/printable.js";
import { isTakenBack, refreshed } from "../../engine/survey.js";
import type { Host } from "../../host/host.js";
import { defined, hasUnknown, omit, type Props, pick } from "./props.js";
import type { Session } from "./session.js";

export interface Lifecycle {
  configure(request: { config: { get(key: string): string | undefined } }): Promise<void>;
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Fault[] }>;
  diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }>;
  create(news: Props): Promise<{ id: string; outs: Props }>;
  read(id: string, props: Props): Promise<{ id: string; props: Props; inputs: Props } | { id: "" }>;
  update(id: string, olds: Props, news: Props): Promise<{ outs: Props }>;
  delete(id: string, props: Props): Promise<void>;
}

/** What can be taken back at all is a change for which Docker restarts. */
const backAndForth =
  "a change that nobody confirmed is taken back first, and made again where it is still wanted: Docker restarts, and " +
  "containers stop, for each of both";

/** What the provider itself adds to a resource's properties; everything else is an input, or a mistyped one. */
const added = ["__provider", "connection", "found", "machine", "before"];

export class KindLifecycle<I extends OnHost, S> implements Lifecycle {
  private readonly names: readonly string[];
  private readonly facts: readonly string[];

  constructor(
    private readonly kind: Kind<I, S>,
    private readonly session: Session,
  ) {
    this.names = ["host", "endpoint", ...Object.keys(kind.changes)];
    this.facts = kind.facts?.names ?? [];
  }

  async configure(request: { config: { get(key: string): string | undefined } }): Promise<void> {
    this.session.configure((key) => request.config.get(key));
  }

  async check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Fault[] }> {
    this.session.startLooking();
    // The engine asks for no difference to what is not there yet.
    if (olds["host"] === undefined) this.session.changes = true;
    const wide = (await this.session.lint()).map((reason) => ({ property: "host", reason }));
    const last = pick(olds, this.facts);
    // What hangs on a value that is not known yet is asked in create, before the first change.
    if (hasUnknown(news)) return { inputs: { ...news, ...last }, failures: wide };
    const checked = this.kind.check(omit(news, [...added, ...this.facts]));
    if ("faults" in checked) return { inputs: news, failures: cleaned([...wide, ...checked.faults]) };
    const { inputs } = checked;
    const asked = await this.session.reached(inputs, () =>
      this.named(inputs, () => this.ask(inputs, news, last)),
    );
    const all = { ...pick(news, ["connection"]), ...last, ...asked?.facts, ...inputs };
    return { inputs: all, failures: cleaned([...wide, ...(asked?.objections ?? [])]) };
  }

  /** What the host has against it; and what a person has to know before saying yes. */
  private async ask(inputs: I, news: Props, last: Props) {
    const seen = await this.see(inputs, news);
    const { unready, notices } = this.kind;
    const takenBack = isTakenBack(this.kind, seen, this.hostOf(inputs, news)) ? [backAndForth] : [];
    for (const text of [...(unready?.(seen) ?? []), ...takenBack, ...(notices?.(inputs, seen, last) ?? [])]) {
      this.session.tell(`${inputs.host}: ${text}`);
    }
    return { objections: this.kind.objections(inputs, seen), facts: this.factsOf(seen) };
  }

  async diff(_: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }> {
    const changed = [...this.names, ...this.facts, "connection"].filter(
      (name) => !isDeepStrictEqual(olds[name], news[name]),
    );
    const changes: Readonly<Record<string, "update" | "replace">> = { host: "replace", ...this.kind.changes };
    const replaces = changed.filter((name) => changes[name] === "replace");
    const moved = changed.includes("endpoint") && !hasUnknown(news);
    if (moved && (await this.session.isOtherMachine(olds, news))) replaces.push("endpoint");
    const differs = changed.length > 0 || olds["found"] !== undefined;
    if (differs) this.session.changes = true;
    return { changes: differs, replaces };
  }

  async create(news: Props): Promise<{ id: string; outs: Props }> {
    const inputs = this.inputsOf(news);
    const id = this.kind.id(inputs);
    return { id, outs: await this.settle(id, news, inputs) };
  }

  async update(id: string, olds: Props, news: Props): Promise<{ outs: Props }> {
    const other = await this.session.isOtherMachine(olds, news);
    const remembered = other ? {} : pick(olds, ["before"]);
    return { outs: await this.settle(id, { ...olds, ...news }, { ...this.inputsOf(news), ...remembered }) };
  }

  /** Makes the host as wanted, and gives the resource's properties then. */
  private async settle(id: string, props: Props, inputs: I & Remembered): Promise<Props> {
    try {
      const host = this.hostOf(inputs, props);
      const seen = await this.named(inputs, () => converge(this.kind, inputs, host, this.session.rollout));
      // With the rest, because the checks of what depends on this come next; they say what is wrong with it.
      await this.session.lookAll(host).catch(() => {});
      const machine = await this.session.machine(host);
      const before = this.kind.before?.(seen) ?? inputs.before;
      const facts = { ...pick(props, this.facts), ...this.factsOf(seen) };
      return { ...pick(props, ["connection"]), ...facts, ...inputs, ...defined({ machine, before }) };
    } catch (error) {
      throw halfDone(error, id, props);
    }
  }

  async read(id: string, props: Props): Promise<{ id: string; props: Props; inputs: Props } | { id: "" }> {
    this.session.lookAhead();
    const inputs = this.inputsOf(props);
    const kept = pick(props, [...this.names, ...this.facts, "connection"]);
    try {
      const now = await this.named(inputs, () => this.drifted(id, inputs, props));
      if (now === undefined) return { id: "" };
      const all = { ...kept, ...now };
      return { id, props: { ...omit(props, ["found"]), ...all }, inputs: all };
    } catch (error) {
      if (!cannotBeAsked(error)) throw error;
      this.session.tellOnce(inputs.host, error.message);
      const found = [
        `${error instanceof UnexpectedOutput ? "not understood" : "not reached"}: ${error.reason}`,
      ];
      return { id, props: { ...props, found }, inputs: { ...kept, found } };
    }
  }

  /** What a host has in place of what it should, as properties; undefined where the resource is gone. */
  private async drifted(id: string, inputs: I, props: Props): Promise<Props | undefined> {
    const seen = await this.see(inputs, props);
    const held = { ...inputs, ...pick(props, ["before"]) };
    const now = refreshed(this.kind, held, pick(props, this.names), seen, this.hostOf(inputs, props));
    if (now === undefined) return undefined;
    if (now.told !== "") this.session.tell(`${id}: ${now.told}`);
    return defined({ ...now.observed, ...(now.found.length > 0 ? { found: now.found } : {}) });
  }

  /** An error of which nobody has thought is told with its host and resource, as all others are. */
  private async named<T>(inputs: I, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DockrouteError) throw error;
      const id = this.kind.id(inputs);
      if (!(error instanceof UnreadableAnswer)) throw new InternalError(inputs.host, id, error);
      throw new UnexpectedOutput(inputs.host, id, error.program, error.said);
    }
  }

  async delete(id: string, props: Props): Promise<void> {
    const inputs: I & Remembered = { ...this.inputsOf(props), ...pick(props, ["before"]) };
    const host = this.hostOf(inputs, props);
    const warn = (text: string) => this.session.tell(`${inputs.host}: ${text}`);
    if (this.session.isGone(inputs.host)) {
      const there = await this.session.isThere(host);
      if (there !== undefined) throw new HostStillAlive(inputs.host, inputs.endpoint, there.doubt);
      return warn(`gone for good, so this was not undone on it: ${id}`);
    }
    try {
      await this.named(inputs, async () => {
        if (this.session.isLeft(inputs.host)) await this.removeUnrecorded(inputs, props, host, warn);
        await remove(this.kind, inputs, host, this.session.rollout, warn);
      });
    } catch (error) {
      const heir = this.kind.takenAlongBy?.(inputs);
      const left = this.session.isDestroying && this.session.isInConfig(inputs.host);
      if (heir === undefined || !left || !(error instanceof Unreachable)) throw error;
      warn(`${id} is still there, and goes when ${heir} does`);
    }
  }

  private async removeUnrecorded(inputs: I, props: Props, host: Host, warn: (text: string) => void) {
    if (this.kind.unrecorded === undefined) return;
    for (const each of this.kind.unrecorded(inputs, await this.see(inputs, props))) {
      await each<Promise<unknown>>((kind, held) => remove(kind, held, host, this.session.rollout, warn));
    }
  }

  private inputsOf(props: Props): I {
    const checked = this.kind.check(pick(props, this.names));
    if ("inputs" in checked) return checked.inputs;
    throw new Refused(String(props["host"]), "a resource with these inputs", checked.faults);
  }

  private factsOf(seen: S): Props {
    return cleaned(defined(this.kind.facts?.of(seen) ?? {}));
  }

  private hostOf(inputs: I, props: Props): Host {
    return this.session.host(inputs.host, inputs.endpoint, props["connection"]);
  }

  private async see(inputs: I, props: Props): Promise<S> {
    const host = this.hostOf(inputs, props);
    await this.session.lookAll(host);
    return glance(this.kind, inputs, { look: (questions) => host.recall(questions) });
  }
}

/** A failure after the first step is recorded as a half-made resource, so that a later run goes on or undoes it. */
function halfDone(error: unknown, id: string, props: Props): unknown {
  if (!(error instanceof DockrouteError) || !error.changedSomething) return error;
  return new PartiallyApplied(error.message, id, props);
}
