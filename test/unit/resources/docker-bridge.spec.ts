import assert from "node:assert/strict";
import {
  type DockerBridgeInputs,
  type DockerBridgeSeen,
  dockerBridge,
} from "../../../provider/resources/bridge/index.js";
import { images, inWords, moment, seenBy } from "../../support/recorded.js";

const image = "docker28";
const { bridge: wish } = moment(image, "ours").wishes;
const fresh = seenBy(dockerBridge, wish, image, "fresh");
const all = seenBy(dockerBridge, wish, image, "ours");
/** The bridge alone: what else dockroute has made on the host is taken away before it. */
const alone = [...all.parts.files].filter(([path]) => path.endsWith("/before.json"));
const ours = {
  ...all,
  parts: { files: new Map(alone), enabled: new Set<string>() },
  routes: all.routes.filter(({ protocol }) => protocol !== "219"),
};
const json = "/etc/docker/daemon.json";
const record = "/etc/dockroute/before.json";
const forgotten =
  `find /etc -maxdepth 2 -depth ( -path ${record} -o ( -path /etc/dockroute ) -empty ) -delete  # remove ${record}, ` +
  "and /etc/dockroute where nothing else is in it";

const written = (path: string, mode: string, why: string) => [
  `install -D -m ${mode} -o 0 -g 0 /dev/null ${path}.dockroute-new  # ${why}`,
  `dd status=none conv=nocreat,fsync of=${path}.dockroute-new  # ${why}`,
  `mv -T ${path}.dockroute-new ${path}  # ${why}`,
  `sync ${path.replace(/\/[^/]*$/, "")}  # ${why}`,
];
const restarted = (why: string) => [
  `systemctl reset-failed docker.service  # ${why} (docker)`,
  `systemctl restart docker.service  # ${why} (docker)`,
];
const restart = "restart Docker, so that docker0 gets 172.30.16.1/24";

const probed = "probe  # make sure that daemon.json can be replaced";

describe("a bridge", () => {
  for (const each of images) {
    const there = moment(each, "ours").wishes.bridge;
    it(`is so already on ${each}`, () => {
      const seen = seenBy(dockerBridge, there, each, "ours");
      assert.deepEqual(dockerBridge.steps(there, seen), []);
      assert.deepEqual(dockerBridge.drift(there, seen), []);
      assert.deepEqual(dockerBridge.notices?.(there, seen, {}), []);
      assert.deepEqual(dockerBridge.observed(there, seen), { bip: there.bip, pools: there.pools });
    });

    it(`is never gone, and there is nothing to undo on ${each} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        const seen = seenBy(dockerBridge, there, each, when);
        assert.ok(!dockerBridge.gone(there, seen));
        assert.deepEqual(dockerBridge.undo(there, seen), []);
        assert.deepEqual(dockerBridge.objections(there, seen), []);
        assert.deepEqual(dockerBridge.unready?.(seen), []);
      }
    });
  }

  it("writes down what was there, sets its keys, and restarts Docker, in this order", () => {
    const steps = dockerBridge.steps(wish, fresh);
    assert.deepEqual(inWords(steps), [
      ...written(record, "600", `write down in ${record} what was there before`),
      probed,
      ...written(json, "644", "set bip 172.30.16.1/24 in daemon.json"),
      ...restarted(restart),
    ]);
    assert.deepEqual(JSON.parse(steps[1]?.stdin ?? ""), {
      bip: "172.17.0.1/16",
      file: { mode: "644", owner: "0:0", path: json },
    });
  });

  it("knows what of itself may be on a host and in no state", () => {
    const described = (seen: DockerBridgeSeen) =>
      dockerBridge.unrecorded?.(wish, seen).map((use) => use((kind, held) => kind.id(held)));
    const rules = ["docker28/masquerade", "docker28/forward"];
    // Of its own network, and of the part that the rules of this host are named by.
    assert.deepEqual(described({ ...ours, nft: new Map() }), rules);
    assert.deepEqual(described(all), [...rules, ...rules]);
    const routes = all.routes.filter(({ protocol }) => protocol === "219");
    assert.equal(routes.length > 0, true, "there is a route in the recorded answers");
    const ways = routes.map(({ gateway }) => `docker28/to/${gateway}`);
    assert.deepEqual(described({ ...ours, nft: new Map(), routes }), [...rules, ...ways]);
  });

  it("says who stops before it restarts Docker, and counts as a disruption then", () => {
    assert.deepEqual(dockerBridge.notices?.(wish, fresh, {}), [
      "Docker restarts, because docker0 changes from 172.17.0.1/16 to 172.30.16.1/24; containers that stop: idle, web; " +
        "come back by themselves: web; stay stopped, having no restart policy: idle",
    ]);
    assert.equal(dockerBridge.disrupts?.(wish, fresh), true);
    assert.equal(dockerBridge.disrupts?.(wish, { ...fresh, containers: [] }), false);
    assert.equal(dockerBridge.disrupts?.(wish, ours), false);
  });

  it("restarts Docker where only the daemon has not followed its file", () => {
    assert.deepEqual(
      inWords(dockerBridge.steps(wish, { ...ours, bip: "172.17.0.1/16" })),
      restarted(restart),
    );
  });

  it("waits for what runs again by itself, and for no other container", () => {
    const none = { ...ours, containers: [] };
    assert.deepEqual(dockerBridge.well?.(fresh, none), ["not back yet: web"]);
    assert.deepEqual(dockerBridge.well?.(fresh, ours), []);
    const { version: _, ...silent } = ours.daemon;
    assert.deepEqual(dockerBridge.well?.(fresh, { ...ours, daemon: silent }), ["Docker does not answer"]);
    assert.deepEqual(dockerBridge.unready?.({ ...ours, daemon: silent }), [
      "Docker does not answer here: is it installed and running?",
    ]);
  });

  it("goes back in two steps: docker0 gets its old address, then the file loses the key", () => {
    const why = "restart Docker, so that docker0 gets 172.17.0.1/16 back";
    const first = dockerBridge.undo(wish, ours);
    assert.deepEqual(inWords(first), [
      probed,
      ...written(json, "644", "set bip 172.17.0.1/16 in daemon.json, as before"),
      ...restarted(why),
    ]);
    assert.deepEqual(JSON.parse(first[2]?.stdin ?? ""), { bip: "172.17.0.1/16" });
    const file = { ...ours.file, text: first[2]?.stdin };
    const then = { ...ours, file, bip: "172.17.0.1/16", daemon: { ...ours.daemon, pools: [] } };
    assert.deepEqual(inWords(dockerBridge.undo(wish, then)), [
      `rm -f ${json}  # put daemon.json back as it was before`,
      forgotten,
    ]);
  });

  it("goes back from the state's copy where the host has lost its own, and says so where both are lost", () => {
    const { before, ...seen } = ours;
    assert.equal(dockerBridge.undo({ ...wish, before }, seen).length, 7);
    assert.deepEqual(dockerBridge.lost?.({ ...wish, before }, seen), []);
    assert.deepEqual(dockerBridge.undo(wish, seen), []);
    assert.deepEqual(dockerBridge.lost?.(wish, seen), [
      "docker0 keeps 172.30.16.1/24 and daemon.json its bip: what was there before is written down neither in " +
        `${record} nor in the state. To give docker0 another address, set bip to it, restart Docker, and then remove bip`,
    ]);
  });

  it("keeps what a person added to daemon.json since, and takes its own keys out", () => {
    const text = '{\n  "bip": "172.17.0.1/16",\n  "debug": true\n}\n';
    const seen = {
      ...ours,
      file: { ...ours.file, text },
      bip: "172.17.0.1/16",
      daemon: { ...ours.daemon, pools: [] },
    };
    assert.equal(dockerBridge.undo(wish, seen)[1]?.stdin, '{\n  "debug": true\n}\n');
  });

  it("gives the host a way back from a change that fails: old address, then the old file", () => {
    assert.deepEqual(inWords(dockerBridge.restore(fresh)), [
      ...written(json, "644", "put the old bip back"),
      ...restarted("restart Docker with the old bip"),
      `rm -f ${json}  # put the old daemon.json back`,
      forgotten,
    ]);
  });

  const { before: _, ...unrecorded } = ours;
  const drifts: readonly (readonly [what: string, seen: DockerBridgeSeen, words: readonly string[]])[] = [
    [
      "no keys in the file",
      { ...ours, file: { ...ours.file, text: "{}" } },
      ["daemon.json bip: absent", "daemon.json default-address-pools: changed"],
    ],
    ["no record", unrecorded, [`${record}: absent`]],
    [
      "other pools in the daemon",
      { ...ours, daemon: { ...ours.daemon, pools: [] } },
      ["the pools that Docker runs with: changed"],
    ],
  ];
  for (const [what, seen, words] of drifts) {
    it(`tells drift in words: ${what}`, () => assert.deepEqual(dockerBridge.drift(wish, seen), words));
  }

  it("shows docker0's other address as another value of bip", () => {
    assert.equal(dockerBridge.observed(wish, { ...ours, bip: "172.17.0.1/16" }).bip, "172.17.0.1/16");
  });

  const wire = `${wish.endpoint.replace(/^root@|\.\d+:22$/g, "")}`;
  const comments = { ...fresh, file: { ...fresh.file, text: "{} // mine" } };
  const rootless = { ...fresh, daemon: { ...fresh.daemon, rootless: true } };
  const custom = { name: "br-0123456789ab", addresses: ["172.30.17.1/24"] };
  const wide = { name: "br-0123456789ab", addresses: ["172.30.0.1/16"] };
  const refused: readonly (readonly [
    what: string,
    wish: DockerBridgeInputs,
    seen: DockerBridgeSeen,
    reasons: readonly string[],
  ])[] = [
    [
      "the whole wire",
      { ...wish, bip: `${wire}.200/24`, pools: undefined },
      fresh,
      [
        `${wire}.0/24 covers the network ${wire}.0/24 of eth0 and the default gateway ${wire}.1; allowed is a range that leaves them out`,
      ],
    ],
    [
      "a file with comments",
      wish,
      comments,
      [`${json} is not plain JSON (dockerd would not start with it either): mend it by hand first`],
    ],
    [
      "a rootless Docker",
      wish,
      rootless,
      [
        "Docker runs rootless here, in a network of its own that nothing can be routed to; use the system's Docker",
      ],
    ],
    [
      "a network larger than the pool",
      wish,
      { ...fresh, links: [...fresh.links, wide] },
      [
        "172.30.16.0/24 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
        "172.30.16.0/20 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
      ],
    ],
    ["nothing: Docker's own network in the pool", wish, { ...fresh, links: [...fresh.links, custom] }, []],
    ["nothing: docker0's old address", { ...wish, pools: ["172.17.16.0/20"] }, fresh, []],
  ];
  for (const [what, inputs, seen, reasons] of refused) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(
        dockerBridge.objections(inputs, seen).map(({ reason }) => reason),
        reasons,
      );
    });
  }

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
