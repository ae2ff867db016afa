/** Docker was removed from a host: it can leave the mesh, by the config and by destroy, and nothing is restarted. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { sceneOf } from "../support/cases.js";
import { type Scene, succeeded } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

const own = '{ "debug": true }\n';

describe("D6: Docker was removed from a host", () => {
  let scene: Scene;
  const host = (name: string) => scene.lab.host(name);

  before(async () => {
    scene = await sceneOf("d6", [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker26", daemonJson: own },
      { name: "gamma", image: "docker28" },
    ]);
    await scene.startBoxes();
    await scene.up();
    for (const name of ["beta", "gamma"]) await removeDocker(host(name));
    // docker0 outlives the package until the host boots again.
    await host("gamma").run("ip link del docker0");
  });
  after(() => scene?.strike());

  it("taken out of the config it leaves, with daemon.json as before, and the up is green", async () => {
    scene.stack.configure(meshConfig(scene.lab, ["alpha", "gamma"]));
    const ran = await scene.stack.up("--continue-on-error");
    assert.equal(await host("beta").run("cat /etc/docker/daemon.json"), own, ran.text);
    assert.deepEqual(await traces(host("beta")), [], ran.text);
    // The other host without Docker stays in the config, where it cannot be made to work: nothing is said of that here.
    assert.doesNotMatch(ran.text, /beta.*(failed|error)/i);
    assert.doesNotMatch(await scene.stack.export(), /"beta\//);
  });

  it("destroy goes through for a host without Docker and without docker0", async () => {
    const ran = succeeded(await scene.stack.destroy("--continue-on-error"));
    assert.equal((await host("gamma").exec("test -e /etc/docker/daemon.json")).code, 1, ran.text);
    for (const { name } of scene.lab.hosts) assert.deepEqual(await traces(host(name)), [], ran.text);
  });
});

/** As `apt remove docker.io` does it. */
async function removeDocker(host: Host): Promise<void> {
  await host.run("systemctl disable -q --now docker.socket docker");
  await host.run("DEBIAN_FRONTEND=noninteractive dpkg --force-depends --remove docker.io", { input: "" });
  assert.notEqual((await host.exec("command -v dockerd")).code, 0);
  await host.run("systemctl daemon-reload");
}

/** Files, units, routes and rules of ours. */
async function traces(host: Host): Promise<readonly string[]> {
  const all =
    "ls -d /etc/dockroute; ls /etc/systemd/system | grep dockroute; ip route show proto 219; iptables-save | grep -i dockroute; nft list ruleset | grep -i dockroute";
  return (await host.exec(all)).stdout.split("\n").filter(Boolean);
}
