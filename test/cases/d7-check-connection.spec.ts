/** A program names each host's login itself: the check gets in by it too, also through another host. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { sceneOf } from "../support/cases.js";
import { ownProject } from "../support/own-project.js";
import { type Scene, succeeded } from "../support/scene.js";
import { root, Stack } from "../support/stack.js";

const program = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Mesh, MeshCheck } from ${JSON.stringify(join(root, "provider/index.js"))};
const config = new pulumi.Config("shop");
const [alpha, beta] = config.requireObject("hosts");
const { keyFile, knownHostsFile, hostKey } = config.requireObject("login");
const privateKey = pulumi.secret(readFileSync(keyFile, "utf8"));
const direct = { host: beta.address, privateKey, knownHostsFile };
const proxy = { host: beta.address, privateKey, hostKey };
const hosts = [
  { ...alpha, connection: { host: alpha.address, privateKey, knownHostsFile, proxy } },
  { ...beta, connection: direct },
];
const mesh = new Mesh("mesh", { pool: "172.30.0.0/16", hosts });
export const plan = mesh.plan;
const { hosts: where, connections, resources } = mesh;
export const check = new MeshCheck("check", { plan, hosts: where, connections }, { dependsOn: [...resources] }).results;
`;

describe("D7: MeshCheck with a program's own connection", () => {
  let scene: Scene;
  let project: string;
  let mesh: Stack;

  before(async () => {
    scene = await sceneOf("d7");
    await scene.startBoxes();
    project = ownProject("shop", program);
    const { privateKeyFile: keyFile, knownHostsFile } = scene.lab;
    const hostKey = (await scene.lab.host("beta").run("cat /etc/ssh/ssh_host_ed25519_key.pub")).trim();
    mesh = await Stack.make(
      "shop",
      join(scene.stack.folder, "shop"),
      scene.programs,
      {
        "shop:hosts": scene.lab.hosts.map(({ name, address }) => ({ name, address })),
        "shop:login": { keyFile, knownHostsFile, hostKey },
      },
      project,
    );
  });
  after(async () => {
    await scene?.strike();
    if (project !== undefined) rmSync(project, { recursive: true, force: true });
  });

  it("reaches a host behind another one, as the resources do, and finds a whole mesh whole", async () => {
    const up = succeeded(await mesh.up("--continue-on-error"));
    await scene.whole();
    const green = { alpha: { beta: { reached: true } }, beta: { alpha: { reached: true } } };
    assert.deepEqual((await mesh.outputs())["check"], green, up.text);
  });

  it("keeps no credential in the clear in the state", async () => {
    assert.doesNotMatch(await mesh.export(), /PRIVATE KEY/);
    succeeded(await mesh.destroy());
  });
});
