/** The hosts and containers in the plan reach each other, and the world outside sees nothing of it. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { fromBox, fromStranger, hostPort, type Target } from "../../lab/probe.js";
import {
  amiss,
  betweenBoxes,
  fromHosts,
  ownPublished,
  type Place,
  places,
  publishedPorts,
  toHosts,
} from "../support/mesh.js";
import { forwardChain } from "../support/names.js";
import { Scene } from "../support/scene.js";

describe("a mesh of Docker 20.10, 26.1 and 28.5", () => {
  let scene: Scene;
  let all: readonly Place[];
  let outsider: Stranger;

  before(async () => {
    scene = await Scene.set("t1mesh");
    await scene.startBoxes();
    outsider = await scene.outside("outsider");
    await scene.up();
    all = await places(scene.lab.hosts);
  });
  after(() => scene?.strike());

  it("every container reaches every other by ICMP and TCP, published port or not, and is seen as itself", async () => {
    assert.deepEqual(await betweenBoxes(all), []);
  });

  it("every host reaches the containers of the others", async () => {
    assert.deepEqual(await fromHosts(all), []);
  });

  it("every container reaches the other hosts", async () => {
    assert.deepEqual(await toHosts(all), []);
  });

  it("a published port works from a peer's container and from the container itself", async () => {
    assert.deepEqual([...(await publishedPorts(all)), ...(await ownPublished(all))], []);
  });

  it("a published port works from outside the plan", async () => {
    const targets = all.map(
      ({ host }): Target => ({ name: host.name, address: host.address, port: hostPort }),
    );
    const answers = await fromStranger(outsider, targets);
    assert.deepEqual(
      answers.map(({ source }) => source),
      all.map(() => outsider.address),
    );
  });

  it("a machine outside the plan sees the host's address, not the container's", async () => {
    const target: Target = { name: "outsider", address: outsider.address, port: 81 };
    const seen = await Promise.all(all.map(async ({ host }) => (await fromBox(host, [target]))[0]?.source));
    assert.deepEqual(
      seen,
      all.map(({ host }) => host.address),
    );
  });

  it("a container's ping to a machine outside comes back, though that machine has no route to it", async () => {
    const pings = await Promise.all(
      all.map(
        async ({ host }) =>
          (await fromBox(host, [{ name: "outsider", address: outsider.address }]))[0]?.reached,
      ),
    );
    assert.deepEqual(pings, [true, true, true]);
  });

  it("a host's apply script mends what is missing, and until then these tests see it", async () => {
    const [alpha, beta, gamma] = scene.lab.hosts;
    assert(alpha && beta && gamma);
    await alpha.run("ip route del 172.30.2.0/24; nft delete table ip dockroute");
    await gamma.run(
      `iptables -F ${forwardChain("172.30.2.0/24")}; iptables -t raw -F ${forwardChain("172.30.2.0/24")}`,
    );
    const found = await amiss(scene.lab.hosts);
    for (const sentence of [
      /^box alpha does not reach box gamma .*:81/,
      /^host alpha does not reach box gamma/,
      /^host beta does not reach box gamma/,
      /^box alpha is seen by box beta .* as .*, not as 172\.30\.0\.2/,
    ]) {
      assert(
        found.some((text) => sentence.test(text)),
        `${sentence} in:\n${found.join("\n")}`,
      );
    }
    for (const host of [alpha, gamma]) await host.run("sh /etc/dockroute/apply");
    await scene.whole();
  });
});
