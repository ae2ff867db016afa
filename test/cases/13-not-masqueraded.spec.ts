/** Case 13: containers that leave under their own address: `ip-masq`, a network's option, routed mode. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { boxAddress, startBox } from "../../lab/probe.js";
import { hostPrefix20, pair, sceneOf, seenAs } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { changed, type Scene } from "../support/scene.js";

const masquerade = "com.docker.network.bridge.enable_ip_masquerade=false";
const routed = "com.docker.network.bridge.gateway_mode_ipv4=routed";

/** The option that makes it so, by host and network. Docker 26 has no routed mode. */
const networks: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  alpha: { plain: [], nomasq: ["-o", masquerade] },
  beta: { plain: [], nomasq: ["-o", masquerade], routed: ["-o", routed] },
};

describe("case 13: traffic that Docker does not masquerade", () => {
  let scene: Scene;
  let outside: Stranger;
  let without: Readonly<Record<string, string>>;

  before(async () => {
    scene = await sceneOf("13", pair({ options: ["ip-masq false"] }), hostPrefix20);
    outside = await scene.outside();
    await scene.startBoxes();
    await make(scene);
    without = await leaving(scene, outside);
    await remove(scene);
    await scene.up();
    await make(scene);
  });
  after(() => scene?.strike());

  it("leaves as Docker wants it without dockroute", () => {
    assert.deepEqual(without, {
      "alpha box": "itself",
      "alpha plain": "the host",
      "alpha nomasq": "itself",
      "beta box": "the host",
      "beta plain": "the host",
      // Docker 28 drops packets that come back to a container from outside, unless the network is routed.
      "beta nomasq": "nothing came back",
      "beta routed": "itself",
    });
  });

  it("leaves as without dockroute after up", async () => {
    assert.deepEqual(await leaving(scene, outside), without);
  });

  it("is no reason for a notice or a change: Docker's rules are as Docker wants them", async () => {
    const ran = await scene.preview();
    assert.deepEqual(changed(ran), []);
    assert.doesNotMatch(ran.text, /systemctl restart docker|Docker's rules/);
  });

  it("leaves as without dockroute after the next up", async () => {
    assert.deepEqual(changed(await scene.up()), []);
    assert.deepEqual(await leaving(scene, outside), without);
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
  });
});

async function make({ lab }: Scene): Promise<void> {
  for (const [of, made] of Object.entries(networks)) {
    for (const [name, options] of Object.entries(made)) {
      await lab.host(of).run(["docker", "network", "create", ...options, name]);
      // In a routed network a published port is opened at the container, and none of the host's leads there.
      const published = name === "routed" ? ["-p", "8090:80"] : [];
      const own = ["--restart", "always", "--stop-timeout", "1", "--network", name];
      await startBox(lab.host(of), name, [...own, ...published]);
    }
  }
}

async function remove({ lab }: Scene): Promise<void> {
  for (const [of, made] of Object.entries(networks)) {
    const names = Object.keys(made).join(" ");
    await lab.host(of).run(`docker rm -f ${names}; docker network rm ${names}`);
  }
}

/** As whom each container is seen by a machine outside that knows the way back to it. */
async function leaving({ lab }: Scene, outside: Stranger): Promise<Readonly<Record<string, string>>> {
  const boxes = Object.entries(networks).flatMap(([of, made]) =>
    ["box", ...Object.keys(made)].map((box) => ({ of, box })),
  );
  const seen: Record<string, string> = {};
  for (const { of, box } of boxes) {
    const host = lab.host(of);
    const own = await boxAddress(host, box);
    await outside.run(["ip", "route", "replace", `${own}/32`, "via", host.address]);
    const source = (await seenAs(outside, host, box)) ?? "nothing came back";
    seen[`${of} ${box}`] = source === own ? "itself" : source === host.address ? "the host" : source;
    await outside.run(["ip", "route", "del", `${own}/32`]);
  }
  return seen;
}
