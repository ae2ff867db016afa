import assert from "node:assert/strict";
import { type BridgeSeen, dockerBridge } from "../../../provider/resources/bridge/index.js";
import { seenBy } from "../../support/kind-tables.js";
import { images, inWords, moment } from "../../support/recorded.js";
import {
  daemonJson,
  disruptive,
  drift,
  forgotten,
  fresh,
  gone,
  held,
  obstacles,
  ours,
  probed,
  record,
  refusals,
  restart,
  restarted,
  steps,
  undone,
  warnings,
  wish,
  withAddress,
  withRecord,
  written,
} from "../../support/recorded-bridge.js";

describe("a bridge", () => {
  for (const each of images.filter((name) => name !== "docker29-nft")) {
    const there = moment(each, "ours").wishes.bridge;
    it(`is so already on ${each}`, () => {
      const seen = held(seenBy(dockerBridge, there, each, "ours"), `${each}/bridge`);
      assert.deepEqual(inWords(steps(there, seen)), []);
      assert.deepEqual(drift(there, seen), []);
      assert.deepEqual(warnings(there, seen), []);
      assert.deepEqual(dockerBridge.observed(there, seen), { bip: there.bip, pools: there.pools });
    });
  }

  for (const each of images) {
    const there = moment(each, "ours").wishes.bridge;
    it(`is never gone, and there is nothing to undo on ${each} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        const seen = seenBy(dockerBridge, there, each, when);
        assert.ok(!gone(there, seen));
        assert.deepEqual(undone(there, seen), []);
        assert.deepEqual(refusals(there, seen), []);
        assert.deepEqual(disruptive.notReady(seen), []);
      }
    });
  }

  it("writes down what was there, sets its keys, and restarts Docker, in this order", () => {
    const commands = steps({ ...wish, stack: "mesh/production" }, fresh);
    assert.deepEqual(inWords(commands), [
      ...written(record, "600", `write down in ${record} what was there before`),
      probed,
      ...written(daemonJson, "644", "set bip 172.30.16.1/24 in daemon.json"),
      ...restarted(restart),
    ]);
    assert.deepEqual(JSON.parse(commands[0]?.stdin ?? ""), {
      bip: "172.17.0.1/16",
      file: { mode: "644", owner: "0:0", path: daemonJson },
      holder: "docker28/bridge of mesh/production",
    });
  });

  it("names the containers that stop before it restarts Docker, and counts as a disruption then", () => {
    assert.deepEqual(warnings(wish, fresh), [
      "Docker restarts, because docker0 changes from 172.17.0.1/16 to 172.30.16.1/24; containers that stop: idle, web; " +
        "come back by themselves: web; stay stopped, having no restart policy: idle",
    ]);
    const isRisky = (seen: BridgeSeen) => steps(wish, seen).some(({ risk }) => risk === "docker");
    assert.deepEqual([isRisky(fresh), disruptive.running(fresh)], [true, ["idle", "web"]]);
    assert.deepEqual(disruptive.running({ ...fresh, containers: [] }), []);
    assert.equal(isRisky(ours), false);
  });

  it("restarts Docker where only the daemon has not followed its file", () => {
    assert.deepEqual(inWords(steps(wish, withAddress(ours, "172.17.0.1/16"))), restarted(restart));
  });

  it("waits for the containers that run again by themselves, and for no other", () => {
    const none = { ...ours, containers: [] };
    assert.deepEqual(disruptive.unhealthy(fresh, none), ["not back yet: web"]);
    assert.deepEqual(disruptive.unhealthy(fresh, ours), []);
    const { version: _, ...silent } = ours.daemon;
    assert.deepEqual(disruptive.unhealthy(fresh, { ...ours, daemon: silent }), ["Docker does not answer"]);
    assert.deepEqual(disruptive.notReady({ ...ours, daemon: silent }), [
      "Docker does not answer here: is it installed and running?",
    ]);
  });

  it("goes back in two steps: docker0 gets its old address, then the file loses the key", () => {
    const why = "restart Docker, so that docker0 gets 172.17.0.1/16 back";
    const first = undone(wish, ours);
    assert.deepEqual(inWords(first), [
      probed,
      ...written(daemonJson, "644", "set bip 172.17.0.1/16 in daemon.json, as before"),
      ...restarted(why),
    ]);
    assert.deepEqual(JSON.parse(first[1]?.stdin ?? ""), { bip: "172.17.0.1/16" });
    const file = { ...ours.file, text: first[1]?.stdin };
    const then = withAddress({ ...ours, file, daemon: { ...ours.daemon, pools: [] } }, "172.17.0.1/16");
    assert.deepEqual(inWords(undone(wish, then)), [
      `rm -f ${daemonJson}  # put daemon.json back as it was before`,
      forgotten,
    ]);
  });

  it("goes back from the state's copy where the host has lost its own, and says so where both are lost", () => {
    const before = disruptive.remembers(ours);
    const seen = withRecord(ours, undefined);
    assert.equal(undone({ ...wish, before }, seen).length, 4);
    assert.deepEqual(disruptive.lost({ ...wish, before }, seen), []);
    assert.deepEqual(undone(wish, seen), []);
    assert.deepEqual(disruptive.lost(wish, seen), [
      "docker0 keeps 172.30.16.1/24 and daemon.json its bip: what was there before is written down neither in " +
        `${record} nor in the state. To give docker0 another address, set bip to it, restart Docker, and then remove bip`,
    ]);
  });

  it("keeps what a person added to daemon.json since, and takes its own keys out", () => {
    const text = '{\n  "bip": "172.17.0.1/16",\n  "debug": true\n}\n';
    const changed = { ...ours, file: { ...ours.file, text }, daemon: { ...ours.daemon, pools: [] } };
    const seen = withAddress(changed, "172.17.0.1/16");
    assert.equal(undone(wish, seen)[0]?.stdin, '{\n  "debug": true\n}\n');
  });

  it("gives the host a way back from a change that fails: old address, then the old file", () => {
    assert.deepEqual(inWords(disruptive.rollback(fresh)), [
      ...written(daemonJson, "644", "put the old bip back"),
      ...restarted("restart Docker with the old bip"),
      `rm -f ${daemonJson}  # put the old daemon.json back`,
      forgotten,
    ]);
  });

  const drifts: readonly (readonly [what: string, seen: BridgeSeen, words: readonly string[]])[] = [
    [
      "no keys in the file",
      { ...ours, file: { ...ours.file, text: "{}" } },
      ["daemon.json bip: absent", "daemon.json default-address-pools: changed"],
    ],
    ["no record", withRecord(ours, undefined), [`${record}: absent`]],
    [
      "other pools in the daemon",
      { ...ours, daemon: { ...ours.daemon, pools: [] } },
      ["the pools that Docker runs with: changed"],
    ],
  ];
  for (const [what, seen, words] of drifts) {
    it(`tells drift in words: ${what}`, () => assert.deepEqual(drift(wish, seen), words));
  }

  it("shows docker0's other address as another value of bip", () => {
    assert.equal(dockerBridge.observed(wish, withAddress(ours, "172.17.0.1/16")).bip, "172.17.0.1/16");
  });

  it("cannot be removed, and removes nothing, while daemon.json is not plain JSON", () => {
    const seen = { ...ours, file: { ...ours.file, text: "{} // mine" } };
    assert.deepEqual(obstacles(wish, seen), [
      `${daemonJson} is not plain JSON (dockerd would not start with it either): mend it by hand first`,
    ]);
    assert.deepEqual(undone(wish, seen), []);
    assert.deepEqual(steps(wish, seen), []);
  });

  const inputs: readonly (readonly [bip: string, reason: string])[] = [
    ["172.30.1.0/24", "172.30.1.0/24 is not an address that a bridge can have; allowed is 172.30.1.1/24"],
    ["172.30.1.255/24", "172.30.1.255/24 is not an address that a bridge can have; allowed is 172.30.1.1/24"],
    [
      "172.30.1.1/31",
      "172.30.1.1/31 is not an address that a bridge can have; allowed is a prefix of at most /30",
    ],
  ];
  for (const [bip, reason] of inputs) {
    it(`refuses the bip ${bip}`, () => {
      assert.deepEqual(dockerBridge.check({ ...wish, bip }), { faults: [{ property: "bip", reason }] });
    });
  }
});
