/**
 * What the engine calls, for any kind of resource: check, diff, create, read, update, delete. It turns the
 * engine's property bags into inputs and back; the flow itself is converge.ts.
 */
import { isDeepStrictEqual } from "node:util";
import { converge, glance, remove } from "./converge.js";
import { DockrouteError, type Fault, HalfDone, LinkLost, StillThere, Unreachable } from "./errors.js";
import type { Kind, OnHost, Remembered } from "./kind.js";
import type { Session } from "./session.js";
import { differing } from "./survey.js";

export type Props = Readonly<Record<string, unknown>>;

/** A value that the preview does not know yet arrives as this text, whatever its type is. */
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Lifecycle {
  configure(request: { config: { get(key: string): string | undefined } }): Promise<void>;
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Fault[] }>;
  diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }>;
  create(news: Props): Promise<{ id: string; outs: Props }>;
  read(id: string, props: Props): Promise<{ id: string; props: Props; inputs: Props } | { id: "" }>;
  update(id: string, olds: Props, news: Props): Promise<{ outs: Props }>;
  delete(id: string, props: Props): Promise<void>;
}

export function lifecycle<I extends OnHost, S>(kind: Kind<I, S>, session: Session): Lifecycle {
  const names = ["host", "endpoint", ...Object.keys(kind.changes)];

  const inputsOf = (props: Props): I => {
    const checked = kind.check(pick(props, names));
    if ("inputs" in checked) return checked.inputs;
    throw new Error(checked.faults.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
  };
  const hostOf = (inputs: I, props: Props) => session.host(inputs.host, inputs.endpoint, props["connection"]);
  const outputs = (props: Props, inputs: I, seen: S, machine: string | undefined, old: unknown): Props => ({
    ...pick(props, ["connection"]),
    ...inputs,
    ...defined({ machine, before: kind.before?.(seen) ?? old }),
  });

  const settle = async (props: Props, inputs: I & Remembered): Promise<Props> => {
    const host = hostOf(inputs, props);
    const seen = await converge(kind, inputs, host, session.turns);
    return outputs(props, inputs, seen, await session.machine(host), inputs.before);
  };

  return {
    configure: async (request) => session.configure((key) => request.config.get(key)),

    async check(_, news) {
      session.startLooking();
      const raw = pick(news, names);
      // What hangs on a value that is not known yet is asked in create, before the first change.
      if (hasUnknown(news)) return { inputs: news, failures: [] };
      const checked = kind.check(raw);
      if ("faults" in checked) return { inputs: news, failures: [...checked.faults] };
      const { inputs } = checked;
      const failures = await session.reached(inputs, async () => {
        const host = hostOf(inputs, news);
        const seen = await session.lookAll(host).then(() => glance(kind, inputs, host));
        for (const text of [...(kind.unready?.(seen) ?? []), ...(kind.notices?.(inputs, seen) ?? [])]) {
          session.tell(`${inputs.host}: ${text}`);
        }
        return kind.objections(inputs, seen);
      });
      return { inputs: { ...pick(news, ["connection"]), ...inputs }, failures: [...(failures ?? [])] };
    },

    async diff(_, olds, news) {
      const changed = names.concat("connection").filter((name) => !isDeepStrictEqual(olds[name], news[name]));
      const replaces = changed.filter(
        (name) => name === "host" || kind.changes[name as keyof typeof kind.changes] === "replace",
      );
      if (changed.includes("endpoint") && !hasUnknown(news) && (await session.isOtherMachine(olds, news)))
        replaces.push("endpoint");
      return { changes: changed.length > 0 || olds["found"] !== undefined, replaces };
    },

    async create(news) {
      const inputs = inputsOf(news);
      const id = kind.id(inputs);
      try {
        return { id, outs: await settle(news, inputs) };
      } catch (error) {
        throw halfDone(error, id, news);
      }
    },

    async read(id, props) {
      const inputs = inputsOf(props);
      const kept = pick(props, [...names, "connection"]);
      try {
        const host = hostOf(inputs, props);
        await session.lookAll(host);
        const seen = await glance(kind, inputs, host);
        if (kind.gone(inputs, seen)) return { id: "" };
        const found = kind.drift(inputs, seen);
        const observed = {
          ...kept,
          ...defined({ ...kind.observed(inputs, seen), ...(found.length > 0 ? { found } : {}) }),
        };
        const { found: _, ...last } = props;
        const due = kind.steps({ ...inputs, ...pick(props, ["before"]) }, seen).map(({ why }) => why);
        if (due.length > 0) {
          const words = [...differing(kept, kind.observed(inputs, seen)), ...found].join("; ");
          session.tell(`${id}: found ${words}; wanted: ${[...new Set(due)].join("; ")}`);
        }
        return { id, props: { ...last, ...observed }, inputs: observed };
      } catch (error) {
        if (!(error instanceof Unreachable || error instanceof LinkLost)) throw error;
        session.tellOnce(inputs.host, error.message);
        const found = [`not reached: ${error.reason}`];
        return { id, props: { ...props, found }, inputs: { ...kept, found } };
      }
    },

    async update(id, olds, news) {
      const inputs = inputsOf(news);
      const sameMachine = !(await session.isOtherMachine(olds, news));
      try {
        return { outs: await settle(news, { ...inputs, ...(sameMachine ? pick(olds, ["before"]) : {}) }) };
      } catch (error) {
        throw halfDone(error, id, { ...olds, ...news });
      }
    },

    async delete(_, props) {
      const inputs: I & Remembered = { ...inputsOf(props), ...pick(props, ["before"]) };
      const host = hostOf(inputs, props);
      if (!session.isGone(inputs.host)) {
        const warn = (text: string) => session.tell(`${inputs.host}: ${text}`);
        await remove(kind, inputs, host, session.turns, warn).catch((error: unknown) => {
          const heir = kind.takenAlongBy?.(inputs);
          const left =
            error instanceof Unreachable && session.isDestroying && session.isInConfig(inputs.host);
          if (heir === undefined || !left) throw error;
          warn(`${kind.id(inputs)} is still there, and goes when ${heir} does`);
        });
        return;
      }
      if (await session.answers(host)) throw new StillThere(inputs.host, inputs.endpoint);
      session.tell(`${inputs.host}: gone for good, so this was not undone on it: ${kind.id(inputs)}`);
    },
  };
}

/** A failure after the first step is recorded as a half-made resource, so that a later run goes on or undoes it. */
function halfDone(error: unknown, id: string, props: Props): unknown {
  if (!(error instanceof DockrouteError) || !error.changedSomething) return error;
  return new HalfDone(error.message, id, props);
}

function pick(props: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    names.flatMap((name) => (props[name] === undefined ? [] : [[name, props[name]]])),
  );
}

function defined(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
}

function hasUnknown(value: unknown): boolean {
  if (value === unknownValue) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
