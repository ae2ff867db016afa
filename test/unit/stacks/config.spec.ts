import assert from "node:assert/strict";
import { readConfig } from "../../../stacks/config.js";
import { ConfigError } from "../../../stacks/faults.js";
import type { Source } from "../../../stacks/source.js";

const alpha = { name: "alpha", address: "192.168.145.128" };
const beta = { name: "beta", address: "192.168.145.129" };

/** A source as the engine gives it: text as it is, all else as JSON text. */
function source(keys: Readonly<Record<string, unknown>>, more: Partial<Source> = {}): Source {
  const base: Readonly<Record<string, unknown>> = { pool: "172.30.0.0/16", hosts: [alpha, beta], ...keys };
  const given = Object.entries(base).filter(([, value]) => value !== undefined);
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const values = Object.fromEntries(given.map(([key, value]) => [`dockroute:${key}`, text(value)]));
  return { values, secretKeys: [], ...more };
}

function faults(from: Source): Record<string, string> {
  try {
    readConfig(from);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.faults.map(({ property, reason }) => [property, reason]));
  }
  return {};
}

const withHost = (more: object) => source({ hosts: [alpha, { ...beta, ...more }] });

describe("a stack's config", () => {
  it("is read with its defaults", () => {
    assert.deepEqual(readConfig(source({})), {
      mesh: { pool: "172.30.0.0/16", hosts: [alpha, beta] },
      plan: {
        alpha: { address: "192.168.145.128", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
        beta: { address: "192.168.145.129", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
      },
      hosts: [
        { name: "alpha", endpoint: "root@192.168.145.128:22" },
        { name: "beta", endpoint: "root@192.168.145.129:22" },
      ],
      leaving: [],
      lans: { lans: [], plan: {}, parents: {} },
      maxUnavailable: 1,
      check: false,
      routes: "pair",
    });
  });

  it("is read with every key", () => {
    const connection = { user: "ops", knownHostsFile: "~/.ssh/known_hosts" };
    const own = { port: 2222, host: "bastion.example" };
    const read = readConfig(
      source({
        hostPrefix: 20,
        bridgePrefix: 24,
        networkPrefix: 26,
        maxUnavailable: 2,
        check: true,
        routes: "host",
        connection,
        hosts: [alpha, { ...beta, subnet: "172.30.16.0/20", interface: "eth0.100", connection: own }],
        leaving: [
          { name: "delta", connection: { port: 2222 } },
          { name: "omega", gone: true },
        ],
      }),
    );
    assert.deepEqual(read.hosts, [
      { name: "alpha", endpoint: "ops@192.168.145.128:22" },
      { name: "beta", endpoint: "ops@bastion.example:2222", interface: "eth0.100" },
    ]);
    assert.deepEqual(read.leaving, [
      { name: "delta", gone: false },
      { name: "omega", gone: true },
    ]);
    assert.equal(read.maxUnavailable, 2);
    assert.equal(read.check, true);
    assert.equal(read.routes, "host");
    assert.equal(read.plan["beta"]?.bridgeAddress, "172.30.16.1/24");
  });

  it("has the sites of hosts and the way between them", () => {
    const hosts = [
      { ...alpha, site: "fra" },
      { ...beta, site: "home", publicAddress: "none" },
    ];
    const { mesh } = readConfig(source({ hosts, between: "wireguard", link: { mtu: 1320 } }));
    assert.deepEqual(mesh, {
      ...{ pool: "172.30.0.0/16", between: "wireguard", link: { mtu: 1320 } },
      hosts,
    });
  });

  it("may be without hosts, for a mesh with no members left", () => {
    assert.deepEqual(readConfig(source({ hosts: [] })).plan, {});
  });

  it("leaves other namespaces alone", () => {
    const base = source({});
    assert.deepEqual(faults({ ...base, values: { ...base.values, "aws:region": "eu-central-1" } }), {});
  });
});

describe("a stack's config is refused", () => {
  const known = [
    "pool",
    "hostPrefix",
    "bridgePrefix",
    "networkPrefix",
    "maxUnavailable",
    "check",
    "routes",
    "between",
    "link",
    "connection",
    "hosts",
    "leaving",
    "lans",
  ];
  const nic = 'is not an interface name: 1 to 15 letters, digits, "_", ".", "@" and "-" are allowed, ';
  const twoSites = [
    { ...alpha, site: "fra" },
    { ...beta, site: "home" },
  ];
  const cases: [string, Source, Record<string, string>][] = [
    [
      "with a way between sites that nobody has, and a link's setting that is no number",
      source({ hosts: twoSites, between: "gre", link: { port: "51820", ports: 1 } }),
      {
        "dockroute:between": '"gre" is refused: wireguard, vxlan, routed or refuse is allowed',
        "dockroute:link.port": '"51820" is refused: a number is allowed',
        "dockroute:link.ports": "is not known; known are port, mtu, keepalive",
      },
    ],
    [
      "with a key that nobody reads",
      source({ pol: "172.30.0.0/16" }),
      { "dockroute:pol": `is not known; known are ${known.map((key) => `dockroute:${key}`).join(", ")}` },
    ],
    [
      "without a pool and hosts",
      source({ pool: undefined, hosts: undefined }),
      {
        "dockroute:hosts": "is missing: a list of { name, address } is needed",
        "dockroute:pool": "is missing: the range that hosts' subnets are taken from, like 172.30.0.0/16",
      },
    ],
    [
      "with a key that no host has",
      withHost({ subnets: "172.30.1.0/24" }),
      {
        "dockroute:hosts[1].subnets":
          "is not known; known are name, address, subnet, site, publicAddress, interface, lans, connection",
      },
    ],
    [
      "with a part that has host bits",
      withHost({ subnet: "172.30.1.5/24" }),
      { "dockroute:hosts[1].subnet": "172.30.1.5/24 has host bits set; the network is 172.30.1.0/24" },
    ],
    [
      "with an address that some programs read as octal",
      withHost({ address: "010.0.0.1" }),
      {
        "dockroute:hosts[1].address":
          '"010.0.0.1" is refused: an IPv4 address is four numbers from 0 to 255 without leading zeros, like 192.168.145.128',
      },
    ],
    [
      "with an interface that a shell would run",
      withHost({ interface: "eth0;reboot" }),
      {
        "dockroute:hosts[1].interface": `"eth0;reboot" ${nic}beginning with a letter, a digit or a _, like eth0`,
      },
    ],
    [
      "with a name that YAML reads as a number",
      withHost({ name: 12 }),
      { "dockroute:hosts[1].name": "12 is not text; put it in quotes" },
    ],
    [
      "with a host that has no address",
      source({ hosts: [{ name: "alpha" }] }),
      { "dockroute:hosts[0].address": "is missing" },
    ],
    [
      "with a prefix that is no number",
      source({ hostPrefix: "wide" }),
      { "dockroute:hostPrefix": '"wide" is refused: a prefix length is allowed, like 24' },
    ],
    [
      "with a prefix that does not fit",
      source({ hostPrefix: 31 }),
      { "dockroute:hostPrefix": "31 is refused: a prefix length that fits the pool, 16 to 30, is allowed" },
    ],
    [
      "with no host that may be down",
      source({ maxUnavailable: 0 }),
      { "dockroute:maxUnavailable": "0 is refused: a whole number from 1 is allowed" },
    ],
    [
      "with a check that is no yes and no no",
      source({ check: "often" }),
      { "dockroute:check": '"often" is refused: true or false is allowed' },
    ],
    [
      "with hosts that are no list",
      source({ hosts: { alpha } }),
      { "dockroute:hosts": "is not a list: a list of { name, address } is needed" },
    ],
    [
      "with a host that stays and leaves",
      source({ leaving: [{ name: "beta" }] }),
      {
        "dockroute:leaving[0].name":
          '"beta" is also dockroute:hosts[1]; a host that stays does not leave: take it out of one of the two',
      },
    ],
    [
      "with a host that leaves twice",
      source({ leaving: [{ name: "omega" }, { name: "omega", gone: true }] }),
      { "dockroute:leaving[1].name": '"omega" is already dockroute:leaving[0]; once is enough' },
    ],
    [
      "with a host that is gone in other words",
      source({ leaving: [{ name: "omega", gone: "yes" }] }),
      { "dockroute:leaving[0].gone": '"yes" is refused: true or false is allowed' },
    ],
    [
      "with routes of neither kind",
      source({ routes: "both" }),
      { "dockroute:routes": '"both" is refused: pair or host is allowed' },
    ],
  ];
  for (const [what, from, expected] of cases) it(what, () => assert.deepEqual(faults(from), expected));

  for (const name of ["", "sixteen-letters-", "a/b", "a b", "eth0\n", "-i", "$(id)", "eth0:1", "..", "ü"]) {
    it(`with an interface ${JSON.stringify(name)}`, () => {
      assert.deepEqual(Object.keys(faults(withHost({ interface: name }))), ["dockroute:hosts[1].interface"]);
    });
  }

  it("with a connection that has a mistyped field, whose value stays untold", () => {
    const told = faults(source({ connection: { pasword: "not-to-be-told" } }));
    assert.deepEqual(Object.keys(told), ["dockroute:connection.pasword"]);
    assert.ok(!JSON.stringify(told).includes("not-to-be-told"));
  });

  it("for every fault at once, whoever finds it", () => {
    const hosts = [
      { name: "Alpha", address: "172.30.1.1", interface: "eth0;reboot" },
      { ...beta, subnet: "172.31.0.0/24", connection: { port: 0 } },
      { name: "beta", address: 5, mtu: 1400 },
    ];
    const config = source({
      hosts,
      connection: { password: "open" },
      maxUnavailable: 1.5,
      bridgePrefix: 8,
      extra: 1,
    });
    assert.deepEqual(Object.keys(faults(config)).sort(), [
      "dockroute:bridgePrefix",
      "dockroute:connection.password",
      "dockroute:extra",
      "dockroute:hosts[0].address",
      "dockroute:hosts[0].interface",
      "dockroute:hosts[0].name",
      "dockroute:hosts[1].connection.port",
      "dockroute:hosts[1].subnet",
      "dockroute:hosts[2].address",
      "dockroute:hosts[2].mtu",
      "dockroute:hosts[2].name",
      "dockroute:maxUnavailable",
    ]);
    const said = /^the stack's config has 12 faults, nothing was changed:\n( - dockroute:[^\n]+\n?){12}$/;
    assert.throws(() => readConfig(config), { name: "Error", message: said });
  });
});
