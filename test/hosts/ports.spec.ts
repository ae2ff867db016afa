/**
 * The ways to a container from outside grow by exactly those of the plan, on every backend: a scan before
 * and after, from a peer's container, a peer itself, a stranger, and one with an address that nobody was given.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { until } from "../../lab/run.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";
import { forwardRule } from "../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { atStranger, inBox, onHost, open, serve } from "../support/doors.js";
import { Driver } from "../support/drive.js";
import { Scene } from "../support/scene.js";

const hosts = [
  { name: "alpha", image: "docker20" },
  { name: "beta", image: "docker28" },
  { name: "gamma", image: "docker29-nft" },
] as const;
const served = ["tcp/81", "tcp/82", "tcp/83", "udp/53", "udp/54"];
const doors = ["icmp", "tcp/80", ...served];
const unallocated = "172.30.99.7";
const part = (at: number) => `172.30.${at + 1}.0/24`;

/** "peer's box -> alpha tcp/81" */
type Opened = readonly string[];

describe("the set of doors into a container", () => {
  let scene: Scene;
  let driver: Driver;
  let stranger: Stranger;
  let found: Opened;

  const all = (): readonly Host[] => scene.lab.hosts;
  const sources = (at: number, withHosts: boolean): readonly string[] =>
    all().flatMap(({ address }, peer) =>
      peer === at ? [] : withHosts ? [part(peer), `${address}/32`] : [part(peer)],
    );
  const limited = (at: number, ports: readonly string[]) => ({
    destination: part(at),
    sources: sources(at, false),
    ports,
  });
  const everywhere = (work: (host: Host, at: number) => Promise<void>) => Promise.all(all().map(work));

  before(async () => {
    scene = await Scene.set("f2po", hosts);
    driver = new Driver(scene.lab);
    stranger = await scene.lab.stranger("outside");
    await stranger.run(["ip", "addr", "add", `${unallocated}/32`, "dev", "eth0"]);
    await scene.startBoxes();
    await everywhere(async (host, at) => {
      await driver.make(dockerBridge, host.name, { bip: part(at).replace("0/24", "1/24") });
    });
    await everywhere(async (host, at) => {
      for (const [peer, { name, address }] of all().entries()) {
        if (peer !== at) {
          await driver.make(peerRoute, host.name, { peer: name, destination: part(peer), gateway: address });
        }
      }
      const exclude = all().flatMap((_, peer) => (peer === at ? [] : [part(peer)]));
      await driver.make(masqueradeRule, host.name, { source: part(at), exclude });
    });
    await ready();
  });
  after(async () => {
    await driver?.close();
    await scene?.strike();
  });

  /** The boxes serve, the stranger has its routes, and each host would answer to the address that nobody has. */
  async function ready(): Promise<void> {
    await everywhere(async (host, at) => {
      await until(
        `the box of ${host.name}`,
        30_000,
        async () => (await host.exec("docker exec box true")).code === 0,
      );
      await serve(host, served);
      await host.run(["ip", "route", "replace", `${unallocated}/32`, "via", stranger.address]);
      await stranger.run(["ip", "route", "replace", part(at), "via", host.address]);
    });
  }

  async function scan(): Promise<Opened> {
    const opened = await Promise.all(
      all().map(async (host, at) => {
        const peer = all()[(at + 1) % hosts.length] ?? host;
        const to = await boxAddress(host);
        const looks = [
          ["peer's box", open(inBox(peer), to, doors)],
          ["peer", open(onHost(peer), to, doors)],
          ["stranger", open(atStranger(stranger), to, doors, stranger.address)],
          ["unallocated", open(atStranger(stranger), to, doors, unallocated)],
        ] as const;
        const each = await Promise.all(
          looks.map(async ([who, look]) => (await look).map((door) => `${who} -> ${host.name} ${door}`)),
        );
        return each.flat();
      }),
    );
    return opened.flat().sort();
  }

  const grown = async (): Promise<Opened> => (await scan()).filter((line) => !found.includes(line));
  /** Docker 20.10 lets everybody in there; before its own rule the peer did not let the answer back. */
  const dockersOwn = "peer's box -> alpha tcp/80";
  const expected = (who: readonly string[], allowed: readonly string[]): Opened =>
    all()
      .flatMap(({ name }) => who.flatMap((one) => allowed.map((door) => `${one} -> ${name} ${door}`)))
      .concat(dockersOwn)
      .filter((line, at, lines) => lines.indexOf(line) === at)
      .filter((line) => !found.includes(line))
      .sort();

  it("without a forward rule: none but those that Docker itself has open", async () => {
    found = await scan();
    assert.deepEqual(
      found.filter((line) => !line.endsWith(" alpha tcp/80")),
      [],
    );
  });

  it("grows by every door for the peers and their containers, and for nobody else", async () => {
    await everywhere((host, at) =>
      driver.make(forwardRule, host.name, { destination: part(at), sources: sources(at, true) }),
    );
    assert.deepEqual(await grown(), expected(["peer's box", "peer"], doors));
    await everywhere((host, at) =>
      driver.remove(forwardRule, host.name, { destination: part(at), sources: sources(at, true) }),
    );
    assert.deepEqual(await scan(), found);
  });

  const first = ["tcp/81", "udp/53"];
  const second = ["icmp", "tcp/82"];

  it("grows by the ports of two rules for one destination, beside each other", async () => {
    await everywhere((host, at) => driver.make(forwardRule, host.name, limited(at, first)));
    assert.deepEqual(await grown(), expected(["peer's box"], first));
    await everywhere((host, at) => driver.make(forwardRule, host.name, limited(at, second)));
    assert.deepEqual(await grown(), expected(["peer's box"], [...first, ...second]));
  });

  it("is the same after a reboot", async () => {
    await everywhere((host) => scene.lab.reboot(host.name));
    await ready();
    assert.deepEqual(await grown(), expected(["peer's box"], [...first, ...second]));
  });

  it("is the same while FORWARD is at ACCEPT, because the guard does what its policy did", async () => {
    // Docker before 28 closes unpublished ports by FORWARD's policy alone, which a flush leaves at ACCEPT.
    const alpha = scene.lab.host("alpha");
    await alpha.run("iptables -P FORWARD ACCEPT; systemctl start dockroute-repair");
    try {
      // The guard drops packets that no rule accepts. A rule of Docker's own goes on letting its port in.
      assert.deepEqual(await grown(), expected(["peer's box"], [...first, ...second]));
    } finally {
      await alpha.run("iptables -P FORWARD DROP; systemctl start dockroute-repair");
    }
  });

  it("shrinks by the ports of the one that is removed", async () => {
    await everywhere((host, at) => driver.remove(forwardRule, host.name, limited(at, first)));
    assert.deepEqual(await grown(), expected(["peer's box"], second));
    await everywhere((host, at) => driver.remove(forwardRule, host.name, limited(at, second)));
    assert.deepEqual(await scan(), found);
  });
});
