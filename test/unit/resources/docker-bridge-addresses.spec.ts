import assert from "node:assert/strict";
import {
  daemonJson,
  disruptive,
  drift,
  fresh,
  obstacles,
  ours,
  record,
  reported,
  runningWith,
  steps,
  undone,
  warnings,
  wish,
  withAddress,
  withAddresses,
  withRecord,
} from "../../support/recorded-bridge.js";

const plain = { ...wish, pools: undefined, networkPrefix: undefined };
const noPools = {
  ...ours,
  daemon: { ...ours.daemon, pools: [] },
  file: { ...ours.file, text: '{ "bip": "172.30.16.1/24" }\n' },
};
const settles = (seen: typeof fresh) =>
  [...steps(wish, seen), ...undone(wish, seen), ...disruptive.rollback(seen)].flatMap(({ why }) =>
    why.startsWith("give docker0 the addresses") ? [why] : [],
  );
const recorded = (more: object) => {
  const was = { bip: "172.17.0.1/16", file: { mode: "644", owner: "0:0", path: daemonJson }, ...more };
  return `${JSON.stringify({ ...was, holder: "docker28/bridge" })}\n`;
};

describe("docker0's addresses", () => {
  it("is Docker's own whatever else docker0 has, and whichever the kernel prints first", () => {
    const two = withAddresses(ours, ["10.99.0.1/24", "172.30.16.1/24"]);
    assert.deepEqual(steps(wish, two), []);
    assert.deepEqual(drift(wish, two), []);
  });

  it("is not so where docker0 has the address and Docker runs with another", () => {
    const torn = runningWith(withAddresses(ours, ["172.30.16.1/24", "172.17.0.1/16"]), "172.17.0.1/16");
    assert.ok(steps(wish, torn).some(({ risk }) => risk === "docker"));
    const lost = withAddresses(ours, []);
    assert.deepEqual(drift(wish, lost), ["docker0: without 172.30.16.1/24, with which Docker runs"]);
  });

  it("are kept beside Docker's own, but for those of the network that docker0 leaves", () => {
    const seen = withAddresses(fresh, ["172.17.0.1/16", "172.17.0.53/16", "169.254.53.1/32"]);
    assert.deepEqual(settles(seen), [
      "give docker0 the addresses 172.30.16.1/24, 169.254.53.1/32",
      "give docker0 the addresses 172.17.0.1/16, 172.17.0.53/16, 169.254.53.1/32",
    ]);
    assert.ok(
      warnings(wish, seen).some((text) =>
        /takes away 172\.17\.0\.53\/16; where .* 169\.254\.53\.1\/32/.test(text),
      ),
    );
    assert.deepEqual(JSON.parse(steps(wish, seen)[0]?.stdin ?? "").others, [
      "172.17.0.53/16",
      "169.254.53.1/32",
    ]);
    assert.deepEqual(settles(fresh), []);
  });

  it("are all there after an undo, those that came since too", () => {
    const seen = withRecord(
      withAddresses(ours, ["172.30.16.1/24", "10.98.0.1/24"]),
      recorded({ others: ["10.99.0.1/24"] }),
    );
    assert.equal(
      undone(wish, seen).at(-1)?.why,
      "give docker0 the addresses 172.17.0.1/16, 10.99.0.1/24, 10.98.0.1/24",
    );
  });

  it("are compared after a rollback, as the file, Docker's answer and the containers are", () => {
    assert.deepEqual(disruptive.differences(fresh, fresh), []);
    const { version: _, ...silent } = fresh.daemon;
    const left = { ...ours, daemon: silent, containers: [] };
    assert.deepEqual(disruptive.differences(fresh, left), [
      "docker0 had 172.17.0.1/16, and has 172.30.16.1/24",
      "Docker does not answer",
      `${daemonJson} has not the bytes, the mode and the owner that it had`,
      "containers that ran do not run: idle (it has no restart policy), web",
    ]);
  });
});

describe("the address that a destroy gives back", () => {
  const taken = {
    ...ours,
    dockerNetworks: [...(ours.dockerNetworks ?? []), { ...reported, ranges: [{ subnet: "172.17.0.0/16" }] }],
  };
  const route = { destination: "172.17.0.0/16", gateway: "192.168.1.9", interface: "eth0" };
  afterEach(() => {
    delete process.env["DOCKROUTE_KEEP_DOCKER0"];
  });

  it("is refused by name where a network has the range, or a route leads there, and nothing is done", () => {
    for (const [seen, named] of [
      [
        taken,
        /Docker's network app has 172\.17\.0\.0\/16.*docker network rm.*DOCKROUTE_KEEP_DOCKER0=docker28/,
      ],
      [
        { ...ours, routes: [...ours.routes, route] },
        /172\.17\.0\.0\/16 is routed via 192\.168\.1\.9 by eth0/,
      ],
    ] as const) {
      assert.deepEqual(undone(wish, seen), []);
      const [reason = "", ...more] = obstacles(wish, seen);
      assert.deepEqual(more, []);
      assert.match(reason, named);
    }
  });

  it("is not refused for a broader route, for one of before, and for another address", () => {
    const broader = { ...route, destination: "172.16.0.0/12" };
    assert.deepEqual(obstacles(wish, { ...ours, routes: [...ours.routes, broader] }), []);
    const known = withRecord(
      { ...ours, routes: [...ours.routes, route] },
      recorded({ routed: [route.destination] }),
    );
    assert.deepEqual(obstacles(wish, known), []);
    assert.deepEqual(obstacles(wish, withAddress(taken, "172.17.0.1/16")), []);
  });

  it("leaves docker0 where the setting names the host, and removes all else", () => {
    process.env["DOCKROUTE_KEEP_DOCKER0"] = "beta, docker28";
    const seen = { ...noPools, dockerNetworks: taken.dockerNetworks };
    assert.deepEqual(obstacles(plain, seen), []);
    const commands = undone(plain, seen);
    assert.ok(commands.every(({ risk }) => risk === undefined));
    assert.deepEqual(JSON.parse(commands.find(({ stdin }) => stdin)?.stdin ?? ""), { bip: "172.30.16.1/24" });
    assert.equal(commands.at(-1)?.argv[0], "find");
    assert.match(disruptive.lost(plain, seen).join(), /keeps 172\.30\.16\.1\/24.*DOCKROUTE_KEEP_DOCKER0/);
    process.env["DOCKROUTE_KEEP_DOCKER0"] = "beta";
    assert.equal(obstacles(plain, seen).length, 1);
  });

  it("is warned of at the first preview, unless the pools keep others out of the range", () => {
    const warned = (wanted: typeof plain, seen: typeof fresh) =>
      warnings(wanted, seen).some((text) => text.startsWith("docker0 leaves 172.17.0.0/16"));
    assert.deepEqual(
      [warned(plain, fresh), warned(wish as typeof plain, fresh), warned(plain, noPools)],
      [true, false, false],
    );
  });
});

it("daemon.json gets its old bytes back however a pool's keys were ordered", () => {
  const text = '{ "default-address-pools": [ { "size": 24, "base": "10.202.0.1/16" } ] }\n';
  const pools = [{ base: "10.202.0.0/16", size: 24 }];
  const now =
    '{ "default-address-pools": [ { "base": "10.202.0.1/16", "size": 24 } ],\n "bip": "172.17.0.1/16" }\n';
  const seen = withRecord(
    withAddress(
      { ...ours, file: { ...ours.file, text: now }, daemon: { ...ours.daemon, pools } },
      "172.17.0.1/16",
    ),
    recorded({ file: { text, mode: "644", owner: "0:0", path: daemonJson } }),
  );
  assert.equal(undone(plain, seen)[0]?.stdin, text);
  assert.ok(undone(plain, seen).at(-1)?.why.includes(record));
});
