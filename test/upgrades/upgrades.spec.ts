/**
 * Docker is upgraded in place under its containers and dockroute's rules, and back: it starts each time, the
 * host repairs alone as much as it can, preview tells the new Docker's ways, and one up makes the rest whole.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { until } from "../../lab/run.js";
import { exchangeDocker } from "../../lab/upgrade.js";
import { changed, quickBox, Scene } from "../support/scene.js";
import { astray, left, wholeAfter } from "../support/watch.js";

interface Step {
  readonly to: string;
  readonly image: string;
  /** The person's change of daemon.json meanwhile. */
  readonly change?: string;
  /** True where the mesh is whole again with no pulumi run. */
  readonly alone: boolean;
  readonly said: RegExp;
  /** Docker's own leftovers, and the command that preview names for them. */
  readonly byHand?: string;
}

const setBackend = `sed -i '1s/{/{ "firewall-backend": "nftables",/' /etc/docker/daemon.json`;
const unsetBackend = `sed -i 's/ "firewall-backend": "nftables",//' /etc/docker/daemon.json`;

const steps: readonly Step[] = [
  {
    to: "26 to 28",
    image: "docker28",
    alone: true,
    said: /alpha: Docker 26\.1 -> 28\.5: packets to containers are dropped in raw PREROUTING until/,
  },
  {
    to: "28 to 29",
    image: "docker29",
    alone: true,
    said: /alpha: Docker 28\.5 -> 29\.0: it treats packets to containers as before/,
  },
  {
    to: "29 to 29 with nftables",
    image: "docker29",
    change: setBackend,
    alone: false,
    said: /alpha: Docker 29\.0 -> 29\.0 with nftables: packets to containers are dropped .* until daemon\.json has allow-direct-routing/,
  },
  {
    to: "29 with nftables back to 26",
    image: "docker26",
    change: unsetBackend,
    alone: true,
    said: /alpha: Docker 29\.0 with nftables -> 26\.1: Docker's filter is in iptables again/,
    byHand: "nft delete table ip docker-bridges; nft delete table ip6 docker-bridges",
  },
];

describe("an upgrade of Docker in place", () => {
  let scene: Scene;
  let alpha: Host;
  let beta: Host;
  let outside: Stranger;

  before(async () => {
    scene = await Scene.set("f2up", [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker28" },
    ]);
    [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    outside = await scene.outside("outside");
    await scene.startBoxes();
    await scene.up();
  });
  after(() => scene?.strike());

  for (const { to, image, change, alone, said, byHand } of steps) {
    it(`${to}: Docker starts, ${alone ? "all is whole alone" : "up makes it whole"}, and preview says what is new`, async () => {
      assert.ok(await exchangeDocker(alpha, image, change), "Docker starts");
      await boxRuns(alpha);
      if (alone) {
        const seconds = await wholeAfter(() => astray(alpha, beta, outside), 3);
        console.log(`      ${to}: whole alone after ${seconds.toFixed(1)} s`);
      } else console.log(`      ${to}: ${(await astray(alpha, beta, outside)).join("; ")}`);
      const preview = await scene.preview();
      assert.match(preview.text, said);
      console.log(`      preview: ${said.exec(preview.text)?.[0]}`);
      if (byHand !== undefined) {
        assert.ok(preview.text.includes(byHand), preview.text);
        await alpha.exec(byHand);
      }
      const ran = await scene.up();
      assert.ok(changed(ran).includes("alpha-bridge"), ran.text);
      await boxRuns(alpha);
      assert.deepEqual(await left(scene.lab.hosts, outside), []);
      const outputs = await scene.stack.outputs();
      const second = await scene.up();
      assert.deepEqual(changed(second), []);
      assert.doesNotMatch(second.text, /alpha: Docker .* -> /);
      assert.deepEqual(await scene.stack.outputs(), outputs);
    });
  }
});

/** Containers need not survive where an older Docker cannot read their files. */
async function boxRuns(host: Host): Promise<void> {
  const runs = async () => (await host.exec("docker exec box true")).code === 0;
  try {
    await until("the box", 10_000, runs);
  } catch {
    console.log(`      ${(await host.exec("docker ps -a; docker logs box 2>&1 | tail -n 3")).stdout}`);
    await host.exec("docker image inspect lab/box || docker import /usr/local/lib/lab/box.tar lab/box");
    await host.exec("docker rm -f box");
    await startBox(host, "box", quickBox);
    await until("the box, made anew", 10_000, runs);
  }
}
