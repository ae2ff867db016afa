/**
 * Every Docker with the options of hosts: firewalls, managers of the network card, its size, keys of
 * daemon.json. `npm test` runs the first lab, `npm run test:matrix` all.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { type HostSpec, Lab } from "../../lab/lab.js";
import type { OptionName } from "../../lab/options.js";
import { startBox } from "../../lab/probe.js";
import { quiet } from "../../lab/run.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { record } from "../support/compatibility.js";
import * as mesh from "../support/mesh.js";
import { notMasqueraded, udpAmiss, udpHostPort, udpPort, uncutAmiss } from "../support/packets.js";
import { quickBox, running, Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

interface Row extends HostSpec {
  readonly option?: OptionName;
}

const host = (name: string, image: string, option?: OptionName): Row => ({
  name,
  image,
  ...(option === undefined ? {} : { option, options: [option] }),
});

/** At most six hosts each: more do not boot on a machine with the kernel's own limits. */
const labs: Readonly<Record<string, readonly Row[]>> = {
  "a sample": [
    host("firewalld26", "docker26", "firewalld"),
    host("ufw29n", "docker29-nft", "ufw"),
    host("nonft20", "docker20", "no nft"),
    host("live28", "docker28", "live-restore"),
    host("networkd29", "docker29", "networkd"),
  ],
  firewalld: [
    host("plain", "docker28"),
    host("firewalld20", "docker20", "firewalld"),
    host("firewalld28", "docker28", "firewalld"),
    host("firewalld29", "docker29", "firewalld"),
    host("firewalld29n", "docker29-nft", "firewalld"),
  ],
  "ufw and nftables.service": [
    host("ufw20", "docker20", "ufw"),
    host("ufw28", "docker28", "ufw"),
    host("ufw29", "docker29", "ufw"),
    host("nftables20", "docker20", "nftables.service"),
    host("nftables28", "docker28", "nftables.service"),
    host("nftables29n", "docker29-nft", "nftables.service"),
  ],
  "network cards": [
    host("networkd20", "docker20", "networkd"),
    host("networkd29n", "docker29-nft", "networkd"),
    host("ifupdown28", "docker28", "ifupdown"),
    host("ifupdown29n", "docker29-nft", "ifupdown"),
    host("two28", "docker28", "two cards"),
    host("two29n", "docker29-nft", "two cards"),
  ],
  "sizes of packets": [
    host("small28", "docker28", "mtu 1450"),
    host("small29n", "docker29-nft", "mtu 1450"),
    host("large28", "docker28", "mtu 9000"),
    host("large29n", "docker29-nft", "mtu 9000"),
    host("proxy28", "docker28", "no userland-proxy"),
    host("proxy29n", "docker29-nft", "no userland-proxy"),
  ],
  "iptables' programs": [
    host("legacy26", "docker26", "iptables-legacy"),
    host("legacy28", "docker28", "iptables-legacy"),
    host("legacy29n", "docker29-nft", "iptables-legacy"),
    host("nonft26", "docker26", "no nft"),
    host("nonft28", "docker28", "no nft"),
    host("nonft29", "docker29", "no nft"),
  ],
  "keys of daemon.json": [
    host("icc28", "docker28", "icc false"),
    host("icc29n", "docker29-nft", "icc false"),
    host("masq26", "docker26", "ip-masq false"),
    host("masq29n", "docker29-nft", "ip-masq false"),
    host("live20", "docker20", "live-restore"),
    host("live29n", "docker29-nft", "live-restore"),
  ],
  "no iptables": [
    host("closed26", "docker26"),
    host("open20", "docker20", "iptables false"),
    host("open26", "docker26", "iptables false"),
    host("open28", "docker28", "iptables false"),
    host("open29n", "docker29-nft", "iptables false"),
  ],
};

const all = process.env["DOCKROUTE_MATRIX"] === "all";

if (all)
  describe("options with which Docker itself does not start", () => {
    it("the nftables backend without a program nft", async () => {
      const begun = Lab.up({
        prefix: "f1onn",
        hosts: [host("nonft29n", "docker29-nft", "no nft")],
        log: quiet,
      });
      await assert.rejects(begun, /failed to find nft tool/);
      record("docker29-nft", "no nft", [], "Docker does not start");
    });
  });

for (const [at, [title, rows]] of Object.entries(labs).entries()) {
  if (at === 0 || all) describe(`options, ${title}`, () => lab(`f1o${at}`, rows));
}

function lab(prefix: string, rows: readonly Row[]): void {
  let scene: Scene;
  let stranger: Stranger;
  let was: readonly Snapshot[];
  let places: readonly mesh.Place[];
  let earlier: Awaited<ReturnType<typeof closed>>;
  /** The faults found, by the host's name. */
  const failures = new Map<string, string[]>();

  const everywhere = <T>(work: (host: Host) => Promise<T>) => Promise.all(scene.lab.hosts.map(work));
  const look = () => everywhere((one) => snapshot(one, { ignore: emptyTable }));
  /** Remembers for the table the hosts that a finding names, and fails. */
  const none = (found: readonly string[]): void => {
    for (const text of found) {
      for (const { name } of rows.filter((row) => new RegExp(`\\b${row.name}\\b`).test(text)))
        failures.set(name, [...(failures.get(name) ?? []), text]);
    }
    assert.deepEqual(found, []);
  };
  /** Ways closed before dockroute, which it is not to open: calls of one's own port, a stranger, the way out. */
  const closed = async (finds: typeof mesh.strangerFinds) => {
    const now = await mesh.places(scene.lab.hosts);
    return {
      own: (await mesh.ownPublished(now)).map(unaddressed),
      out: (await notMasqueraded(now, stranger)).map(unaddressed),
      stranger: await finds(scene.lab.hosts, stranger),
    };
  };

  before(async () => {
    scene = await Scene.set(prefix, rows, (made) => ({ ...meshConfig(made), hostPrefix: 20 }));
    const udp = ["-p", `${udpHostPort}:${udpPort}/udp`];
    await everywhere((one) => startBox(one, "box", [...quickBox, ...udp]));
    stranger = await scene.outside("stranger");
    earlier = await closed(mesh.strangerFindsEach);
    was = await look();
  });
  after(() => scene?.strike());
  let finished = false;
  after(() => {
    if (!finished) return;
    for (const { name, image, option } of rows)
      if (option !== undefined) record(image, option, failures.get(name) ?? []);
  });

  it("up; the containers that stop are announced", async () => {
    const { text } = await scene.up();
    for (const { name } of rows) assert.match(text, new RegExp(`${name}: Docker restarts, .* stop`));
    for (const { name } of rows.filter(({ option }) => option === "live-restore"))
      assert.match(text, new RegExp(`${name}: live-restore does not help here, and is off for this restart`));
    places = await mesh.places(scene.lab.hosts);
  });

  it("every direction is whole by ICMP and TCP, and each is seen as itself", async () => {
    none(await mesh.betweenBoxes(places));
    none(await mesh.fromHosts(places));
    none(await mesh.toHosts(places));
  });

  it("and by UDP", async () => none(await udpAmiss(places)));

  it("the largest packets that may not be cut go through", async () => {
    const mtu = (name: string) => {
      const option = rows.find((row) => row.name === name)?.option;
      return option === "mtu 1450" ? 1450 : option === "mtu 9000" ? 9000 : 1500;
    };
    // On a wire all cards have one size; where they have not, a packet too large for the other end is lost.
    none(
      await uncutAmiss(places, (from, to) =>
        mtu(from.host.name) === mtu(to.host.name) ? [1400, Math.min(mtu(from.host.name), 1500)] : [1400],
      ),
    );
  });

  /** Nothing is opened to a stranger, or closed to anybody, that was not before dockroute. */
  const asEarlier = async () => {
    const now = await closed(mesh.strangerFinds);
    none(now.own.filter((text) => !earlier.own.includes(text)));
    none(now.out.filter((text) => !earlier.out.includes(text)));
    const already = earlier.stranger.unpublished.map(unaddressed);
    const fromPool = await mesh.findsUnallocated(scene.lab.hosts, stranger);
    for (const finds of [now.stranger, fromPool])
      none(finds.unpublished.map(unaddressed).filter((text) => !already.includes(text)));
    none(now.stranger.published.filter((text) => !earlier.stranger.published.includes(text)));
  };

  it("published ports, the way out and a stranger's way in are as they were", async () => {
    await asEarlier();
    const shut = rows.filter(({ name }) => earlier.stranger.published.some((text) => text.includes(name)));
    // Without Docker's rules its proxy answers, and the container sees the proxy's address.
    const byProxy = rows.filter(({ option }) => option === "iptables false").map(({ name }) => name);
    const asProxy = (text: string) =>
      byProxy.some((name) => text.includes(`is seen by host ${name}, published`));
    const published = (await mesh.publishedPorts(places)).filter((text) => !asProxy(text));
    none(published.filter((text) => !shut.some(({ name }) => text.includes(name))));
  });

  it("after a reboot of all hosts every direction is whole, and nothing else is open", async () => {
    await Promise.all(rows.map(({ name }) => scene.lab.reboot(name)));
    await everywhere(running);
    places = await mesh.places(scene.lab.hosts);
    none(await mesh.betweenBoxes(places));
    await asEarlier();
  });

  it("the next preview finds nothing to do", async () => {
    const { text } = await scene.preview();
    none(text.split("\n").filter((line) => /found .*wanted/.test(line)));
    assert.match(text, new RegExp(`^ +${1 + rows.length * (rows.length + 2)} unchanged$`, "m"));
  });

  it("destroy restores every host", async () => {
    await scene.destroy();
    const now = await look();
    none(
      now.flatMap((one, at) => differences(was[at] ?? one, one).map((line) => `${rows[at]?.name}: ${line}`)),
    );
    finished = true;
  });
}

/** docker0 has another address after the up. */
function unaddressed(text: string): string {
  return text.replace(/\d+\.\d+\.\d+\.\d+/g, "");
}
