/** Case 8b: dockerd gets its pools by a flag, and the plan has pools too. Docker 20.10 has no --validate. */
import { dockerdFlags, hostPrefix20, pair, refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

describe("case 8b: --default-address-pool on dockerd's command line", () => {
  let scene: Scene;
  const files: string[] = [];

  before(async () => {
    scene = await sceneOf("8b", pair({ image: "docker20" }), hostPrefix20);
    for (const host of scene.lab.hosts) {
      const flags = ["--default-address-pool", "base=10.99.0.0/16,size=24"];
      files.push(await dockerdFlags(host, flags, `pools-${host.name}.conf`));
    }
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("is refused at preview on each host: the flag and the drop-in", async () => {
    // Pulumi ends a preview at the first refusal, so each host is the stack's only one for a time.
    for (const [at, { name }] of scene.lab.hosts.entries()) {
      scene.stack.configure({ ...meshConfig(scene.lab, [name]), ...hostPrefix20 });
      await refusedAtPreview(scene, [name, "--default-address-pool", files[at] ?? ""]);
    }
    scene.stack.configure({ ...meshConfig(scene.lab), ...hostPrefix20 });
  });

  it("is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha", "beta");
  });

  it("is no fault where the plan has no pools", async () => {
    scene.stack.configure(meshConfig(scene.lab));
    await scene.preview();
  });
});
