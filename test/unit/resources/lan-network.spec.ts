import assert from "node:assert/strict";
import { due } from "../../../provider/engine/claim.js";
import type { Seen } from "../../../provider/engine/fact.js";
import type { Hanging, MadeNetwork } from "../../../provider/facts/docker-lans.js";
import type { KindOfLink } from "../../../provider/facts/ip-links.js";
import { type LanNetworkInputs, lanNetwork } from "../../../provider/resources/lan/index.js";
import { tablesOf } from "../../support/kind-tables.js";
import { withFiles } from "../../support/made.js";

type LanSeen = Seen<typeof lanNetwork.facts>;

const raw = {
  ...{
    host: "alpha",
    endpoint: "root@192.168.1.11:22",
    name: "lan",
    driver: "macvlan",
    address: "192.168.1.11",
  },
  ...{ subnet: "192.168.1.0/24", gateway: "192.168.1.1", range: "192.168.1.144/28" },
};
const stack = "mesh/production";

function read(more: object = {}): LanNetworkInputs & { readonly stack: string } {
  const checked = lanNetwork.check({ ...raw, ...more });
  assert.ok("inputs" in checked, JSON.stringify(checked));
  return { ...checked.inputs, stack };
}

function faultsOf(more: object): readonly string[] {
  const checked = lanNetwork.check({ ...raw, ...more });
  return "faults" in checked ? checked.faults.map(({ property, reason }) => `${property}: ${reason}`) : [];
}

const link = (name: string, more: Partial<KindOfLink> = {}): KindOfLink => ({
  name,
  isUp: true,
  isRunning: true,
  ...more,
});
const made = (name: string, more: Partial<MadeNetwork> = {}): MadeNetwork => ({
  ...{ id: `${name}-id`, name, driver: "bridge", options: {}, ranges: [] },
  ...more,
});
const fresh: LanSeen = {
  links: [
    { name: "lo", addresses: ["127.0.0.1/8"] },
    { name: "eth0", addresses: ["192.168.1.11/24"] },
    { name: "eth1", addresses: [] },
  ],
  routes: [],
  kinds: [link("lo"), link("eth0"), link("eth1")],
  arp: undefined,
  networks: [made("host"), made("none"), made("bridge")],
  hanging: [],
  removed: false,
  neighbours: [],
  scripts: { files: new Map(), enabled: new Set() },
};

const [firstLoad] = due(lanNetwork.claims(read(), fresh));
const ownName = /dr-[0-9a-f]{8}/.exec(firstLoad?.stdin ?? "")?.[0] ?? "";

const asker = /169\.254\.\d+\.\d+/.exec(firstLoad?.stdin ?? "")?.[0] ?? "";

/** The network as Docker shows it once it is made. */
const network = made("lan", {
  ...{ driver: "macvlan", options: { parent: "eth0" }, holder: `alpha/lan/lan of ${stack}` },
  ranges: [{ subnet: "192.168.1.0/24", range: "192.168.1.144/28", gateway: "192.168.1.1", reserved: [] }],
});

/** The host after the first change. */
const whole: LanSeen = {
  ...fresh,
  links: [...fresh.links, { name: ownName, addresses: [`${asker}/32`] }],
  kinds: [...fresh.kinds, link(ownName, { kind: "macvlan", below: "eth0" })],
  arp: true,
  routes: [{ destination: "192.168.1.144/28", interface: ownName, protocol: "219", source: "192.168.1.11" }],
  networks: [...(fresh.networks ?? []), network],
  scripts: withFiles(due(lanNetwork.claims(read(), fresh)), fresh.scripts),
};
const replaced = (more: Partial<MadeNetwork>): LanSeen => ({
  ...whole,
  networks: [...(fresh.networks ?? []), { ...network, ...more }],
});
const box: Hanging = { container: "box", networkId: "lan-id" };

const { steps, undo, drift, gone, refusals, obstacles, warnings } = tablesOf(lanNetwork);
const argvs = (commands: readonly { readonly argv: readonly string[] }[]) =>
  commands.map(({ argv }) => argv.join(" "));
const createWords = (seen: LanSeen, more: object = {}) =>
  steps(read(more), seen)
    .map(({ argv }) => argv)
    .find(([, , text]) => text?.includes("docker network create"))
    ?.slice(4)
    .join(" ");
const script = (seen: LanSeen, more: object = {}) =>
  steps(read(more), seen)[0]?.stdin?.split("\n").slice(6) ?? [];

describe("a network on the LAN", () => {
  it("is made with its links, kept at boot, and then due no more", () => {
    assert.equal(
      createWords(fresh),
      "lan -d macvlan --subnet 192.168.1.0/24 --gateway 192.168.1.1 --ip-range 192.168.1.144/28 " +
        "-o parent=eth0 --label dockroute=alpha/lan/lan of mesh/production lan",
    );
    assert.deepEqual(script(fresh), [
      `ip link show ${ownName} >/dev/null 2>&1 || ip link add ${ownName} link eth0 address 02:dc:c0:a8:01:0b type macvlan mode bridge`,
      `sysctl -q -w net.ipv4.conf.${ownName}.arp_filter=1 net.ipv4.conf.${ownName}.arp_announce=2`,
      `ip addr replace ${asker}/32 dev ${ownName} scope link`,
      `ip link set ${ownName} up`,
      `ip route replace 192.168.1.144/28 dev ${ownName} proto 219 src 192.168.1.11`,
      "",
    ]);
    assert.deepEqual(steps(read(), whole), []);
    assert.deepEqual(drift(read(), whole), []);
    assert.ok(!gone(read(), whole));
    assert.ok(gone(read(), fresh));
  });

  it("goes with all that is ours, the links after what would load them again", () => {
    const commands = argvs(undo(read(), whole)).filter((each) => /link del|network rm|45-lan-/.test(each));
    assert.equal(commands[0], "docker network rm lan");
    assert.match(commands[1] ?? "", /45-lan-/);
    assert.equal(commands.at(-1), `ip link del ${ownName}`);
  });

  it("takes an address of its range for the host where that is not in the LAN", () => {
    for (const more of [{ driver: "ipvlan" }, { vlan: 50 }]) {
      const lines = script(fresh, more);
      assert.ok(lines.includes(`ip addr replace 192.168.1.144/32 dev ${ownName}`), lines.join("\n"));
      assert.match(createWords(fresh, more) ?? "", /--aux-address dockroute0=192\.168\.1\.144 /);
    }
    assert.match(
      createWords(fresh, { driver: "ipvlan" }) ?? "",
      /-d ipvlan .*-o ipvlan_mode=l2 -o parent=eth0/,
    );
    assert.match(
      createWords(fresh, { driver: "ipvlan", reserved: ["192.168.1.144"] }) ?? "",
      /dockroute0=192\.168\.1\.145 --aux-address dockroute1=192\.168\.1\.144 /,
    );
  });

  it("leaves the way to other machines in the range on the card", () => {
    const more = { reserved: ["192.168.1.150"] };
    const route = "ip route replace 192.168.1.150 dev eth0 proto 219";
    assert.ok(script(fresh, more).includes(route));
    assert.ok(!script(fresh, { ...more, vlan: 50 }).includes(route));
    const own = { destination: "192.168.1.150", interface: "eth0", protocol: "219" };
    const both = { ...whole, routes: [...whole.routes, own] };
    assert.match(drift(read(), both).join(), /: a route to 192\.168\.1\.150$/);
    assert.equal(argvs(steps(read(), both))[0], "ip route del 192.168.1.150 dev eth0 proto 219");
    assert.ok(argvs(undo(read(more), both)).includes("ip route del 192.168.1.150 dev eth0 proto 219"));
    assert.match(drift(read(more), whole).join(), /no route to 192\.168\.1\.150 by eth0/);
  });

  it("makes a VLAN's link before Docker needs it", () => {
    const lines = script(fresh, { vlan: 50, hostAccess: false });
    assert.deepEqual(lines, [
      "ip link show eth0.50 >/dev/null 2>&1 || ip link add link eth0 name eth0.50 type vlan id 50",
      "ip link set eth0.50 alias 'dockroute lan'",
      "ip link set eth0.50 up",
      "",
    ]);
    assert.match(createWords(fresh, { vlan: 50 }) ?? "", /-o parent=eth0\.50/);
    const down = {
      ...whole,
      kinds: [
        ...whole.kinds,
        link("eth0.50", { kind: "vlan", below: "eth0", vlan: 50, alias: "dockroute lan", isUp: false }),
      ],
    };
    assert.ok(drift(read({ vlan: 50 }), down).includes("link eth0.50 of VLAN 50: down"));
  });

  it("has an ipvlan in mode l3 a range of its own and no link, and a bridge Docker's hands off the host's address", () => {
    const l3 = { driver: "ipvlan-l3", subnet: "10.91.1.0/24", range: undefined, gateway: undefined };
    assert.match(
      createWords(fresh, l3) ?? "",
      /^lan -d ipvlan --subnet 10\.91\.1\.0\/24 -o ipvlan_mode=l3 -o parent=eth0 --label/,
    );
    const onBridge = { ...fresh, kinds: [...fresh.kinds, link("br0", { kind: "bridge" })] };
    const words = createWords(onBridge, { driver: "bridge", parent: "br0" }) ?? "";
    assert.match(
      words,
      /bridge\.name=br0 -o com\.docker\.network\.bridge\.inhibit_ipv4=true .*enable_ip_masquerade=false/,
    );
  });

  it("finds its parent by the host's address, then by the gateway", () => {
    const found = (more: object, seen: LanSeen = fresh) => lanNetwork.outputs?.of(read(more), seen)["parent"];
    assert.equal(found({}), "eth0");
    assert.equal(found({ address: undefined }), "eth0");
    assert.equal(found({ parent: "eth1" }), "eth1");
    assert.equal(
      found({ address: "10.0.0.1", gateway: "192.168.7.1", subnet: "192.168.7.0/24", range: undefined }),
      undefined,
    );
  });

  it("tells what the host has in its place", () => {
    const cases: readonly [LanSeen, RegExp][] = [
      [{ ...whole, networks: fresh.networks }, /^Docker's network lan: absent$/],
      [replaced({ options: { parent: "eth1" } }), /^Docker's network lan: macvlan on eth1 192/],
      [{ ...whole, arp: false }, /: without arp_filter or arp_announce$/],
      [{ ...whole, routes: [] }, /: no route to 192\.168\.1\.144\/28 by it$/],
      [{ ...whole, kinds: fresh.kinds }, /the host's link dr-.* to its containers on lan: absent$/],
      [
        { ...whole, hanging: [{ ...box, networkId: "old" }] },
        /containers on lan: box bound to a network that is no more/,
      ],
    ];
    for (const [seen, words] of cases) {
      const told = drift(read(), seen);
      assert.equal(told.length, 1, told.join("; "));
      assert.match(told[0] ?? "", words);
      assert.notEqual(steps(read(), seen).length, 0);
    }
  });

  it("shows another value of its inputs where Docker has one", () => {
    const other = replaced({
      ranges: [{ subnet: "192.168.1.0/24", range: "192.168.1.64/28", gateway: "192.168.1.1", reserved: [] }],
    });
    assert.equal(lanNetwork.observed(read(), other).range, "192.168.1.64/28");
    assert.deepEqual(lanNetwork.observed(read(), whole), {});
  });

  it("is not changed or removed under containers, unless moveContainers says so", () => {
    const under = { ...replaced({ options: { parent: "eth1" } }), hanging: [box] };
    assert.match(
      refusals(read(), under).join(),
      /these containers hang on it: box; allowed is moveContainers: true/,
    );
    assert.deepEqual(refusals(read({ moveContainers: true }), under), []);
    assert.match(
      warnings(read({ moveContainers: true }), under).join(),
      /lan is made anew: box are taken off it/,
    );
    assert.match(obstacles(read(), { ...whole, hanging: [box] }).join(), /containers hang on lan, .*: box;/);
    assert.deepEqual(obstacles(read(), whole), []);
  });

  it("leaves a stranger's network, and one of another stack", () => {
    const { holder: _, ...unlabelled } = network;
    const strangers = {
      ...fresh,
      networks: [...(fresh.networks ?? []), { ...unlabelled, options: { parent: "eth1" } }],
    };
    assert.match(refusals(read(), strangers).join(), /somebody else made/);
    assert.ok(!argvs(undo(read(), strangers)).includes("docker network rm lan"));
    const others = {
      ...fresh,
      networks: [
        ...(fresh.networks ?? []),
        { ...network, options: {}, holder: "alpha/lan/lan of mesh/other" },
      ],
    };
    assert.match(refusals(read(), others).join(), /of the stack mesh\/other holds this/);
  });

  it("refuses what the kernel or Docker would refuse at the first container", () => {
    const cases: readonly [object, Partial<LanSeen>, RegExp][] = [
      [{ parent: "eth7" }, {}, /there is no link eth7: the host has eth0 \(192/],
      [{}, { kinds: [link("eth0", { isRunning: false })] }, /eth0 is down/],
      [
        {},
        { kinds: [link("eth0", { master: "br0" }), link("br0", { kind: "bridge" })] },
        /eth0 is a port of br0, .*take the parent br0/,
      ],
      [
        {},
        { kinds: [link("eth0"), link("vm0", { kind: "ipvlan", below: "eth0" })] },
        /eth0 has vm0, a ipvlan, on it/,
      ],
      [
        { driver: "ipvlan" },
        { kinds: [link("eth0"), link("tap", { kind: "macvtap", below: "eth0" })] },
        /macvlan or ipvlan on one link, not both/,
      ],
      [{ driver: "bridge" }, {}, /eth0 is no bridge/],
      [
        {},
        { networks: [made("old", { driver: "ipvlan", options: { parent: "eth0" } })] },
        /eth0 has Docker's network old \(ipvlan\) already/,
      ],
      [
        {},
        { networks: [made("old", { ranges: [{ subnet: "192.168.0.0/16", reserved: [] }] })] },
        /overlaps 192\.168\.0\.0\/16 of Docker's network old/,
      ],
      [{ range: "192.168.1.0/28" }, {}, /192\.168\.1\.11 of this host's eth0 lies in 192\.168\.1\.0\/28/],
      [
        {},
        { neighbours: [{ address: "192.168.1.150", mac: "02:00:00:00:00:01" }] },
        /other machines on the LAN answer in .*: 192\.168\.1\.150 \(02:/,
      ],
      [
        { vlan: 50 },
        { kinds: [link("eth0"), link("eth0.50", { kind: "vlan", below: "eth0", vlan: 51 })] },
        /eth0\.50 of somebody else that is not VLAN 50/,
      ],
      [
        { vlan: 50 },
        { kinds: [link("eth0"), link("eth0.50", { kind: "vlan", below: "eth0", vlan: 50, isUp: false })] },
        /is down, and Docker would leave it so/,
      ],
    ];
    for (const [more, seen, words] of cases) {
      const told = refusals(read(more), { ...fresh, ...seen });
      assert.match(told.join("\n"), words);
    }
    assert.deepEqual(
      refusals(read({ reserved: ["192.168.1.150"] }), {
        ...fresh,
        neighbours: [{ address: "192.168.1.150", mac: "02:00:00:00:00:01" }],
      }),
      [],
    );
    assert.match(
      warnings(read(), fresh).join(),
      /as open as a machine there, and published ports do nothing/,
    );
    assert.deepEqual(warnings(read(), whole), []);
  });

  it("does not take silence of Docker for its absence", () => {
    assert.throws(() => drift(read(), { ...whole, networks: undefined }), /cannot be used|said what/);
    assert.deepEqual(argvs(undo(read(), { ...fresh, networks: undefined, removed: true })), []);
  });

  it("refuses inputs that do not go together", () => {
    const cases: readonly [object, RegExp][] = [
      [{ gateway: undefined }, /^gateway: is missing/],
      [{ gateway: "10.0.0.1" }, /^gateway: .* is not an address of a machine in the subnet/],
      [{ range: "10.0.0.0/28" }, /^range: .* is outside the subnet/],
      [{ vlan: 0 }, /^vlan: 0 is refused/],
      [{ name: "bridge" }, /^name: "bridge" is not a network's name/],
      [
        { driver: "overlay" },
        /^driver: "overlay" is refused: allowed are macvlan, ipvlan, ipvlan-l3, bridge/,
      ],
      [{ driver: "ipvlan-l3", hostAccess: true }, /hostAccess: is refused with ipvlan-l3/],
      [{ driver: "bridge", hostAccess: false }, /^hostAccess: false is refused/],
      [{ driver: "bridge", vlan: 5 }, /^vlan: is refused with the driver bridge/],
      [{ reserved: ["192.168.1.1"] }, /^reserved: 192\.168\.1\.1 is the gateway/],
    ];
    for (const [more, words] of cases) assert.match(faultsOf(more).join("\n"), words);
  });
});
