/** Case 9: daemon.json gives Docker a bridge of somebody else's, or none; there is no docker0 to give an address. */
import { daemonJson, refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

describe('case 9: "bridge" in daemon.json', () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("9");
    const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    await alpha.run(
      "ip link add cbr0 type bridge; ip addr add 192.168.99.1/24 dev cbr0; ip link set cbr0 up",
    );
    await daemonJson(alpha, { bridge: "cbr0" });
    await daemonJson(beta, { bridge: "none" });
    for (const host of [alpha, beta]) await host.run("ip link del docker0 2>/dev/null || :");
  });
  after(() => scene?.strike());

  it("is refused at preview on each host: the key, the file and the value", async () => {
    // Pulumi ends a preview at the first refusal, so each host is the stack's only one for a time.
    scene.stack.configure(meshConfig(scene.lab, ["alpha"]));
    await refusedAtPreview(scene, ["alpha", /\bbridge\b/, "daemon.json", "cbr0"]);
    scene.stack.configure(meshConfig(scene.lab, ["beta"]));
    await refusedAtPreview(scene, ["beta", /\bbridge\b/, "daemon.json", /\bnone\b/]);
    scene.stack.configure(meshConfig(scene.lab));
  });

  it("is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha", "beta");
  });
});
