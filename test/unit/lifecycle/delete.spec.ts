/** The things that go from a host, and the conditions on which a host is forgotten. */
import assert from "node:assert/strict";
import { ConnectionLost, Unreachable } from "../../../provider/engine/errors/host.js";
import { HostStillAlive } from "../../../provider/engine/errors/refused.js";
import { news, silent, started } from "../../support/fake-session.js";

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
    await assert.rejects(life.delete("alpha/v", news), HostStillAlive);
  });

  const doubts: Readonly<Record<string, Error>> = {
    "lets nobody in": new Unreachable(
      "alpha",
      "root@192.168.1.1:22",
      "the login was refused",
      "Check the key.",
    ),
    "is lost while it is asked": new ConnectionLost(
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
      await assert.rejects(life.delete("alpha/v", news), HostStillAlive);
      assert.deepEqual(session.lines, []);
    });
  }
});
