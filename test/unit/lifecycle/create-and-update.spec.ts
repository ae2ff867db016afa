/** The state that the engine keeps of a change, also of one that failed. */
import assert from "node:assert/strict";
import { PartiallyApplied } from "../../../provider/engine/errors/change.js";
import { news, started } from "../../support/fake-session.js";

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
      assert.ok(error instanceof PartiallyApplied);
      assert.equal(error.id, "alpha/v");
      assert.deepEqual(error.properties, { ...news, level: "5" });
      assert.equal(error.reasons.length, 1);
      return true;
    });
  });

  it("record nothing where nothing was changed", async () => {
    const { life } = started({ value: "foreign" });
    await assert.rejects(life.create(news), (error: unknown) => !(error instanceof PartiallyApplied));
  });
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
    assert.ok(error instanceof PartiallyApplied);
    assert.equal(error.properties["__provider"], "text");
  });
});
