/** The lifecycle of the toy kind on a host that is fake: the tests of the engine's calls use it. */
import { Unreachable } from "../../provider/engine/errors/host.js";
import { KindLifecycle } from "../../provider/shells/lifecycle/lifecycle.js";
import type { Props } from "../../provider/shells/lifecycle/props.js";
import { Session } from "../../provider/shells/lifecycle/session.js";
import { FakeHost, toy } from "./fake-host.js";

/** The session as it is, but for its hosts: one that is fake. */
export class FakeSession extends Session {
  readonly lines: string[] = [];
  readonly fake = new FakeHost("alpha");
  other = false;
  goneForGood = false;

  constructor() {
    super([]);
  }

  override tell = (text: string): void => {
    this.lines.push(text);
  };
  override host = (): FakeHost => this.fake;
  override startLooking = (): void => {};
  override machine = async (): Promise<string> => {
    if (this.fake.failing instanceof Error) throw this.fake.failing;
    return "m1";
  };
  override isOtherMachine = async (): Promise<boolean> => this.other;
  override isGone = (): boolean => this.goneForGood;
}

export const news: Props = {
  host: "alpha",
  endpoint: "root@192.168.1.1:22",
  value: "v",
  level: "",
  __provider: "text",
};
export interface Change {
  readonly props: Props;
  readonly inputs: Props;
}

/** The engine's word for a value that is not known at preview. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const unreachable = new Unreachable("alpha", "root@192.168.1.1:22", "no answer", "Look at its cable.");
/** Nobody there, where the other may only let nobody in. */
export const silent = new Unreachable(
  "alpha",
  "root@192.168.1.1:22",
  "no answer",
  "Look at its cable.",
  true,
);

export function started(variables: Readonly<Record<string, string>> = {}) {
  const session = new FakeSession();
  for (const [name, value] of Object.entries(variables)) session.fake.variables.set(name, value);
  return { session, fake: session.fake, life: new KindLifecycle(toy, session) };
}
