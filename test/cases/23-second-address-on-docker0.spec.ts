/** docker0 has a second address: Docker's own word on its network counts, and no address is lost unsaid. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { dockerStarts, dropIn, restartDocker, says, sceneOf } from "../support/cases.js";
import { changed, running, type Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

describe("23: docker0 has a second address, 10.99.0.1/24", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");
  const both = ["10.99.0.1/24", "172.17.0.1/16"];

  before(async () => {
    scene = await sceneOf("23");
    await alpha().run("ip addr add 10.99.0.1/24 dev docker0");
    await scene.startBoxes();
    assert.deepEqual(await addresses(alpha()), both);
  });
  after(() => scene?.strike());

  it("preview says that Docker takes the address away", async () => {
    says(await scene.preview(), ["alpha", "10.99.0.1"]);
  });

  it("an up after which Docker fails is undone, and both addresses are there", async () => {
    const file = await dropIn(alpha(), [
      'ExecStartPost=/bin/sh -c "! grep -q 172.30. /etc/docker/daemon.json"',
    ]);
    // The restart with the drop-in is ours and no part of the test.
    await alpha().run("ip addr replace 10.99.0.1/24 dev docker0");
    const failed = await scene.stack.up("--continue-on-error");
    assert.notEqual(failed.code, 0, failed.text);
    const left = await addresses(alpha());
    // The tests after this one begin with the same docker0, whatever its state here.
    await alpha().run(["rm", file]);
    await alpha().run("ip -4 addr flush dev docker0");
    await restartDocker(alpha());
    await alpha().run("ip addr add 10.99.0.1/24 dev docker0");
    await running(alpha());
    assert.deepEqual(left, both, failed.text);
  });

  it("up: Docker itself runs with the new network, after one restart", async () => {
    const starts = await dockerStarts(alpha());
    await scene.up();
    await running(alpha());
    assert.equal(await dockerStarts(alpha()), starts + 1);
    assert.match(await network(alpha()), /^172\.30\.\d+\.0\/24 /);
    assert.deepEqual(changed(await scene.preview()), []);
    await scene.whole();
  });

  it("destroy: all addresses that were there are there, and Docker runs with the first", async () => {
    await scene.destroy();
    assert.deepEqual(await addresses(alpha()), both);
    assert.match(await network(alpha()), /^172\.17\.0\.0\/16 /);
  });

  it("an address that comes after the first up: the next change is made all the same", async () => {
    await scene.up();
    await alpha().run("ip addr add 10.98.0.1/24 dev docker0");
    scene.stack.configure(meshConfig(scene.lab, undefined, "172.28.0.0/16"));
    const starts = await dockerStarts(alpha());
    await scene.up();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    assert.match(await network(alpha()), /^172\.28\.\d+\.0\/24 /);
    await scene.whole();
  });
});

async function addresses(host: Host): Promise<readonly string[]> {
  const told = await host.run("ip -4 -o addr show docker0");
  return [...told.matchAll(/inet (\S+)/g)].map(([, address]) => address ?? "").sort();
}

/** The network that Docker runs with: "172.17.0.0/16 172.17.0.1". */
async function network(host: Host): Promise<string> {
  const form = "{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}";
  return host.run(["docker", "network", "inspect", "bridge", "-f", form]);
}
