/** A second address in docker0's own network, for a resolver say: the kernel drops it with the first one. */
import assert from "node:assert/strict";
import { dockerStarts, says, sceneOf } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";

describe("kind 7: 172.17.0.53/16 and 169.254.53.1/32 on docker0, beside its own address", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");
  const all = ["169.254.53.1/32", "172.17.0.1/16", "172.17.0.53/16"];
  const addresses = async () => {
    const told = await alpha().run("ip -4 -o addr show docker0");
    return [...told.matchAll(/inet (\S+)/g)].map(([, address]) => address ?? "").sort();
  };
  const gateway = async () => {
    const form = "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
    return (await alpha().run(["docker", "network", "inspect", "bridge", "-f", form])).trim();
  };

  before(async () => {
    scene = await sceneOf("k7");
    await alpha().run("ip addr add 172.17.0.53/16 dev docker0; ip addr add 169.254.53.1/32 dev docker0");
    await scene.startBoxes();
    assert.deepEqual(await addresses(), all);
  });
  after(() => scene?.strike());

  it("preview names the addresses that Docker takes away", async () => {
    says(await scene.preview(), ["alpha", "172.17.0.53"]);
  });

  it("up: one restart, Docker runs with its new address, and nothing is due afterwards", async () => {
    const starts = await dockerStarts(alpha());
    await scene.up();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    assert.match(await gateway(), /^172\.30\./);
    assert.deepEqual(changed(await scene.preview()), []);
    await scene.whole();
  });

  it("destroy: one restart, every address is back, and Docker's own is the first again", async () => {
    const starts = await dockerStarts(alpha());
    await scene.destroy();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    assert.deepEqual(await addresses(), all);
    assert.equal(await gateway(), "172.17.0.1");
  });
});
