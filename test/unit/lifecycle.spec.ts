import assert from "node:assert/strict";
import { HalfDone, LinkLost, StillThere, Unreachable } from "../../provider/errors.js";
import { KindLifecycle } from "../../provider/lifecycle.js";
import type { Props } from "../../provider/props.js";
import { providerText } from "../../provider/pulumi/resource.js";
import { Session } from "../../provider/session.js";
import { FakeHost, type Seen, toy, type Wish } from "../support/fake-host.js";

/** The session as it is, but for its hosts: one that is fake. */
class FakeSession extends Session {
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

const news: Props = {
  host: "alpha",
  endpoint: "root@192.168.1.1:22",
  value: "v",
  level: "",
  __provider: "text",
};
interface Change {
  readonly props: Props;
  readonly inputs: Props;
}

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unreachable = new Unreachable("alpha", "root@192.168.1.1:22", "no answer", "Look at its cable.");
const silent = new Unreachable("alpha", "root@192.168.1.1:22", "no answer", "Look at its cable.", true);

function started(variables: Readonly<Record<string, string>> = {}) {
  const session = new FakeSession();
  for (const [name, value] of Object.entries(variables)) session.fake.variables.set(name, value);
  return { session, fake: session.fake, life: new KindLifecycle(toy, session) };
}

describe("check", () => {
  it("gives the inputs and nothing else, and says what the change disrupts", async () => {
    const { life, session } = started({ level: "4" });
    const { __provider: _, ...inputs } = news;
    assert.deepEqual(await life.check({}, { ...news, found: ["x"] }), { inputs, failures: [] });
    assert.deepEqual(session.lines, ["alpha: something restarts"]);
  });

  it("says what is taken back before anything else", async () => {
    const { life, fake, session } = started({ value: "v" });
    fake.takesBack = () => {};
    await life.check({}, news);
    assert.match(session.lines.join("\n"), /^alpha: a change that nobody confirmed is taken back first/);
  });

  it("names the faults of inputs, and what the host speaks against", async () => {
    const bad = await started().life.check({}, { ...news, value: "bad" });
    assert.deepEqual(bad.failures, [{ property: "value", reason: "bad is not good" }]);
    const foreign = await started({ value: "foreign" }).life.check({}, news);
    assert.deepEqual(foreign.failures, [{ property: "value", reason: "it is someone else's" }]);
  });

  it("is refused for what speaks against the mesh as a whole, beside its own faults", async () => {
    const wide = (life: KindLifecycle<never, never>, props: Props) => life.check({}, props);
    for (const props of [news, { ...news, list: [unknown] }, { ...news, value: "bad" }]) {
      const { life, session } = started();
      session.lint = async () => ["alpha is on no link of beta"];
      const { failures } = await wide(life as unknown as KindLifecycle<never, never>, props);
      assert.deepEqual(failures[0], { property: "host", reason: "alpha is on no link of beta" });
      assert.equal(failures.length, props["value"] === "bad" ? 2 : 1);
    }
  });

  it("asks no host about a value that is not known yet, however deep it lies", async () => {
    const { life, fake } = started();
    const unsure = { ...news, list: [{ deep: unknown }] };
    assert.deepEqual(await life.check({}, unsure), { inputs: unsure, failures: [] });
    assert.deepEqual(fake.log, []);
  });

  it("does not fail for a host that cannot be reached, and says so once", async () => {
    const { life, fake, session } = started();
    fake.failing = unreachable;
    for (const _ of [1, 2]) assert.deepEqual((await life.check({}, news)).failures, []);
    assert.deepEqual(session.lines, [unreachable.message]);
  });
});

describe("diff", () => {
  const tables: readonly (readonly [
    what: string,
    olds: Props,
    news: Props,
    changes: boolean,
    replaces: string[],
  ])[] = [
    ["nothing", news, news, false, []],
    ["an updated input", { ...news, level: "1" }, news, true, []],
    ["a replaced input", { ...news, value: "w" }, news, true, ["value"]],
    ["another host", { ...news, host: "beta" }, news, true, ["host"]],
    ["an endpoint of the same machine", { ...news, endpoint: "a@b:1" }, news, true, []],
    ["drift that was found", { ...news, found: ["it is down"] }, news, true, []],
    ["outputs, which are no inputs", { ...news, machine: "m0", before: { x: 1 } }, news, false, []],
    [
      "the order of fields",
      { ...news, connection: { a: 1, b: 2 } },
      { ...news, connection: { b: 2, a: 1 } },
      false,
      [],
    ],
    ["an unknown value of a replaced input", news, { ...news, value: unknown }, true, ["value"]],
  ];
  for (const [what, olds, wanted, changes, replaces] of tables) {
    it(`sees ${what}`, async () => {
      assert.deepEqual(await started().life.diff("id", olds, wanted), { changes, replaces });
    });
  }

  it("replaces where the endpoint leads to another machine", async () => {
    const { life, session } = started();
    session.other = true;
    const { replaces } = await life.diff("id", { ...news, endpoint: "a@b:1" }, news);
    assert.deepEqual(replaces, ["endpoint"]);
  });
});

describe("create and update", () => {
  it("give the inputs and the machine as outputs", async () => {
    const { life } = started();
    const { __provider: _, ...inputs } = news;
    assert.deepEqual(await life.create(news), { id: "alpha/v", outs: { ...inputs, machine: "m1" } });
  });

  it("forget drift that was found, once it is mended", async () => {
    const { life } = started({ value: "v", level: "5" });
    const { outs } = await life.update("alpha/v", { ...news, found: ["it is down"] }, news);
    assert.equal("found" in outs, false);
  });

  it("record a half-made resource with all that a later run needs", async () => {
    const { life, fake } = started();
    fake.failing = "set level";
    await assert.rejects(life.create({ ...news, level: "5" }), (error: unknown) => {
      assert.ok(error instanceof HalfDone);
      assert.equal(error.id, "alpha/v");
      assert.deepEqual(error.properties, { ...news, level: "5" });
      assert.equal(error.reasons.length, 1);
      return true;
    });
  });

  it("record nothing where nothing was changed", async () => {
    const { life } = started({ value: "foreign" });
    await assert.rejects(life.create(news), (error: unknown) => !(error instanceof HalfDone));
  });
});

describe("read", () => {
  const state: Props = { ...news, machine: "m1", found: ["old words"] };

  it("gives observed values as properties and as inputs, and no drift where there is none", async () => {
    const { life } = started({ value: "v", level: "7" });
    const { host, endpoint, value } = news;
    const inputs = { host, endpoint, value, level: "7" };
    const { found: _, ...last } = state;
    assert.deepEqual(await life.read("alpha/v", state), {
      id: "alpha/v",
      props: { ...last, ...inputs },
      inputs,
    });
  });

  it("gives drift in words", async () => {
    const read = await started({ value: "v", up: "no" }).life.read("alpha/v", state);
    assert.deepEqual("props" in read && read.props["found"], ["it is down"]);
  });

  it("does not take for true what nobody confirmed", async () => {
    const { life, fake, session } = started({ value: "v" });
    fake.takesBack = () => {};
    const { props } = (await life.read("alpha/v", news)) as { props: Props };
    const words = "a change that nobody confirmed, which the host takes back by itself";
    assert.deepEqual(props["found"], [words]);
    assert.deepEqual(session.lines, [`alpha/v: found ${words}`]);
  });

  it("does not take the first step of a change that was cut short for all of it", async () => {
    const rest = ({ level }: Wish, { up }: Seen) => (up === level ? [] : [`kept over reboots: ${up}`]);
    const { session, fake } = started({ value: "v", level: "5", up: "4" });
    const life = new KindLifecycle({ ...toy, drift: rest }, session);
    const { props, inputs } = (await life.read("alpha/v", { ...state, level: "4" })) as Change;
    assert.deepEqual([inputs["level"], props["found"]], ["5", ["kept over reboots: 4"]]);
    // A person reads what differs from the state: where somebody has changed the host by hand, the rest is well.
    assert.match(session.lines.join(), /^alpha\/v: found level 5(; wanted: [^;]*)?$/);
    const checked = await life.check(inputs, { ...news, level: "5" });
    assert.equal((await life.diff("alpha/v", props, checked.inputs)).changes, true);
    fake.variables.set("up", "5");
    const after = (await life.read("alpha/v", props)) as Change;
    assert.equal("found" in after.props, false);
  });

  it("says that it is gone", async () => {
    assert.deepEqual(await started().life.read("alpha/v", state), { id: "" });
  });

  it("does not say so while something is left that its removal would take away", async () => {
    const rest = { why: "remove the rest", argv: ["set", "level", ""] };
    const kind = { ...toy, undo: (_: Wish, { level }: Seen) => (level === "" ? [] : [rest]) };
    const { session, fake } = started({ level: "4" });
    const life = new KindLifecycle(kind, session);
    assert.equal((await life.read("alpha/v", state)).id, "alpha/v");
    await life.delete("alpha/v", state);
    assert.equal(fake.variables.get("level"), "");
    assert.deepEqual(await life.read("alpha/v", state), { id: "" });
  });

  it("keeps the last known values of a host that cannot be reached, and says so", async () => {
    const { life, fake, session } = started();
    fake.failing = unreachable;
    const { __provider: _, ...inputs } = news;
    const found = ["not reached: no answer"];
    assert.deepEqual(await life.read("alpha/v", state), {
      id: "alpha/v",
      props: { ...state, found },
      inputs: { ...inputs, found },
    });
    assert.deepEqual(session.lines, [unreachable.message]);
  });
});

describe("delete", () => {
  it("takes away what is held", async () => {
    const { life, fake } = started({ value: "v" });
    await life.delete("alpha/v", news);
    assert.equal(fake.variables.get("value"), "");
  });

  it("forgets a host that is gone for good, and says what was not undone", async () => {
    const { life, fake, session } = started({ value: "v" });
    session.goneForGood = true;
    fake.failing = silent;
    await life.delete("alpha/v", news);
    assert.deepEqual(session.lines, ["alpha: gone for good, so this was not undone on it: alpha/v"]);
  });

  it("does not forget a host that is said to be gone and answers", async () => {
    const { life, session } = started({ value: "v" });
    session.goneForGood = true;
    await assert.rejects(life.delete("alpha/v", news), StillThere);
  });

  const doubts: Readonly<Record<string, Error>> = {
    "lets nobody in": new Unreachable(
      "alpha",
      "root@192.168.1.1:22",
      "the login was refused",
      "Check the key.",
    ),
    "is lost while it is asked": new LinkLost(
      "alpha",
      "root@192.168.1.1:22",
      "look at it",
      "it said nothing",
      true,
    ),
  };
  for (const [what, failing] of Object.entries(doubts)) {
    it(`does not forget a host that is said to be gone and ${what}`, async () => {
      const { life, fake, session } = started({ value: "v" });
      session.goneForGood = true;
      fake.failing = failing;
      await assert.rejects(life.delete("alpha/v", news), StillThere);
      assert.deepEqual(session.lines, []);
    });
  }
});

describe("the provider's text in the state", () => {
  const requireFromString: (text: string) => { handler: () => object } = require("require-from-string");

  for (const kind of ["DockerBridge", "PeerRoute", "MasqueradeRule", "ForwardRule"]) {
    it(`loads the installed code of ${kind}, as the SDK's provider process does it`, () => {
      const text = providerText(kind);
      assert.ok(text.length <= 600, `${text.length} bytes`);
      const provider = requireFromString(text).handler();
      const calls = ["configure", "check", "diff", "create", "read", "update", "delete"];
      const missing = calls.filter((call) => typeof Reflect.get(provider, call) !== "function");
      assert.deepEqual(missing, []);
    });
  }
});

describe("an error of create", () => {
  // The engine takes any error with an `id` for a half-made resource, and records it with no provider: every later
  // run would end with "code must be a string, not undefined" until somebody mends the state by hand.
  const fails: readonly (readonly [what: string, variables: Readonly<Record<string, string>>])[] = [
    ["that the host refuses", { value: "foreign" }],
    ["of a host that is not ready", { up: "never" }],
  ];
  for (const [what, variables] of fails) {
    it(`${what} records nothing: it has no id`, async () => {
      const error = await started(variables)
        .life.create(news)
        .catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error && !("id" in error), String(error));
    });
  }

  it("that records something has all that a later run needs", async () => {
    const { life, fake } = started();
    fake.deaf = true;
    const error = await life.create(news).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof HalfDone);
    assert.equal(error.properties["__provider"], "text");
  });
});
