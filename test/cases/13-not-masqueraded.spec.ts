/** Case 13: containers that leave under their own address: `ip-masq`, a network's option, routed mode. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { boxAddress, startBox } from "../../lab/probe.js";
import { hostPrefix20, pair, sceneOf, seenAs } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";

/** By the network's name, what makes it so. */
const networks: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  nomasq: ["-o", "com.docker.network.bridge.enable_ip_masquerade=false"],
  routed: ["-o", "com.docker.network.bridge.gateway_mode_ipv4=routed"],
};

describe("case 13: what Docker does not masquerade", () => {
  let scene: Scene;
  let outside: Stranger;
  let before20: Readonly<Record<string, string>>;

  before(async () => {
    scene = await sceneOf("13", pair({ options: ["ip-masq false"] }), hostPrefix20);
    outside = await scene.outside();
    await scene.startBoxes();
    await make(scene.lab.host("beta"));
    before20 = await leaving(scene, outside);
    await remove(scene.lab.host("beta"));
    await scene.up();
    await make(scene.lab.host("beta"));
  });
  after(() => scene?.strike());

  it("leaves under its own address without dockroute", () => {
    assert.deepEqual(before20, {
      "alpha box": "itself",
      "beta box": "the host",
      "beta plain": "the host",
      "beta nomasq": "itself",
      "beta routed": "itself",
    });
  });

  it("leaves as without dockroute after up", async () => {
    assert.deepEqual(await leaving(scene, outside), before20);
  });

  it("is no reason for a notice or a change: Docker's rules are as Docker wants them", async () => {
    const ran = await scene.preview();
    assert.deepEqual(changed(ran), []);
    assert.doesNotMatch(ran.text, /systemctl restart docker|Docker's rules/);
  });

  it("leaves as without dockroute after the next up", async () => {
    assert.deepEqual(changed(await scene.up()), []);
    assert.deepEqual(await leaving(scene, outside), before20);
    await scene.whole();
  });
});

async function make(host: Host): Promise<void> {
  for (const [name, options] of Object.entries(networks)) {
    await host.run(["docker", "network", "create", ...options, name]);
    await startBox(host, name, ["--restart", "always", "--stop-timeout", "1", "--network", name]);
  }
}

async function remove(host: Host): Promise<void> {
  const names = Object.keys(networks).join(" ");
  await host.run(`docker rm -f ${names}; docker network rm ${names}`);
}

/** As whom each container is seen by a machine outside that knows the way back to it. */
async function leaving({ lab }: Scene, outside: Stranger): Promise<Readonly<Record<string, string>>> {
  const ofBeta = ["box", ...Object.keys(networks)].map((box) => ({ of: "beta", box }));
  const seen: Record<string, string> = {};
  for (const { of, box } of [{ of: "alpha", box: "box" }, ...ofBeta]) {
    const host = lab.host(of);
    const own = await boxAddress(host, box);
    await outside.run(["ip", "route", "replace", `${own}/32`, "via", host.address]);
    const source = (await seenAs(outside, host, box)) ?? "nothing came back";
    seen[`${of} ${box}`] = source === own ? "itself" : source === host.address ? "the host" : source;
    await outside.run(["ip", "route", "del", `${own}/32`]);
  }
  return seen;
}
