/**
 * One call of the engine to the provider process: create, update or delete of one resource, or the preview that
 * is to find nothing. As a program it can be killed: it reads the call from stdin and prints what the engine
 * would be told, one JSON line. Calls that nothing happens to are made in the bench's own process, each with a
 * session of its own, which spares the start of a program.
 */
import { text } from "node:stream/consumers";
import { PartiallyApplied } from "../../provider/engine/errors/change.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";
import { forwardRule } from "../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { questions } from "../../provider/shells/lifecycle/kinds.js";
import { KindLifecycle, type Lifecycle } from "../../provider/shells/lifecycle/lifecycle.js";
import type { Props } from "../../provider/shells/lifecycle/props.js";
import { Session } from "../../provider/shells/lifecycle/session.js";

const lifecycles = {
  DockerBridge: (session: Session) => new KindLifecycle(dockerBridge, session),
  PeerRoute: (session: Session) => new KindLifecycle(peerRoute, session),
  MasqueradeRule: (session: Session) => new KindLifecycle(masqueradeRule, session),
  ForwardRule: (session: Session) => new KindLifecycle(forwardRule, session),
} as const satisfies Record<string, (session: Session) => Lifecycle>;
export type Kind = keyof typeof lifecycles;

/** Keeps to itself what a person would be told. */
class Mute extends Session {
  override tell(): void {}
}

export interface CallOf {
  readonly kind: Kind;
  readonly op: "create" | "update" | "delete" | "preview";
  readonly id: string;
  /** Inputs and outputs in the state. */
  readonly olds: Props;
  /** The program's inputs. */
  readonly news: Props;
  readonly config: Readonly<Record<string, string>>;
  /** As in an `up` that begins with a refresh: makes a resource that is gone, and leaves one that does not differ. */
  readonly refreshed?: boolean;
}

export interface Answered {
  /** The state afterwards; absent where the engine records nothing new. */
  readonly state?: Props;
  /** Differences from the program, found by a preview. */
  readonly due?: readonly string[];
  readonly error?: string;
}

async function preview(lifecycle: Lifecycle, { id, olds, news }: CallOf): Promise<readonly string[]> {
  const checked = await lifecycle.check(olds, news);
  const faults = checked.failures.map(({ property, reason }) => `${property}: ${reason}`);
  const seen = await lifecycle.read(id, olds);
  if (!("props" in seen)) return [...faults, `${id} is gone`];
  const { changes } = await lifecycle.diff(id, seen.props, checked.inputs);
  return [
    ...faults,
    ...(changes ? [`${id} differs: ${JSON.stringify(seen.props["found"] ?? seen.inputs)}`] : []),
  ];
}

/** The engine's call after it has read the resource that it is about to change; none where that needs no change. */
async function afterRefresh(lifecycle: Lifecycle, call: CallOf): Promise<CallOf | Answered> {
  const { id, op, olds, news } = call;
  const seen = await lifecycle.read(id, olds);
  if (!("props" in seen)) return op === "delete" ? {} : { ...call, op: "create", olds: {} };
  if (op === "delete") return { ...call, olds: seen.props };
  const { inputs } = await lifecycle.check(seen.inputs, news);
  const { changes } = await lifecycle.diff(id, seen.props, inputs);
  return changes ? { ...call, op: "update", olds: seen.props, news: inputs } : { state: seen.props };
}

export async function answer(asked: CallOf): Promise<Answered> {
  const lifecycle: Lifecycle = lifecycles[asked.kind](new Mute(questions));
  await lifecycle.configure({ config: { get: (key) => asked.config[key] } });
  try {
    const known = asked.refreshed === true && Object.keys(asked.olds).length > 0;
    const call = known ? await afterRefresh(lifecycle, asked) : asked;
    if (!("op" in call)) return call;
    switch (call.op) {
      case "create": {
        const { inputs, failures } = await lifecycle.check({}, call.news);
        if (failures.length > 0) return { error: JSON.stringify(failures) };
        return { state: (await lifecycle.create(inputs)).outs };
      }
      case "update":
        return { state: (await lifecycle.update(call.id, call.olds, call.news)).outs };
      case "delete":
        await lifecycle.delete(call.id, call.olds);
        return {};
      case "preview":
        return { due: await preview(lifecycle, call) };
    }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return error instanceof PartiallyApplied ? { error: said, state: error.properties } : { error: said };
  }
}

async function main(): Promise<void> {
  const answered = await answer(JSON.parse(await text(process.stdin)) as CallOf);
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}

if (require.main === module) void main();
