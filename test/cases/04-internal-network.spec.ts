/** Case 4: a Compose network with `internal: true` in the host's part: nobody gets in without dockroute. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { fromBox, fromHost, startBox, type Target } from "../../lab/probe.js";
import { dockroute, hostPrefix20, sceneOf } from "../support/cases.js";
import { places } from "../support/mesh.js";
import { inNetworkOf } from "../support/packets.js";
import type { Scene } from "../support/scene.js";

describe("case 4: an internal network", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("4", undefined, hostPrefix20);
    await scene.startBoxes();
    await scene.up();
    for (const host of scene.lab.hosts) {
      await host.run("docker network create --internal --label com.docker.compose.project=shop shop_db");
      await startBox(host, "db", ["--restart", "always", "--stop-timeout", "1", "--network", "shop_db"]);
    }
    // The next up takes notice of networks that were made after the first.
    await scene.up();
  });
  after(() => scene?.strike());

  it("stays closed to the peers and their containers: nothing answers, and no packet gets in", async () => {
    const all = await places(scene.lab.hosts, "db");
    for (const { host, box } of all) {
      const peer = scene.lab.host(host.name === "alpha" ? "beta" : "alpha");
      const name = `the internal network of ${host.name}`;
      const doors: readonly Target[] = [
        { name, address: box },
        { name, address: box, port: 81 },
      ];
      const was = await entered(host);
      const answers = [...(await fromBox(peer, doors)), ...(await fromHost(peer, doors))];
      assert.deepEqual(
        answers.filter(({ reached }) => reached),
        [],
      );
      // It has no way back, so a packet that gets in is seen inside alone.
      assert.equal(await entered(host), was, name);
    }
  });

  it("stays closed on the way out: its containers reach no peer", async () => {
    const boxes = await places(scene.lab.hosts);
    for (const { host, box } of boxes) {
      const peer = scene.lab.host(host.name === "alpha" ? "beta" : "alpha");
      const doors = [{ name: host.name, address: box, port: 81 }];
      assert.deepEqual(
        (await fromBox(peer, doors, "db")).filter(({ reached }) => reached),
        [],
      );
    }
  });

  it("is not red in the check, which calls it internal", async () => {
    const checked = await dockroute(scene, "check");
    assert.equal(checked.code, 0, checked.text);
    assert.match(checked.text, /internal/);
  });

  it("leaves the mesh beside it whole", () => scene.whole());
});

/** The number of echo requests and segments of TCP that have come into the container `db`. */
async function entered(host: Host): Promise<number> {
  const { stdout } = await inNetworkOf(host, ["cat", "/proc/net/snmp"], "db");
  const row = (name: string) => stdout.split("\n").filter((line) => line.startsWith(`${name}:`));
  const value = (name: string, column: string) => {
    const [titles = "", values = ""] = row(name);
    return Number(values.split(" ")[titles.split(" ").indexOf(column)]);
  };
  return value("Icmp", "InEchos") + value("Tcp", "InSegs");
}
