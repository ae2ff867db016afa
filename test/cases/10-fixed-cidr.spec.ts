/** Case 10: daemon.json holds `fixed-cidr` and `default-gateway` of docker0's old network. */
import assert from "node:assert/strict";
import { boxAddress } from "../../lab/probe.js";
import { daemonJson, refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

const fixed = { "fixed-cidr": "172.17.5.0/24" };
const gateway = { "default-gateway": "172.17.5.254" };

describe("case 10: fixed-cidr and default-gateway of the old network", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("10");
    await daemonJson(scene.lab.host("alpha"), gateway);
    await daemonJson(scene.lab.host("beta"), fixed);
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("each alone is refused at preview: key, file and value", async () => {
    // Pulumi ends a preview at the first refusal, so each host is the stack's only one for a time.
    for (const [name, keys] of Object.entries({ alpha: gateway, beta: fixed })) {
      scene.stack.configure(meshConfig(scene.lab, [name]));
      await refusedAtPreview(scene, [name, "daemon.json", ...Object.entries(keys).flat()]);
    }
    scene.stack.configure(meshConfig(scene.lab));
  });

  it("each alone is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha", "beta");
  });

  it("both together are refused at preview, and by up, and nothing is touched", async () => {
    await daemonJson(scene.lab.host("alpha"), { ...fixed, ...gateway });
    await daemonJson(scene.lab.host("beta"), {});
    const nouns = [...Object.entries(fixed), ...Object.entries(gateway)].flat();
    await refusedAtPreview(scene, ["alpha", "daemon.json", ...nouns]);
    await upLeaves(scene, "alpha");
  });

  it("passes where they lie in the new network: containers get their addresses there", async () => {
    const alpha = scene.lab.host("alpha");
    // For the next start of Docker, as a person prepares it after the refusal.
    const keys = { "fixed-cidr": "172.30.0.128/25" };
    await alpha.run("cat > /etc/docker/daemon.json", { input: JSON.stringify(keys) });
    await scene.up();
    assert.match(await boxAddress(alpha), /^172\.30\.0\.(12[89]|1[3-9]\d|2\d\d)$/);
    await scene.whole();
  });
});
