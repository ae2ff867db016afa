import assert from "node:assert/strict";
import { converge, remove } from "../../../provider/engine/converge.js";
import { CommandFailed, NotConverged } from "../../../provider/engine/errors/change.js";
import { NotReady, Refused, RolloutStopped } from "../../../provider/engine/errors/refused.js";
import type { Remembered } from "../../../provider/engine/kind.js";
import { Rollout } from "../../../provider/engine/rollout.js";
import { FakeHost, toy, type Wish } from "../../support/fake-host.js";

const wish = { host: "alpha", endpoint: "root@192.168.1.1:22", value: "v" };

function hostWith(variables: Readonly<Record<string, string>> = {}): FakeHost {
  const host = new FakeHost("alpha");
  for (const [name, value] of Object.entries(variables)) host.variables.set(name, value);
  return host;
}

function disrupting(changed: Partial<NonNullable<typeof toy.disruptive>>): Pick<typeof toy, "disruptive"> {
  if (toy.disruptive === undefined) throw new Error("the toy disrupts");
  return { disruptive: { ...toy.disruptive, ...changed } };
}

describe("converge", () => {
  it("looks, and does nothing where the host already is so", async () => {
    const host = hostWith({ value: "v" });
    assert.deepEqual(await converge(toy, wish, host, new Rollout(1)), { value: "v", level: "", up: "yes" });
    assert.deepEqual(host.log, ["read anew"]);
  });

  it("looks, does what is due, and looks again", async () => {
    const host = hostWith();
    await converge(toy, wish, host, new Rollout(1));
    assert.deepEqual(host.log, ["read anew", "set value", "read"]);
  });

  it("writes down what was there before as it was before the first step, however many follow", async () => {
    const told: unknown[] = [];
    const kind: typeof toy = {
      ...toy,
      ...disrupting({ remembers: ({ value }) => value }),
      claims: (desired: Wish & Remembered, seen) => {
        told.push(desired.before);
        return toy.claims(desired, seen);
      },
    };
    await converge(kind, { ...wish, level: "5" }, hostWith({ value: "old" }), new Rollout(1));
    assert.deepEqual([...new Set(told)], [undefined, "old"]);
    told.length = 0;
    await converge(
      kind,
      { ...wish, level: "6", ...{ before: "kept" } },
      hostWith({ value: "old" }),
      new Rollout(1),
    );
    assert.deepEqual([...new Set(told)], ["kept"]);
  });

  it("does not rely on a change that a killed run has left unconfirmed", async () => {
    const host = hostWith({ value: "v", level: "5" });
    host.takesBack = () => host.variables.set("level", "4");
    const seen = await converge(toy, { ...wish, level: "5" }, host, new Rollout(1));
    assert.equal(seen.level, "5");
    assert.deepEqual(host.log.slice(0, 4), ["read anew", "recover", "read", "begin: set level"]);
  });

  it("does not build on what it saw while something else took a change back", async () => {
    const host = hostWith({ value: "v", level: "half" });
    const read = host.read.bind(host);
    host.read = async (questions) => {
      const answers = await read(questions);
      if (host.variables.get("level") === "half") host.drop();
      host.variables.set("level", "5");
      return answers;
    };
    await converge(toy, { ...wish, level: "5" }, host, new Rollout(1));
    assert.deepEqual(host.log, ["read anew", "read anew"]);
  });

  it("does the steps with a risk in a transaction, and only those", async () => {
    const host = hostWith();
    const seen = await converge(toy, { ...wish, level: "5" }, host, new Rollout(1));
    assert.deepEqual(seen, { value: "v", level: "5", up: "yes" });
    const risky = ["begin: set level", "set level", "read anew", "confirm"];
    assert.deepEqual(host.log, ["read anew", "set value", "read", ...risky]);
  });

  it("gives the way back to the host where a risky step does not do what it should", async () => {
    const host = hostWith({ value: "v", level: "4" });
    host.deaf = true;
    await assert.rejects(converge(toy, { ...wish, level: "5" }, host, new Rollout(1)), NotConverged);
    assert.equal(host.log.at(-1), "undo: level back to 4");
  });

  it("names what is still pending after the last allowed pass", async () => {
    const host = hostWith();
    host.deaf = true;
    await assert.rejects(converge(toy, wish, host, new Rollout(1)), (error: unknown) => {
      assert.ok(error instanceof NotConverged);
      assert.deepEqual(error.pending, ["set value"]);
      return true;
    });
    assert.equal(host.log.filter((line) => line === "set value").length, 4);
  });

  it("believes its last pass", async () => {
    let left = 4;
    const make = [{ why: "wait", argv: ["set", "x", "y"] }];
    const waiting = () => [{ what: "x", is: left > 0 ? "absent" : "so", make, remove: [] } as const];
    const slow: typeof toy = { ...toy, claims: waiting };
    const host = hostWith();
    const change = host.change.bind(host);
    host.change = async (commands) => {
      left--;
      await change(commands);
    };
    await converge(slow, wish, host, new Rollout(1));
  });

  const refusals = [
    ["what is someone else's", { value: "foreign" }, Refused],
    ["a host that is not ready", { up: "never" }, NotReady],
  ] as const;
  for (const [what, variables, kind] of refusals) {
    it(`refuses ${what} before the first change`, async () => {
      const host = hostWith(variables);
      await assert.rejects(converge(toy, wish, host, new Rollout(1)), kind);
      assert.deepEqual(host.log, ["read anew"]);
    });
  }

  it("stops at the first command that fails", async () => {
    const host = hostWith();
    host.failing = "set value";
    await assert.rejects(converge(toy, wish, host, new Rollout(1)), CommandFailed);
    assert.deepEqual(host.log, ["read anew"]);
  });

  it("disrupts no other host once one has failed in its restart", async () => {
    const rollout = new Rollout(1);
    const first = hostWith({ value: "v" });
    first.failing = "set level";
    await assert.rejects(converge(toy, { ...wish, level: "5" }, first, rollout), CommandFailed);
    const second = hostWith({ value: "v" });
    await assert.rejects(
      converge(toy, { ...wish, host: "beta", level: "5" }, second, rollout),
      RolloutStopped,
    );
    assert.deepEqual(second.log, ["read anew"]);
    // A change that disrupts nothing goes on.
    await converge(toy, { ...wish, host: "beta" }, hostWith(), rollout);
  });

  it("goes on with the other hosts where one failed before its restart", async () => {
    const rollout = new Rollout(1);
    const first = hostWith();
    first.failing = "set value";
    await assert.rejects(converge(toy, { ...wish, level: "5" }, first, rollout), CommandFailed);
    const second = hostWith({ value: "v" });
    await converge(toy, { ...wish, host: "beta", level: "5" }, second, rollout);
    assert.equal(second.variables.get("level"), "5");
  });

  it("takes nothing back out of turn: that disrupts as the change did", async () => {
    const rollout = new Rollout(1);
    const busy = hostWith({ value: "v" });
    let done = () => {};
    const held = new Promise<void>((resolve) => {
      done = resolve;
    });
    const first = rollout.run("beta", () => held);
    busy.takesBack = () => {};
    const second = converge(toy, wish, busy, rollout);
    await new Promise(setImmediate);
    assert.deepEqual(busy.log, ["read anew"]);
    done();
    await Promise.all([first, second]);
    assert.deepEqual(busy.log, ["read anew", "recover", "read"]);
  });
});

describe("remove", () => {
  const taken: string[] = [];
  const lossy = { ...toy, ...disrupting({ lost: () => ["the old level is not known"] }) };

  it("takes away what is held, and says what it cannot bring back", async () => {
    const host = hostWith({ value: "v" });
    await remove(lossy, wish, host, new Rollout(1), (text) => taken.push(text));
    assert.equal(host.variables.get("value"), "");
    assert.deepEqual(taken, ["the old level is not known"]);
  });

  it("leaves what a successor holds", async () => {
    const host = hostWith({ value: "another" });
    await remove(toy, wish, host, new Rollout(1), () => {});
    assert.deepEqual(host.log, ["read anew"]);
  });
});
