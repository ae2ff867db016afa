import assert from "node:assert/strict";
import { type LanConfig, type LanHost, lanPlan, PlanError } from "../../../provider/plan/index.js";

const lan: LanConfig = {
  ...({ name: "lan", driver: "macvlan" } as const),
  ...{ subnet: "192.168.1.0/24", gateway: "192.168.1.1", range: "192.168.1.128/25", hostPrefix: 28 },
};
const alpha: LanHost = { name: "alpha", address: "192.168.1.11" };
const beta: LanHost = { name: "beta", address: "192.168.1.12" };
const hosts = [alpha, beta];

function faultsOf(lans: readonly Partial<LanConfig>[], of: readonly LanHost[] = hosts, pool?: string) {
  try {
    lanPlan({ lans: lans.map((each) => ({ ...lan, ...each })), hosts: of, ...(pool && { pool }) });
  } catch (error) {
    assert.ok(error instanceof PlanError);
    return error.faults.map(({ property, reason }) => `${property}: ${reason}`);
  }
  return [];
}

/** A config with one fault, and the words that tell it. */
const faults: readonly [string, Partial<LanConfig>, RegExp][] = [
  ["a name that Docker has", { name: "host" }, /^lans\[0\]\.name: "host" is refused/],
  [
    "host bits in the subnet",
    { subnet: "192.168.1.7/24" },
    /^lans\[0\]\.subnet: .*the network is 192.168.1.0\/24/,
  ],
  ["a range outside the subnet", { range: "192.168.2.0/25" }, /^lans\[0\]\.range: .* is outside the subnet/],
  ["no range", { range: undefined }, /^lans\[0\]\.range: is missing/],
  ["no gateway", { gateway: undefined }, /^lans\[0\]\.gateway: is missing: the LAN's router/],
  [
    "the broadcast address as gateway",
    { gateway: "192.168.1.255" },
    /^lans\[0\]\.gateway: .* is not an address of a machine/,
  ],
  ["a gateway elsewhere", { gateway: "192.168.2.1" }, /^lans\[0\]\.gateway: /],
  [
    "an excluded address elsewhere",
    { exclude: ["10.0.0.1"] },
    /^lans\[0\]\.exclude\[0\]: .*excludes nothing/,
  ],
  ["a piece larger than the range", { hostPrefix: 24 }, /^lans\[0\]\.hostPrefix: 24 is refused: .* 25 to 32/],
  [
    "a piece without room for ipvlan's own address",
    { driver: "ipvlan", hostPrefix: 32 },
    /25 to 31, is allowed/,
  ],
  ["VLAN 0", { vlan: 0 }, /^lans\[0\]\.vlan: 0 is refused: a VLAN's id is a whole number from 1 to 4094/],
  ["VLAN 4095", { vlan: 4095 }, /^lans\[0\]\.vlan: 4095 is refused/],
  [
    "a VLAN of a bridge",
    { driver: "bridge", vlan: 5 },
    /^lans\[0\]\.vlan: 5 is refused with the driver bridge/,
  ],
  ["a parent that is no name", { parent: "eth0 up" }, /^lans\[0\]\.parent: "eth0 up" is not a link's name/],
  [
    "an unknown host",
    { hosts: ["alpha", "gamma"] },
    /^lans\[0\]\.hosts\[1\]: "gamma" is no host of the config; allowed are alpha, beta/,
  ],
  [
    "a gateway with ipvlan-l3",
    { driver: "ipvlan-l3", subnet: "10.91.0.0/16", range: undefined },
    /^lans\[0\]\.gateway: is refused with ipvlan-l3/,
  ],
  [
    "hosts inside an ipvlan-l3 subnet",
    { driver: "ipvlan-l3", gateway: undefined },
    /^lans\[0\]\.subnet: .*alpha \(192.168.1.11\), beta/,
  ],
  [
    "too few pieces",
    { range: "192.168.1.128/28" },
    /^lans\[0\]\.range: .* is full: it has 1 piece of \/28, and 2 hosts need one/,
  ],
];

describe("the planner of LANs", () => {
  it("gives each host a piece, with the addresses in it that others have", () => {
    const config = {
      ...lan,
      range: "192.168.1.0/24",
      hostPrefix: 28,
      exclude: ["192.168.1.3", "192.168.1.20"],
    };
    assert.deepEqual(lanPlan({ lans: [config], hosts }), {
      lan: {
        alpha: {
          ...{ address: "192.168.1.11", range: "192.168.1.0/28" },
          // The gateway is none of them: Docker refuses it there, and keeps it free by itself.
          reserved: ["192.168.1.3", "192.168.1.11", "192.168.1.12"],
        },
        beta: { address: "192.168.1.12", range: "192.168.1.16/28", reserved: ["192.168.1.20"] },
      },
    });
  });

  it("gives no piece that other machines fill", () => {
    const config = {
      ...lan,
      range: "192.168.1.0/29",
      hostPrefix: 30,
      exclude: ["192.168.1.2", "192.168.1.3"],
    };
    const [only] = faultsOf([config]);
    assert.match(
      only ?? "",
      /it has 1 piece of \/30 beside 1 that other machines fill, and 2 hosts need one/,
    );
    const one = lanPlan({ lans: [{ ...config, hosts: ["beta"] }], hosts });
    assert.equal(one["lan"]?.["beta"]?.range, "192.168.1.4/30");
  });

  it("keeps the piece of a machine that is named anew", () => {
    const before = lanPlan({ lans: [lan], hosts });
    const after = lanPlan({ lans: [lan], hosts: [alpha, { ...beta, name: "able" }] }, before);
    assert.deepEqual(after["lan"]?.["able"], before["lan"]?.["beta"]);
  });

  it("plans each LAN for its own hosts, and two VLANs with the same addresses on different hosts", () => {
    const lans = [
      { ...lan, name: "fifty", vlan: 50, hosts: ["alpha"] },
      { ...lan, name: "sixty", vlan: 60, hosts: ["beta"] },
    ];
    assert.deepEqual(
      Object.entries(lanPlan({ lans, hosts })).map(([name, pieces]) => [name, Object.keys(pieces)]),
      [
        ["fifty", ["alpha"]],
        ["sixty", ["beta"]],
      ],
    );
  });

  it("gives ipvlan-l3 pieces of its whole subnet", () => {
    const routed = {
      ...({ name: "l3", driver: "ipvlan-l3" } as const),
      ...{ subnet: "10.91.0.0/16", hostPrefix: 24 },
    };
    const [first, second] = Object.values(lanPlan({ lans: [routed], hosts })["l3"] ?? {});
    assert.deepEqual([first?.range, second?.range], ["10.91.0.0/24", "10.91.1.0/24"]);
  });

  for (const [title, change, words] of faults) {
    it(`refuses ${title}`, () => {
      const found = faultsOf([change]);
      assert.ok(found.length >= 1, "it is taken");
      assert.match(found.join("\n"), new RegExp(words.source, "m"));
    });
  }

  it("refuses pins that are wrong, or that another host has", () => {
    const pin = (host: LanHost, range: string) => ({ ...host, lans: { lan: { range } } });
    const at = (range: string) => faultsOf([{}], [pin(alpha, range), beta]).join();
    assert.match(at("192.168.1.0/28"), /^hosts\[0\]\.lans\.lan\.range: .* is outside the range/);
    assert.match(at("192.168.1.128/29"), /has the wrong size: a host's piece of lan is a \/28/);
    const same = [pin(alpha, "192.168.1.128/28"), pin(beta, "192.168.1.128/28")];
    assert.match(
      faultsOf([{}], same).join(),
      /hosts\[1\]\.lans\.lan\.range: .* is the pin of "alpha" already/,
    );
    const before = lanPlan({ lans: [lan], hosts });
    assert.throws(
      () => lanPlan({ lans: [lan], hosts: [pin(alpha, "192.168.1.144/28"), beta] }, before),
      /192.168.1.144\/28, the pin of "alpha", is the piece of "beta", which has no pin/,
    );
  });

  it("refuses options for a LAN that the host has not", () => {
    const strange = { ...alpha, lans: { land: {} } };
    assert.match(faultsOf([{}], [strange]).join(), /^hosts\[0\]\.lans\.land: there is no LAN "land"/);
    const other = { ...alpha, lans: { lan: {} } };
    assert.match(
      faultsOf([{ hosts: ["beta"] }], [other, beta]).join(),
      /alpha is not among the hosts of lan/,
    );
  });

  it("refuses LANs that meet each other or the pool", () => {
    const second = { name: "second", range: "192.168.1.64/26" };
    assert.match(
      faultsOf([{}, second]).join(),
      /^lans\[1\]\.subnet: .*alpha has both: Docker takes a subnet once/,
    );
    const apart = [{ hosts: ["alpha"] }, { name: "second", hosts: ["beta"] }];
    assert.match(faultsOf(apart).join(), /^lans\[1\]\.range: .*two containers could get one address/);
    assert.match(faultsOf([{}, {}]).join(), /^lans\[1\]\.name: "lan" is already the name of lans\[0\]/);
    assert.match(faultsOf([{}], hosts, "192.168.0.0/16").join(), /^lans\[0\]\.subnet: .*overlaps the pool/);
  });

  it("tells every fault of all LANs at once", () => {
    const found = faultsOf([
      { vlan: 0, gateway: "10.0.0.1" },
      { name: "second", range: "10.0.0.0/28", hostPrefix: 40 },
    ]);
    assert.deepEqual(
      found.map((text) => text.split(": ")[0]),
      ["lans[0].vlan", "lans[0].gateway", "lans[1].range", "lans[1].hostPrefix"],
    );
  });
});
