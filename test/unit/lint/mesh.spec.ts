import assert from "node:assert/strict";
import { policy } from "../../../provider/facts/ip-rules.js";
import { strictLinks } from "../../../provider/facts/reverse-path.js";
import { type Intent, lint, type Standing } from "../../../provider/lint/mesh.js";
import type { Ground } from "../../../provider/resources/host/network.js";
import { changeOf, setChange } from "../../../provider/resources/host/set-change.js";
import { readFrom, said } from "../../support/recorded.js";
import { wayOf } from "../../support/ways.js";

const lo = { name: "lo", addresses: ["127.0.0.1/8"], mtu: 65536 };
const docker0 = (own: string) => ({ name: "docker0", addresses: [own], mtu: 1500 });

/** A network that a person made, as Docker reports it. */
const side: NonNullable<Ground["dockerNetworks"]>[number] = {
  ...{ id: "0123456789ab", name: "side", driver: "bridge", bridge: "br-0123456789ab", isDefault: false },
  ...{ ranges: [], internal: false, gatewayMode: { ipv4: "nat", ipv6: "nat" }, masquerades: true, icc: true },
  ...{ scope: "local", ingress: false, containers: 0 },
};

function host(
  name: string,
  at: number,
  ground: Partial<Ground> = {},
  more: Partial<Standing> = {},
): Standing {
  const address = `192.168.1.${at}`;
  const links = [lo, { name: "eth0", addresses: [`${address}/24`], mtu: 1500 }, docker0("172.17.0.1/16")];
  const routes = [
    { destination: "default", gateway: "192.168.1.254", interface: "eth0" },
    { destination: "192.168.1.0/24", interface: "eth0", protocol: "kernel" },
    { destination: "172.17.0.0/16", interface: "docker0", protocol: "kernel" },
  ];
  const resolvers = ["9.9.9.9"];
  return {
    ...{ name, address, strict: new Set<string>(), policy: { rules: [], routes: [] } },
    ground: {
      ...{ links, routes, resolvers, client: "192.168.1.99", machine: `m${at}`, dockerNetworks: [side] },
      ...{ ways: new Map(), ...ground },
    },
    ...more,
  };
}

const [alpha, beta] = [host("alpha", 1), host("beta", 2)];
const linksOf = ({ ground }: Standing, ...more: Ground["links"]) => [...ground.links, ...more];
const routesOf = ({ ground }: Standing, ...more: Ground["routes"]) => [...ground.routes, ...more];

function found(hosts: readonly Standing[], more: Partial<Intent> = {}): readonly string[] {
  const addresses = Object.fromEntries(hosts.map(({ name, address }) => [name, address]));
  const intent = { pool: "172.30.0.0/16", addresses, ...more };
  const all = [...Object.values(intent.addresses), ...hosts.map(({ address }) => address)];
  const asked = hosts.map((each) => ({
    ...each,
    ground: { ...each.ground, ways: new Map(all.map((to) => [to, wayOf(each.ground, to)])) },
  }));
  return lint(intent, asked).map(({ level, text }) => `${level}: ${text}`);
}

describe("the lint of a mesh", () => {
  it("finds nothing in a healthy mesh, before and after it was made", () => {
    assert.deepEqual(found([alpha, beta]), []);
    const made = host("alpha", 1, {
      links: [
        ...alpha.ground.links.slice(0, 2),
        docker0("172.30.16.1/24"),
        { name: "br-0123456789ab", addresses: ["172.30.17.1/24"] },
      ],
      routes: routesOf(
        alpha,
        { destination: "172.30.0.0/20", gateway: "192.168.1.2", interface: "eth0", protocol: "219" },
        { destination: "172.30.17.0/24", interface: "br-0123456789ab", protocol: "kernel" },
      ),
    });
    assert.deepEqual(found([made, beta], { hostPrefix: 20 }), []);
  });

  it("names all that one host has in the pool in one line", () => {
    const full = host("alpha", 1, {
      links: linksOf(
        alpha,
        { name: "eth1", addresses: ["172.30.88.1/24"] },
        { name: "br-0123456789ab", addresses: ["172.30.77.1/24"] },
      ),
      routes: routesOf(
        alpha,
        { destination: "172.16.0.0/12", interface: "wg0", protocol: "static" },
        { destination: "172.30.99.1", gateway: "192.168.1.7", interface: "eth0" },
      ),
      resolvers: ["172.30.53.53"],
      client: "172.30.1.9",
    });
    assert.deepEqual(found([full, beta]), [
      "warning: alpha: the pool 172.30.0.0/16 contains the network 172.30.88.0/24 of eth1; " +
        "Docker's network 172.30.77.0/24 of br-0123456789ab; the route to 172.16.0.0/12 by wg0; " +
        "the route to 172.30.99.1 via 192.168.1.7 by eth0; the resolver 172.30.53.53; " +
        "the address that this login comes from, 172.30.1.9: a host subnet over one of them is refused, or hides it from alpha",
    ]);
  });

  it("names a host that is not on the link of its peers, and the gateway in between", () => {
    const far = { alpha: "192.168.1.1", beta: "192.168.1.2", gamma: "10.1.2.3", delta: "10.1.2.4" };
    const text = (name: string, at: number) =>
      `error: ${name}, with eth0 (192.168.1.${at}/24), is on no link of gamma (10.1.2.3), delta (10.1.2.4): ` +
      "between them is the gateway 192.168.1.254 on eth0; a direct route needs both on one layer-2 network; " +
      "hosts of different networks need a `site` each, and `dockroute:between`";
    assert.deepEqual(found([alpha, beta], { addresses: far }), [text("alpha", 1), text("beta", 2)]);
    const sites = { alpha: "fra", beta: "fra", gamma: "home", delta: "home" };
    assert.deepEqual(found([alpha, beta], { addresses: far, sites }), []);
    const wrong = { ...sites, delta: "fra" };
    assert.match(
      found([alpha, beta], { addresses: far, sites: wrong })[0] ?? "",
      /on no link of delta \(10\.1\.2\.4\):/,
    );
    const island = host("alpha", 1, { routes: alpha.ground.routes.slice(1) });
    assert.match(
      found([island], { addresses: far })[0] ?? "",
      /: it has no route there \("RTNETLINK answers: Network is unreachable"\); a direct/,
    );
    const closer = host("alpha", 1, {
      routes: routesOf(alpha, { destination: "10.1.0.0/16", gateway: "192.168.1.7", interface: "eth0" }),
    });
    assert.match(
      found([closer], { addresses: far })[0] ?? "",
      /between them is the gateway 192\.168\.1\.7 on eth0/,
    );
  });

  it("tells one machine under two names from copies of one disk", () => {
    const copy = host("beta", 2, { machine: "m1" });
    assert.match(
      found([alpha, copy]).join(),
      /^warning: alpha and beta have the same machine-id, m1, as copies of one disk/,
    );
    const same = { ...alpha, name: "beta" };
    assert.match(found([alpha, same]).join(), /^error: alpha and beta are one machine, m1, under two names/);
    const untold = [alpha, beta].map((each) => ({ ...each, ground: { ...each.ground, machine: undefined } }));
    assert.deepEqual(found(untold), []);
  });

  it("names a card with a smaller MTU than its peers'", () => {
    const small = host("alpha", 1, {
      links: alpha.ground.links.map((link) => (link.name === "eth0" ? { ...link, mtu: 1400 } : link)),
    });
    assert.deepEqual(found([small, beta, host("gamma", 3)]), [
      "warning: alpha: its card takes packets of 1400 bytes, that of beta 1500, gamma 1500: larger packets do not arrive; " +
        'make them the same, or set "mtu": 1400 in daemon.json of the others',
    ]);
  });

  it("names an address that the host does not have, and an address that it does not send from", () => {
    const [gamma, way] = [host("gamma", 3), { destination: "192.168.1.0/24", interface: "eth0" }];
    assert.deepEqual(found([alpha, { ...beta, address: "192.168.1.77" }]), [
      "warning: beta: none of its cards has the address 192.168.1.77, only 192.168.1.2: what peers send to its containers " +
        "goes to whoever answers there; take one of its own into dockroute:hosts unless that is meant",
    ]);
    const links = alpha.ground.links.map((link) =>
      link.name === "eth0" ? { ...link, addresses: [...link.addresses, "192.168.1.11/24"] } : link,
    );
    const sends = (source: string) => ({ ...way, protocol: "kernel", source });
    const two = (source: string) => {
      const known = host("alpha", 1, { links, routes: [sends(source)] });
      return { ...known, address: "192.168.1.11" };
    };
    assert.deepEqual(found([two("192.168.1.1"), beta, gamma]), [
      "warning: alpha: it sends to beta, gamma from 192.168.1.1, and peers let in 192.168.1.11 alone: what alpha itself sends " +
        "to their containers is dropped, what its containers send is not; take 192.168.1.1 into dockroute:hosts, or " +
        "`ip route change` the route of that network to `src 192.168.1.11`",
    ]);
    assert.deepEqual(found([two("192.168.1.11"), beta, gamma]), []);
  });

  it("refuses a table before main that leads the whole pool elsewhere, and not one that holds a part of it", () => {
    const rules = "5270:\tfrom all lookup 52\n32766:\tfrom all lookup main\n";
    const has = (way: string) =>
      host("alpha", 1, {}, { policy: readFrom(policy, said(`${rules}table 52 ${way}\n`)) });
    const texts = (way: string) =>
      lint({ pool: "172.30.0.0/16", addresses: {} }, [has(way)]).map(({ text }) => text);
    assert.deepEqual(texts("172.30.0.0/16 dev vpn0"), [
      "alpha: packets of containers to the pool 172.30.0.0/16 would not go to the peers: the policy rule 5270 " +
        '("from all lookup 52") comes before the main table, and table 52 has "172.30.0.0/16 dev vpn0"; take that range out ' +
        "of the table, or let a rule before it lead to the main table: `ip rule add pref NUMBER to 172.30.0.0/16 lookup main`",
    ]);
    assert.deepEqual(texts("172.30.9.0/24 dev vpn0"), []);
  });

  it("tells of a rule for the host's own address, by which its own processes would miss the peers", () => {
    const table = "table 100 default via 192.168.1.254 dev eth0\n";
    const texts = (rule: string) => {
      const found = readFrom(
        policy,
        said(`100:\t${rule} lookup 100\n32766:\tfrom all lookup main\n${table}`),
      );
      return lint({ pool: "172.30.0.0/16", addresses: {} }, [host("alpha", 1, {}, { policy: found })]).map(
        ({ level, text }) => `${level}: ${text.split(":")[1]}`,
      );
    };
    const itself = [
      "warning:  what alpha itself, not its containers, sends to the peers' containers would not go to the peers",
    ];
    assert.deepEqual(texts("from 192.168.1.1"), itself);
    assert.deepEqual(texts("from all iif lo"), itself);
    assert.deepEqual(texts("from 192.168.1.77"), []);
    // A rule that leads the containers elsewhere too is refused, and told once.
    assert.equal(texts("from all").length, 1);
  });

  it("refuses a strict rp_filter only where the route back to a peer is on another card", () => {
    const two = (strict: readonly string[], more: Partial<Standing> = {}) =>
      host(
        "alpha",
        1,
        {
          links: linksOf(alpha, { name: "eth1", addresses: ["10.1.2.1/24"], mtu: 1500 }),
          routes: routesOf(alpha, { destination: "10.1.2.0/24", interface: "eth1", protocol: "kernel" }),
        },
        { strict: new Set(strict), ...more },
      );
    const mesh = { addresses: { alpha: "192.168.1.1" } };
    const ofFar = linksOf(beta, { name: "eth1", addresses: ["10.1.2.2/24"], mtu: 1500 });
    const far = { ...host("beta", 2, { links: ofFar }), address: "10.1.2.2" };
    const text =
      "error: alpha: rp_filter is strict on eth0, where packets of beta come in, and the route back to them is on eth1: the kernel drops them; " +
      "`sysctl -w net.ipv4.conf.eth0.rp_filter=2`, or set `interface: eth0` for it, or take addresses of one network into dockroute:hosts";
    assert.deepEqual(found([two(["eth0"]), far], mesh), [text]);
    assert.deepEqual(found([two(["eth0"], { interface: "eth1" }), beta], mesh), [text]);
    assert.deepEqual(found([two(["eth1"]), far], mesh), []);
    assert.deepEqual(found([two(["eth0"]), beta], mesh), []);
  });
});

describe("rp_filter", () => {
  it("is strict where the higher of both values is 1", () => {
    const values = (all: number) =>
      said(
        `all/rp_filter:${all}\ndefault/rp_filter:1\neth0/rp_filter:1\neth0.5/rp_filter:2\nlo/rp_filter:0\n`,
      );
    assert.deepEqual([...readFrom(strictLinks(), values(0))], ["eth0"]);
    assert.deepEqual([...readFrom(strictLinks(), values(1))], ["eth0", "lo"]);
    assert.deepEqual([...readFrom(strictLinks(), values(2))], []);
  });
});

describe("a change of a list", () => {
  it("is told by the items that come and go, not by those that move up", () => {
    assert.equal(setChange(["a", "b", "c"], ["b", "c", "d"]), "from now on also d; no longer a");
    assert.equal(setChange(["a"], ["a"]), undefined);
    assert.deepEqual(changeOf("let in", ["a"], []), ["let in: no longer a"]);
    assert.deepEqual(changeOf("let in", undefined, ["a"]), []);
  });
});
