/** A program of its own with a `Mesh` takes over what stacks/ has made, and nothing is replaced or changed. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Scene, succeeded } from "../support/scene.js";
import { root, Stack } from "../support/stack.js";

const program = `
import * as pulumi from "@pulumi/pulumi";
import { Mesh } from ${JSON.stringify(join(root, "provider/index.js"))};
interface Host { name: string; address: string }
const config = new pulumi.Config("dockroute");
// As an instance's address would be: an Output.
const hosts = config.requireObject<Host[]>("hosts").map(({ name, address }) => ({ name, address: pulumi.output(address) }));
export const plan = new Mesh("mesh", { pool: config.require("pool"), hosts }).plan;
`;

/** A project as a person has it, with the package of this checkout; its name is that of the stack's own project. */
function makeProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-mesh-"));
  const settings = {
    name: "dockroute",
    main: "index.ts",
    runtime: { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } },
  };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(settings));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
  writeFileSync(join(folder, "index.ts"), program);
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["@pulumi", "tsx"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  symlinkSync(root, join(folder, "node_modules", "dockroute"));
  return folder;
}

describe("a Mesh in a program of its own", () => {
  let scene: Scene;
  const project = makeProject();

  before(async () => {
    scene = await Scene.set("cli1", [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker26" },
    ]);
    await scene.startBoxes();
  });
  after(async () => {
    await scene?.strike();
    rmSync(project, { recursive: true, force: true });
  });

  it("previews the resources of stacks/ as they are, takes them over and destroys them", async () => {
    await scene.up();
    const { plan } = await scene.stack.outputs();
    const mesh = Stack.load(scene.stack.name, join(tmpdir(), "dockroute-cli1"), scene.programs, project);
    const preview = succeeded(await mesh.preview());
    const summary = (text: string) =>
      [
        ...text.matchAll(
          /^ +([-+~]+|) *(\d+) (to create|to update|to delete|to replace|created|updated|deleted|replaced|unchanged)$/gm,
        ),
      ].map(([, , count, what]) => `${count} ${what}`);
    assert.deepEqual(summary(preview.text), ["1 to create", "9 unchanged"], preview.text);
    assert.match(preview.text, /\+ dockroute:index:Mesh: \(create\)/);
    const up = succeeded(await mesh.up());
    assert.deepEqual(summary(up.text), ["1 created", "9 unchanged"], up.text);
    assert.deepEqual((await mesh.outputs())["plan"], plan);
    assert.deepEqual(summary(succeeded(await mesh.preview()).text), ["10 unchanged"]);
    await scene.whole();
    succeeded(await mesh.destroy());
    for (const host of scene.lab.hosts) assert.equal(await host.run("ip route show proto 219"), "");
  });
});
