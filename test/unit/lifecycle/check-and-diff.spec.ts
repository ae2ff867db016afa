/** The engine's questions before a change. */
import assert from "node:assert/strict";
import type { KindLifecycle } from "../../../provider/shells/lifecycle/lifecycle.js";
import type { Props } from "../../../provider/shells/lifecycle/props.js";
import { news, started, unknown, unreachable } from "../../support/fake-session.js";

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
    assert.match(session.lines.join("\n"), /^alpha: a change that nobody confirmed is rolled back first/);
  });

  it("names the faults of inputs, and those that the host shows", async () => {
    const bad = await started().life.check({}, { ...news, value: "bad" });
    assert.deepEqual(bad.failures, [{ property: "value", reason: "bad is not good" }]);
    const foreign = await started({ value: "foreign" }).life.check({}, news);
    assert.deepEqual(foreign.failures, [{ property: "value", reason: "it is someone else's" }]);
  });

  it("is refused for faults of the mesh as a whole, beside its own", async () => {
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
