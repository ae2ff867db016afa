/**
 * The methods that the engine calls, for any kind of resource: check, diff, create, read, update, delete. They turn
 * the engine's property bags into inputs and back; the flow itself is converge.ts.
 */
import { isDeepStrictEqual } from "node:util";
import { refusals } from "../../engine/claim.js";
import { UnreadableAnswer } from "../../engine/command.js";
import { converge, remove } from "../../engine/converge.js";
import { InternalError, PartiallyApplied } from "../../engine/errors/change.js";
import { DockrouteError } from "../../engine/errors/error.js";
import type { Fault } from "../../engine/errors/fault.js";
import { cannotBeAsked, UnexpectedOutput, Unreachable } from "../../engine/errors/host.js";
import { HostStillAlive, Refused } from "../../engine/errors/refused.js";
import { cheapQuestionsOf, type Facts, type Seen } from "../../engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../engine/kind.js";
import { cleaned } from "../../engine/printable.js";
import { isRolledBackSoon, refreshed } from "../../engine/survey.js";
import { glance, type View } from "../../engine/view.js";
import type { Host } from "../../host/host.js";
import { importOf } from "./import.js";
import { defined, hasUnknown, omit, type Props, pick } from "./props.js";
import type { Session } from "./session.js";

export interface Lifecycle {
  /** The outputs that only a change gives; every other one is an input, or drift. */
  readonly made: readonly string[];
  configure(request: { config: { get(key: string): string | undefined } }): Promise<void>;
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Fault[] }>;
  diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }>;
  create(news: Props): Promise<{ id: string; outs: Props }>;
  read(id: string, props: Props): Promise<Read>;
  update(id: string, olds: Props, news: Props): Promise<{ outs: Props }>;
  delete(id: string, props: Props): Promise<void>;
  /** The resource that is there under this id, whose inputs are not known. The host is changed by no import: the next `up` makes what is missing. */
  import(id: string, stack: string): Promise<Read>;
}

type Read = { id: string; props: Props; inputs: Props } | { id: "" };

/** Only changes that restart Docker can be rolled back. */
const backAndForth =
  "a change that nobody confirmed is rolled back first, and made again if it is still wanted: Docker restarts, and " +
  "containers stop, for each of the two";

/** The properties that the provider itself adds to a resource's; all others are inputs, or mistyped ones. */
const added = ["__provider", "connection", "found", "machine", "before", "stack"];

export class KindLifecycle<I extends OnHost, F extends Facts<I>> implements Lifecycle {
  private readonly names: readonly string[];
  private readonly traits: readonly string[];
  readonly made: readonly string[];
  readonly #imported = new Set<string>();

  constructor(
    private readonly kind: Kind<I, F>,
    private readonly session: Session,
  ) {
    this.names = ["host", "endpoint", ...Object.keys(kind.changes)];
    this.traits = [...(kind.disruptive?.traits.names ?? []), ...(kind.outputs?.names ?? [])];
    this.made = ["machine", ...(kind.disruptive === undefined ? [] : ["before"])];
  }

  async configure(request: { config: { get(key: string): string | undefined } }): Promise<void> {
    this.session.configure((key) => request.config.get(key));
  }

  async check(olds: Props, given: Props): Promise<{ inputs: Props; failures: Fault[] }> {
    const { props: news, faults } = this.session.withEndpoint(given);
    if (faults.length > 0) return { inputs: news, failures: cleaned([...faults]) };
    this.session.startLooking();
    // The engine asks for no difference to what is not there yet.
    if (olds["host"] === undefined) this.session.changes = true;
    const wide = atHost(await this.session.lint(String(news["host"])));
    const last = pick(olds, this.traits);
    // Questions that depend on a value not known yet are asked in create, before the first change.
    if (hasUnknown(news)) return { inputs: { ...news, ...last }, failures: wide };
    const checked = this.kind.check(omit(news, [...added, ...this.traits]));
    if ("faults" in checked) return { inputs: news, failures: cleaned([...wide, ...checked.faults]) };
    const { inputs } = checked;
    if (olds["host"] === undefined) this.session.progress.due(inputs.host, this.kind.id(inputs));
    const asked = await this.session.reached(inputs, () =>
      this.named(inputs, () => this.judge({ ...inputs, ...ownership(olds, news) }, news, last)),
    );
    const decided = asked?.traits ?? pick(olds, this.kind.outputs?.defaults ?? []);
    const all = { ...pick(news, ["connection", "stack"]), ...last, ...decided, ...inputs };
    const late = asked === undefined ? [] : atHost(await this.session.lintLate(inputs.host));
    return { inputs: all, failures: cleaned([...wide, ...late, ...(asked?.refuse ?? [])]) };
  }

  /** The host's reasons to refuse it; tells the warnings that a person needs before saying yes. */
  private async judge(inputs: I & Remembered, news: Props, last: Props) {
    const { seen, claims } = await this.see(inputs, news);
    const { refuse = [], leave = [], warn = [] } = this.kind.judge?.(inputs, seen, last) ?? {};
    const left = leave.map(
      ({ property, reason }) =>
        `${this.kind.id(inputs)}: ${property} is refused, the rest is made: ${reason}`,
    );
    const takenBack = isRolledBackSoon(this.kind, seen, this.hostOf(inputs, news)) ? [backAndForth] : [];
    for (const text of [...(this.kind.disruptive?.notReady(seen) ?? []), ...takenBack, ...left, ...warn]) {
      this.session.tell(`${inputs.host}: ${text}`);
    }
    return { refuse: [...refuse, ...refusals(claims)], traits: this.traitsOf(inputs, seen) };
  }

  async diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }> {
    const changed = [...this.names, ...this.traits, "connection", "stack"].filter(
      (name) => !isDeepStrictEqual(olds[name], news[name]),
    );
    const changes: Readonly<Record<string, "update" | "replace">> = { host: "replace", ...this.kind.changes };
    const replaces = changed.filter((name) => changes[name] === "replace");
    const moved = changed.includes("endpoint") && !hasUnknown(news);
    if (moved && (await this.session.isOtherMachine(olds, news))) replaces.push("endpoint");
    // The engine compares what it imported with the program in the same run: what is missing is for the next one.
    const drifted = olds["found"] !== undefined && !this.#imported.has(id);
    const differs = changed.length > 0 || drifted || isFromPlugin(olds, news);
    if (differs) {
      this.session.changes = true;
      this.session.progress.due(String(news["host"]), id);
    }
    return { changes: differs, replaces };
  }

  async create(news: Props): Promise<{ id: string; outs: Props }> {
    const inputs = this.inputsOf(news);
    const id = this.kind.id(inputs);
    return { id, outs: await this.settle(id, news, { ...inputs, ...ownership({}, news) }) };
  }

  async update(id: string, olds: Props, news: Props): Promise<{ outs: Props }> {
    const other = await this.session.isOtherMachine(olds, news);
    const remembered = other ? {} : pick(olds, ["before"]);
    const inputs = { ...this.inputsOf(news), ...remembered, ...ownership(olds, news) };
    return { outs: await this.settle(id, { ...olds, ...news }, inputs) };
  }

  /** Makes the host as wanted, and gives the resource's properties then. */
  private async settle(id: string, props: Props, inputs: I & Remembered): Promise<Props> {
    try {
      const host = this.hostOf(inputs, props);
      host.askAlong(this.session.all(cheapQuestionsOf<I>(this.kind.facts, inputs)));
      const make = () => converge(this.kind, inputs, host, this.session.rollout);
      const seen = await this.session.progress.change(inputs.host, id, () => this.named(inputs, make));
      // With the rest, because the checks of dependent resources come next; they tell its faults.
      await this.session.lookAll(host).catch(() => {});
      const machine = await this.session.machine(host);
      const before = this.kind.disruptive?.remembers(seen) ?? inputs.before;
      const traits = { ...pick(props, this.traits), ...this.traitsOf(inputs, seen) };
      const own = this.inputsOf(inputs);
      return { ...pick(props, ["connection", "stack"]), ...traits, ...own, ...defined({ machine, before }) };
    } catch (error) {
      throw halfDone(error, id, props);
    }
  }

  async import(id: string, stack: string): Promise<Read> {
    this.#imported.add(id);
    return importOf(this.kind, this.session, id, stack);
  }

  async read(id: string, props: Props): Promise<Read> {
    this.session.lookAhead();
    const inputs = this.inputsOf(props);
    const kept = pick(props, [...this.names, ...this.traits, "connection", "stack"]);
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

  /** The values that a host has in place of the wanted ones, as properties; undefined where the resource is gone. */
  private async drifted(id: string, inputs: I, props: Props): Promise<Props | undefined> {
    const held = { ...inputs, ...pick(props, ["before"]), ...ownership({}, props) };
    const view = await this.see(held, props);
    const now = refreshed(this.kind, held, pick(props, this.names), view, this.hostOf(inputs, props));
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
    const kept = { ...pick(props, ["before"]), ...ownership({}, props) };
    const inputs: I & Remembered = { ...this.inputsOf(props), ...kept };
    const host = this.hostOf(inputs, props);
    const warn = (text: string) => this.session.tell(`${inputs.host}: ${text}`);
    if (this.session.isGone(inputs.host)) {
      const there = await this.session.isThere(host);
      if (there !== undefined) throw new HostStillAlive(inputs.host, inputs.endpoint, there.doubt);
      return warn(`gone for good, so this was not undone on it: ${id}`);
    }
    try {
      const undone = async () => {
        if (this.session.isLeft(inputs.host)) await this.removeUnrecorded(inputs, props, host, warn);
        await remove(this.kind, inputs, host, this.session.rollout, warn);
      };
      await this.session.progress.change(inputs.host, id, () => this.named(inputs, undone));
    } catch (error) {
      const heir = this.kind.orphans?.heir?.(inputs);
      const left = this.session.isDestroying && this.session.isInConfig(inputs.host);
      if (heir === undefined || !left || !(error instanceof Unreachable)) throw error;
      warn(`${id} is still there, and goes when ${heir} does`);
    }
  }

  private async removeUnrecorded(
    inputs: I & Remembered,
    props: Props,
    host: Host,
    warn: (text: string) => void,
  ) {
    if (this.kind.orphans?.unrecorded === undefined) return;
    const { seen } = await this.see(inputs, props);
    for (const each of this.kind.orphans.unrecorded(inputs, seen)) {
      await each<Promise<unknown>>((kind, held) => remove(kind, held, host, this.session.rollout, warn));
    }
  }

  private inputsOf(props: object): I {
    const checked = this.kind.check(pick(Object.fromEntries(Object.entries(props)), this.names));
    if ("inputs" in checked) return checked.inputs;
    throw new Refused(
      "host" in props ? String(props.host) : "",
      "a resource with these inputs",
      checked.faults,
    );
  }

  private traitsOf(inputs: I, seen: Seen<F>): Props {
    const { disruptive, outputs } = this.kind;
    return cleaned(defined({ ...disruptive?.traits.of(seen), ...outputs?.of(inputs, seen) }));
  }

  private hostOf(inputs: I, props: Props): Host {
    return this.session.host(inputs.host, inputs.endpoint, props["connection"]);
  }

  private async see(inputs: I & Remembered, props: Props): Promise<View<F>> {
    const host = this.hostOf(inputs, props);
    await this.session.lookAll(host, cheapQuestionsOf<I>(this.kind.facts, inputs));
    return glance(this.kind, inputs, { read: (questions) => host.read(questions, "last") });
  }
}

/** The stack that holds the resource, now and at its last `up`. */
function ownership(olds: Props, news: Props): Pick<Remembered, "stack" | "lastStack"> {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return { stack: text(news["stack"]), lastStack: text(olds["stack"]) };
}

/** A resource of the plugin has no provider's text in its state. A dynamic one cannot be refreshed or deleted without it. */
function isFromPlugin(olds: Props, news: Props): boolean {
  return news["__provider"] !== undefined && olds["__provider"] === undefined;
}

function atHost(reasons: readonly string[]): Fault[] {
  return reasons.map((reason) => ({ property: "host", reason }));
}

/** A failure after the first step is recorded as a half-made resource, so that a later run goes on or undoes it. */
function halfDone(error: unknown, id: string, props: Props): unknown {
  if (!(error instanceof DockrouteError) || !error.changedSomething) return error;
  return new PartiallyApplied(error.message, id, props);
}
