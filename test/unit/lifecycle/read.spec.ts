/** The state that a refresh makes of a host. */
import assert from "node:assert/strict";
import { ifThere, state as stateOf } from "../../../provider/engine/claim.js";
import { KindLifecycle } from "../../../provider/shells/lifecycle/lifecycle.js";
import type { Props } from "../../../provider/shells/lifecycle/props.js";
import { toy } from "../../support/fake-host.js";
import { type Change, news, started, unreachable } from "../../support/fake-session.js";

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
    assert.deepEqual("props" in read && read.props["found"], ["it: down"]);
  });

  it("does not rely on a change that nobody confirmed", async () => {
    const { life, fake, session } = started({ value: "v" });
    fake.takesBack = () => {};
    const { props } = (await life.read("alpha/v", news)) as { props: Props };
    const words = "a change that nobody confirmed, which the host rolls back by itself";
    assert.deepEqual(props["found"], [words]);
    assert.deepEqual(session.lines, [`alpha/v: found ${words}`]);
  });

  it("does not take the first step of a change that was cut short for all of it", async () => {
    const claims: typeof toy.claims = ({ level, ...wish }, seen) => [
      ...toy.claims({ ...wish, level: seen.level }, { ...seen, up: "yes" }),
      {
        what: "kept over reboots",
        is: stateOf(seen.up === level, true),
        found: seen.up,
        make: [],
        remove: [],
      },
    ];
    const { session, fake } = started({ value: "v", level: "5", up: "4" });
    const life = new KindLifecycle({ ...toy, claims }, session);
    const { props, inputs } = (await life.read("alpha/v", { ...state, level: "4" })) as Change;
    assert.deepEqual([inputs["level"], props["found"]], ["5", ["kept over reboots: 4"]]);
    // A person reads the differences from the state: where somebody has changed the host by hand, the rest is well.
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
    const kind: typeof toy = {
      ...toy,
      claims: (wish, seen) => [
        ...toy.claims(wish, seen),
        ...ifThere("the rest", seen.level === "" ? [] : [rest]),
      ],
    };
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
