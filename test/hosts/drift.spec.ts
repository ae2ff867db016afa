/** The next preview sees each change by hand and the next up mends it, and nothing else. */
import assert from "node:assert/strict";
import { differences, snapshot } from "../../lab/snapshot.js";
import { forwardChain, natChain, scriptOf } from "../support/names.js";
import { changed, dockers, Scene } from "../support/scene.js";

interface Drift {
  readonly by: string;
  readonly on: "alpha" | "beta" | "gamma";
  /** Shell; `$alpha` and so on are the hosts' addresses. */
  readonly hand: string;
  readonly found: string;
  readonly wanted: string;
  /** The resources that up has to change, and no others. */
  readonly mends: readonly string[];
}

/** Those of one round touch different resources, so that one preview and one up serve them all. */
const all: readonly Drift[] = [
  {
    by: "a route deleted",
    on: "alpha",
    hand: "ip route del 172.30.1.0/24",
    found: "route to 172.30.1.0/24: absent",
    wanted: "put the route to 172.30.1.0/24 through $beta (beta) in place",
    mends: ["alpha-to-beta"],
  },
  {
    by: "a route's gateway changed",
    on: "beta",
    hand: "ip route change 172.30.0.0/24 via $gamma proto 219",
    found: "gateway $gamma",
    wanted: "put the route to 172.30.0.0/24 through $alpha (alpha) in place",
    mends: ["beta-to-alpha"],
  },
  {
    by: "the nat chain deleted",
    on: "gamma",
    hand: "nft delete table ip dockroute",
    found: `nat chain ${natChain("172.30.2.0/24")}: absent`,
    wanted: "let 172.30.2.0/24 keep its address towards 172.30.0.0/24, 172.30.1.0/24",
    mends: ["gamma-masquerade"],
  },
  {
    by: "one nat rule deleted",
    on: "alpha",
    hand: `nft -a list chain ip dockroute ${natChain("172.30.0.0/24")} | sed -n '/172.30.1.0.*handle/s/.*handle //p' | xargs -n1 nft delete rule ip dockroute ${natChain("172.30.0.0/24")} handle`,
    found: "exclude 172.30.2.0/24",
    wanted: "let 172.30.0.0/24 keep its address towards 172.30.1.0/24, 172.30.2.0/24",
    mends: ["alpha-masquerade"],
  },
  {
    by: "the jump in raw deleted",
    on: "gamma",
    hand: `iptables -t raw -D PREROUTING -d 172.30.2.0/24 -m comment --comment dockroute -j ${forwardChain("172.30.2.0/24")}`,
    found: `raw PREROUTING jump to ${forwardChain("172.30.2.0/24")}: absent`,
    wanted: "into 172.30.2.0/24",
    mends: ["gamma-forward"],
  },
  {
    by: "the jump in DOCKER-USER deleted",
    on: "beta",
    hand: `iptables -D DOCKER-USER -d 172.30.1.0/24 -m comment --comment dockroute -j ${forwardChain("172.30.1.0/24")}`,
    found: `filter DOCKER-USER jump to ${forwardChain("172.30.1.0/24")}: absent`,
    wanted: "into 172.30.1.0/24",
    mends: ["beta-forward"],
  },
  {
    by: "the raw chain emptied",
    on: "gamma",
    hand: `iptables -t raw -F ${forwardChain("172.30.2.0/24")}`,
    found: `raw chain ${forwardChain("172.30.2.0/24")}: changed`,
    wanted: "let $alpha/32, $beta/32, 172.30.0.0/24, 172.30.1.0/24 into 172.30.2.0/24",
    mends: ["gamma-forward"],
  },
  {
    by: "a rule of the filter chain deleted",
    on: "alpha",
    hand: `iptables -D ${forwardChain("172.30.0.0/24")} -s 172.30.2.0/24 -i eth0 -j ACCEPT`,
    found: `filter chain ${forwardChain("172.30.0.0/24")}: changed`,
    wanted: "let $beta/32, $gamma/32, 172.30.1.0/24, 172.30.2.0/24 into 172.30.0.0/24",
    mends: ["alpha-forward"],
  },
  {
    by: "bip edited and not loaded",
    on: "beta",
    hand: "sed -i s/172.30.1.1/172.30.1.9/ /etc/docker/daemon.json",
    found: "daemon.json bip: 172.30.1.9/24",
    wanted: "set bip 172.30.1.1/24 in daemon.json",
    mends: ["beta-bridge"],
  },
  {
    by: "daemon.json removed",
    on: "alpha",
    hand: "rm /etc/docker/daemon.json",
    found: "daemon.json bip: absent",
    wanted: "set bip 172.30.0.1/24 in daemon.json",
    mends: ["alpha-bridge"],
  },
  {
    by: "a part removed",
    on: "gamma",
    hand: `rm ${scriptOf("route", "172.30.0.0/24")}`,
    found: `${scriptOf("route", "172.30.0.0/24")}: absent`,
    wanted: `keep it over reboots in ${scriptOf("route", "172.30.0.0/24")}`,
    mends: ["gamma-to-alpha"],
  },
  {
    by: "a rule and its part removed",
    on: "beta",
    hand: `nft delete table ip dockroute; rm ${scriptOf("masquerade", "172.30.1.0/24")}`,
    found: "beta/masquerade",
    wanted: "172.30.1.0/24",
    mends: ["beta-masquerade"],
  },
  {
    by: "all our files removed",
    on: "gamma",
    hand: "rm -r /etc/dockroute",
    found: "/etc/dockroute/before.json: absent",
    wanted: "write down in /etc/dockroute/before.json what was there before",
    mends: ["gamma-bridge", "gamma-forward", "gamma-masquerade", "gamma-to-alpha", "gamma-to-beta"],
  },
  {
    by: "our units removed",
    on: "alpha",
    hand: "systemctl disable -q dockroute dockroute-boot; rm /etc/systemd/system/dockroute*.service; systemctl daemon-reload",
    found: "the units that load it at boot: absent or changed",
    wanted: "enable dockroute's units",
    mends: ["alpha-forward", "alpha-masquerade", "alpha-to-beta", "alpha-to-gamma"],
  },
];

describe("drift", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set("t1drift");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  const look = async (trees?: readonly string[]) => ({
    hosts: await Promise.all(scene.lab.hosts.map((host) => snapshot(host, trees && { trees }))),
    dockers: await dockers(scene.lab.hosts),
  });

  it("E8: a preview on fresh hosts changes nothing on them", async () => {
    const was = await look();
    await scene.preview();
    assert.deepEqual(await look(), was);
  });

  it("E1: the second up changes nothing, and a refresh before it finds nothing changed", async () => {
    await scene.up();
    const refreshed = await scene.stack.refresh("--expect-no-changes");
    assert.equal(refreshed.code, 0, refreshed.text);
    const was = await look();
    const outputs = await scene.stack.outputs();
    const ran = await scene.up();
    assert.match(ran.text, /^ +16 unchanged$/m);
    assert.deepEqual(changed(ran), []);
    assert.deepEqual(await scene.stack.outputs(), outputs);
    assert.deepEqual(await look(), was);
  });

  for (const drifts of rounds(all)) {
    it(`E3, E4, D8: ${drifts.map(({ by }) => by).join("; ")}: preview says it, up mends it and nothing else`, async () => {
      const named = (text: string) =>
        text.replace(/\$(alpha|beta|gamma)/g, (_, name: string) => scene.lab.host(name).address);
      const trees = ["/etc/docker", "/etc/dockroute", "/etc/systemd/system"];
      const was = await look(trees);
      // Else the host itself mends the change that preview is to see, within half a minute.
      for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
      for (const { on, hand } of drifts) await scene.lab.host(on).run(named(hand));
      const preview = (await scene.preview()).text;
      for (const words of drifts.flatMap(({ on, found, wanted }) => [on, named(found), named(wanted)]))
        assert(preview.includes(words), `${words} in:\n${preview}`);
      const mended = drifts.flatMap(({ mends }) => mends).sort();
      assert.deepEqual(changed(await scene.up()), mended);
      const now = await look(trees);
      assert.deepEqual(
        now.hosts.flatMap((one, at) => differences(was.hosts[at] ?? one, one)),
        [],
      );
      assert.deepEqual(now.dockers, was.dockers, "no Docker was restarted");
    });
  }
});

function rounds(drifts: readonly Drift[]): readonly (readonly Drift[])[] {
  const found: Drift[][] = [];
  for (const drift of drifts) {
    const mended = (round: readonly Drift[]) => round.flatMap(({ mends }) => mends);
    const free = found.find((round) => !mended(round).some((name) => drift.mends.includes(name)));
    if (free === undefined) found.push([drift]);
    else free.push(drift);
  }
  return found;
}
