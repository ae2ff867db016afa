import assert from "node:assert/strict";
import type { DockerNetwork } from "../../../provider/facts/docker-networks.js";
import {
  type BridgeSeen,
  type DockerBridgeInputs,
  dockerBridge,
} from "../../../provider/resources/bridge/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { images, inWords, moment } from "../../support/recorded.js";

const image = "docker28";
const { bridge: wish } = moment(image, "ours").wishes;
const { drift, gone, obstacles, refusals, steps, undo: undone, warnings } = tablesOf(dockerBridge);
const disruptive = dockerBridge.disruptive ?? assert.fail("a bridge stops Docker");
const json = "/etc/docker/daemon.json";
const record = "/etc/dockroute/before.json";

/** A host on which this bridge holds docker0. The recorded record may be one of 0.1.0, without a holder. */
function held(seen: BridgeSeen, by = `${image}/bridge`): BridgeSeen {
  const text = seen.scripts.files.get(record);
  if (text === undefined) return seen;
  return withRecord(seen, `${JSON.stringify({ ...JSON.parse(text), holder: by }, undefined, 2)}\n`);
}

function withRecord({ scripts, ...seen }: BridgeSeen, text: string | undefined): BridgeSeen {
  const others = [...scripts.files].filter(([path]) => path !== record);
  const files = new Map([...others, ...(text === undefined ? [] : [[record, text] as const])]);
  return { ...seen, scripts: { ...scripts, files } };
}

function withAddress(seen: BridgeSeen, own: string): BridgeSeen {
  const links = seen.links.map((link) => (link.name === "docker0" ? { ...link, addresses: [own] } : link));
  return { ...seen, links };
}

const fresh = seenBy(dockerBridge, wish, image, "fresh");
const all = held(seenBy(dockerBridge, wish, image, "ours"));
/** The bridge alone: an undo takes its routes before it. */
const ours: BridgeSeen = {
  ...all,
  scripts: {
    files: new Map([...all.scripts.files].filter(([path]) => path === record)),
    enabled: new Set<string>(),
  },
  routes: all.routes.filter(({ protocol }) => protocol !== "219"),
};
const forgotten =
  `find /etc -maxdepth 2 -depth ( -path ${record} -o ( -path /etc/dockroute ) -empty ) -delete  # remove ${record}, ` +
  "and /etc/dockroute where nothing else is in it";

const written = (path: string, mode: string, why: string) => [
  `install -D -m ${mode} -o 0 -g 0 /dev/null ${path}.dockroute-new  # ${why}`,
  `dd status=none conv=nocreat,fsync of=${path}.dockroute-new  # ${why}`,
  `mv -T ${path}.dockroute-new ${path}  # ${why}`,
];
const restarted = (why: string) => [
  `systemctl reset-failed docker.service  # ${why} (docker)`,
  `systemctl restart docker.service  # ${why} (docker)`,
];
const restart = "restart Docker, so that docker0 gets 172.30.16.1/24";

const probed = "probe  # make sure that daemon.json can be replaced";

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
      ...written(json, "644", "set bip 172.30.16.1/24 in daemon.json"),
      ...restarted(restart),
    ]);
    assert.deepEqual(JSON.parse(commands[1]?.stdin ?? ""), {
      bip: "172.17.0.1/16",
      file: { mode: "644", owner: "0:0", path: json },
      holder: "docker28/bridge of mesh/production",
    });
  });

  it("knows which resources may be on a host and in no state", () => {
    const described = (seen: BridgeSeen) =>
      dockerBridge.orphans?.unrecorded?.(wish, seen).map((use) => use((kind, each) => kind.id(each)));
    // Of its own network, and of the part that the rules of this host are about.
    const rules = ["masquerade", "masquerade", "forward", "forward"].map((name) => `docker28/${name}`);
    assert.deepEqual(described(ours), rules);
    const routes = all.routes.filter(({ protocol }) => protocol === "219");
    const [route] = routes;
    assert.ok(route, "there is a route in the recorded answers");
    assert.deepEqual(described({ ...ours, routes }), [...rules, `docker28/to/${route.gateway}`]);
    const head = (path: string, lines: readonly string[]) =>
      ({
        ...ours,
        routes,
        scripts: { ...ours.scripts, files: new Map([[path, lines.join("\n")]]) },
      }) as const;
    const about = "# The route to peer: 172.30.32.0/20 is reached through 10.213.5.99.";
    const former = head("/etc/dockroute/parts/route-172.30.32.0_20", [
      "#!/bin/sh",
      "# dockroute docker28/to/peer",
      about,
    ]);
    assert.deepEqual(described(former), [...rules, "docker28/to/peer"]);
    const now = head("/etc/dockroute/scripts/40-route-01234567", [
      ...["#!/bin/sh", "# dockroute docker28/to/peer of mesh/production", about],
      "# subject: 172.30.32.0/20",
    ]);
    assert.deepEqual(described(now), rules);
    const limited = head("/etc/dockroute/scripts/10-forward-01234567", [
      ...["#!/bin/sh", "# dockroute docker28/forward", "# The peers may enter 172.30.16.7/32."],
      "# subject: 172.30.16.7/32 icmp tcp/443",
    ]);
    assert.deepEqual(described({ ...limited, routes: [] }), [...rules, "docker28/forward"]);
    assert.deepEqual(described(held(ours, "web1/bridge")), []);
  });

  it("says who stops before it restarts Docker, and counts as a disruption then", () => {
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

  it("waits for what runs again by itself, and for no other container", () => {
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
      ...written(json, "644", "set bip 172.17.0.1/16 in daemon.json, as before"),
      ...restarted(why),
    ]);
    assert.deepEqual(JSON.parse(first[2]?.stdin ?? ""), { bip: "172.17.0.1/16" });
    const file = { ...ours.file, text: first[2]?.stdin };
    const then = withAddress({ ...ours, file, daemon: { ...ours.daemon, pools: [] } }, "172.17.0.1/16");
    assert.deepEqual(inWords(undone(wish, then)), [
      `rm -f ${json}  # put daemon.json back as it was before`,
      forgotten,
    ]);
  });

  it("goes back from the state's copy where the host has lost its own, and says so where both are lost", () => {
    const before = disruptive.remembers(ours);
    const seen = withRecord(ours, undefined);
    assert.equal(undone({ ...wish, before }, seen).length, 6);
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
    assert.equal(undone(wish, seen)[1]?.stdin, '{\n  "debug": true\n}\n');
  });

  it("gives the host a way back from a change that fails: old address, then the old file", () => {
    assert.deepEqual(inWords(disruptive.rollback(fresh)), [
      ...written(json, "644", "put the old bip back"),
      ...restarted("restart Docker with the old bip"),
      `rm -f ${json}  # put the old daemon.json back`,
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

  const wire = `${wish.endpoint.replace(/^root@|\.\d+:22$/g, "")}`;
  const comments = { ...fresh, file: { ...fresh.file, text: "{} // mine" } };
  const rootless = { ...fresh, daemon: { ...fresh.daemon, rootless: true } };
  const reported: DockerNetwork = {
    ...{ id: "0123456789ab", name: "app", driver: "bridge", bridge: "br-0123456789ab", isDefault: false },
    ...{ ranges: [{ subnet: "172.30.17.0/24" }], internal: false, masquerades: true, icc: true },
    ...{ gatewayMode: { ipv4: "nat", ipv6: "nat" }, scope: "local", ingress: false, containers: 0 },
  };
  const onLink = (name: string, own: string, networks: readonly DockerNetwork[] | undefined): BridgeSeen => ({
    ...fresh,
    links: [...fresh.links, { name, addresses: [own] }],
    dockerNetworks: networks,
  });
  const docker = (name: string, own = "172.30.17.1/24", more: Partial<DockerNetwork> = {}) =>
    onLink(name, own, [...(fresh.dockerNetworks ?? []), { ...reported, bridge: name, ...more }]);
  const flagged = (...flags: readonly (readonly [string, string])[]) => ({ ...fresh, flags: new Map(flags) });
  const withKey = (text: string) => ({ ...fresh, file: { ...fresh.file, text } });
  const refused: readonly (readonly [
    what: string,
    wish: DockerBridgeInputs,
    seen: BridgeSeen,
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
      docker("br-0123456789ab", "172.30.0.1/16"),
      [
        "172.30.16.0/24 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
        "172.30.16.0/20 covers the network 172.30.0.0/16 of br-0123456789ab; allowed is a range that leaves them out",
      ],
    ],
    ["nothing: Docker's own network in the pool", wish, docker("br-0123456789ab"), []],
    ["nothing: a network with a bridge of its own name", wish, docker("app0"), []],
    ["nothing: a network with a bridge named as another program's", wish, docker("br-mail"), []],
    ["nothing: an internal network", wish, docker("br-0123456789ab", undefined, { internal: true }), []],
    [
      "nothing: a swarm's bridge",
      wish,
      docker("docker_gwbridge", undefined, { name: "docker_gwbridge" }),
      [],
    ],
    [
      "another program's bridge in the pool, though it is named as Docker's are",
      wish,
      onLink("br-0123456789ab", "172.30.17.1/24", fresh.dockerNetworks),
      [
        "172.30.16.0/20 covers the network 172.30.17.0/24 of br-0123456789ab; allowed is a range that leaves them out",
      ],
    ],
    [
      "nothing in the pools while Docker does not answer",
      wish,
      onLink("br-0123456789ab", "172.30.17.1/24", undefined),
      [],
    ],
    [
      "another bridge in daemon.json",
      wish,
      withKey('{"bridge":"none"}'),
      ['daemon.json has "bridge": "none", with which dockerd takes no bip; remove that key'],
    ],
    [
      "addresses outside of docker0's new network",
      wish,
      withKey('{"fixed-cidr":"172.17.1.0/24","default-gateway":"172.17.0.9"}'),
      ["fixed-cidr", "default-gateway"].map(
        (key, at) =>
          `daemon.json has "${key}": "${["172.17.1.0/24", "172.17.0.9"][at]}", which is not in docker0's network ` +
          "172.30.16.0/24, so dockerd would not start; remove that key",
      ),
    ],
    [
      "nothing: addresses inside of docker0's new network",
      wish,
      withKey('{"fixed-cidr":"172.30.16.128/25","default-gateway":"172.30.16.9","bridge":""}'),
      [],
    ],
    [
      "the same settings on dockerd's command line",
      wish,
      flagged(["--bip", "172.17.0.1/16"], ["--default-address-pool", "base=172.18.0.0/16,size=24"]),
      ["--bip", "--default-address-pool"].map(
        (flag) =>
          `dockerd has ${flag} on its command line, and does not start with that and the same in daemon.json; remove the flag`,
      ),
    ],
    [
      "another daemon.json",
      wish,
      flagged(["--config-file", "/opt/daemon.json"]),
      [`dockerd reads /opt/daemon.json and not ${json}, by its flag --config-file; remove the flag`],
    ],
    ["nothing: daemon.json by its flag", wish, flagged(["--config-file", json]), []],
    ["nothing: docker0's old address", { ...wish, pools: ["172.17.16.0/20"] }, fresh, []],
  ];
  for (const [what, inputs, seen, reasons] of refused) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(refusals(inputs, seen), reasons);
    });
  }

  const production = { ...wish, stack: "mesh/production" };
  const renamed = { ...production, host: "web1" };
  const mine = held(ours, "docker28/bridge of mesh/production");

  it("is taken over by a host's new name, which keeps what the first change found", () => {
    const [install, write, rename, ...more] = steps(renamed, mine);
    assert.deepEqual([install?.argv[0], rename?.argv.at(-1), more], ["install", record, []]);
    assert.deepEqual(JSON.parse(write?.stdin ?? ""), {
      bip: "172.17.0.1/16",
      file: { mode: "644", owner: "0:0", path: json },
      holder: "web1/bridge of mesh/production",
    });
    assert.deepEqual(refusals(renamed, mine), []);
    assert.deepEqual(drift(renamed, mine), [`${record}: held by docker28/bridge of mesh/production`]);
  });

  it("leaves docker0 to the successor that holds it, also with other values", () => {
    const successors = held(ours, "web1/bridge of mesh/production");
    for (const each of [production, { ...production, bip: "172.30.64.1/24" }]) {
      assert.deepEqual(undone(each, successors), []);
      assert.deepEqual(disruptive.lost(each, successors), []);
      assert.ok(gone(each, successors));
    }
    assert.deepEqual(
      undone(production, {
        ...successors,
        routes: all.routes,
        scripts: {
          ...successors.scripts,
          files: new Map([...all.scripts.files, ...successors.scripts.files]),
        },
      }),
      [],
    );
  });

  it("is refused by name where another stack holds docker0, also with the same id and the same values", () => {
    const reason =
      "docker28/bridge of the stack mesh/production holds this on the host; two stacks cannot share one Docker host: " +
      "take the host out of one of them and run `pulumi up` there first";
    for (const each of [wish, { ...wish, bip: "172.30.64.1/24" }, { ...wish, host: "web1" }]) {
      const staging = { ...each, stack: "mesh/staging" };
      assert.deepEqual(refusals(staging, mine), [reason]);
      assert.deepEqual(undone(staging, mine), []);
    }
  });

  it("keeps docker0 where the stack was renamed, or is not known", () => {
    const stackRenamed = { ...wish, stack: "mesh/live", lastStack: "mesh/production" };
    assert.deepEqual(drift(stackRenamed, mine), []);
    assert.deepEqual(refusals(stackRenamed, mine), []);
    assert.match(steps(stackRenamed, mine)[1]?.stdin ?? "", /"docker28\/bridge of mesh\/live"/);
    assert.deepEqual(steps(wish, mine), []);
  });

  it("writes its holder into a record of 0.1.0, which is no drift", () => {
    const { bip, file } = JSON.parse(ours.scripts.files.get(record) ?? "");
    const former = withRecord(ours, `${JSON.stringify({ bip, file }, undefined, 2)}\n`);
    assert.deepEqual(drift(wish, former), []);
    assert.deepEqual(
      inWords(steps(wish, former)),
      written(record, "600", `write down in ${record} what was there before`),
    );
    assert.equal(undone(wish, former).length, 6);
  });

  it("leaves a host whose Docker was removed: the old file, nothing restarted, and a warning", () => {
    const { version: _, ...silent } = ours.daemon;
    const removed = {
      ...ours,
      daemon: { ...silent, pools: [] },
      isDockerRemoved: true,
      dockerNetworks: undefined,
      links: ours.links.filter(({ name }) => name !== "docker0"),
    };
    assert.deepEqual(inWords(undone(wish, removed)), [
      `rm -f ${json}  # put daemon.json back as it was before`,
      forgotten,
    ]);
    const text =
      "Docker is no longer installed here, so daemon.json is put back as it was before and nothing is restarted. ";
    assert.equal(disruptive.lost(wish, removed)[0]?.slice(0, text.length), text);
    const purged = { ...removed, file: { ...removed.file, text: undefined } };
    assert.deepEqual(inWords(undone(wish, purged)), [forgotten]);
    // A daemon that answers is there, and one that merely does not answer is not gone.
    assert.equal(undone(wish, { ...ours, isDockerRemoved: true }).length, 6);
    assert.ok(undone(wish, { ...removed, isDockerRemoved: false }).some(({ risk }) => risk === "docker"));
  });

  it("cannot be removed, and removes nothing, while daemon.json is not plain JSON", () => {
    const seen = { ...ours, file: { ...ours.file, text: "{} // mine" } };
    assert.deepEqual(obstacles(wish, seen), [
      `${json} is not plain JSON (dockerd would not start with it either): mend it by hand first`,
    ]);
    assert.deepEqual(undone(wish, seen), []);
    assert.deepEqual(steps(wish, seen), []);
  });

  it("tells which of Docker's networks lie outside the plan, by Docker's names", () => {
    const outside = docker("app0", "172.18.0.1/16", { ranges: [{ subnet: "172.18.0.0/16" }] });
    const told =
      "these networks of Docker lie outside the plan, peers do not reach their containers: 172.18.0.0/16 (app)";
    assert.ok(warnings(wish, outside).includes(told));
    const internal = docker("app0", "172.18.0.1/16", {
      ranges: [{ subnet: "172.18.0.0/16" }],
      internal: true,
    });
    assert.ok(!warnings(wish, internal).includes(told));
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
