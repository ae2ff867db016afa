/** A program of its own with a `Mesh` takes over the resources of stacks/, and nothing is replaced or changed. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownProject } from "../support/own-project.js";
import { Scene, succeeded } from "../support/scene.js";
import { root, Stack } from "../support/stack.js";

const program = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Mesh, MeshCheck } from ${JSON.stringify(join(root, "provider/index.js"))};
interface Host { name: string; address: string }
const config = new pulumi.Config("dockroute");
// As an instance's address would be: an Output.
const own = new pulumi.Config("shop");
const listed = own.getObject<Host[]>("hosts") ?? config.requireObject<Host[]>("hosts");
const login = own.getObject<{ keyFile: string; knownHostsFile: string; by: Host & { hostKey: string } }>("login");
const hosts = listed.map(({ name, address }) => {
  const key = login && { privateKey: pulumi.secret(readFileSync(login.keyFile, "utf8")) };
  // One host is reached through the other, as behind a bastion.
  const proxy = name === login?.by.name ? {} : { proxy: { host: login?.by.address ?? "", hostKey: login?.by.hostKey ?? "", ...key } };
  const connection = login && { host: address, ...key, ...proxy, knownHostsFile: login.knownHostsFile };
  return { name, address: pulumi.output(address), ...(connection && { connection }) };
});
const mesh = new Mesh("mesh", { pool: config.require("pool"), hosts });
export const plan = mesh.plan;
const { connections, resources } = mesh;
const check =
  login && new MeshCheck("check", { plan, hosts: mesh.hosts, connections }, { dependsOn: [...resources] });
export const reached = check?.results;
`;

describe("a Mesh in a program of its own", () => {
  let scene: Scene;
  const project = ownProject("dockroute", program);

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

    // The same without one word of the hosts in dockroute's own config, as where they are a cloud's.
    const { privateKeyFile: keyFile, knownHostsFile } = scene.lab;
    const privateKey = readFileSync(keyFile, "utf8");
    const listed = scene.lab.hosts.map(({ name, address }) => ({ name, address }));
    const [by] = listed;
    const known = readFileSync(knownHostsFile, "utf8").split("\n");
    const hostKey = known.find((line) => line.startsWith(`${by?.address} `))?.replace(/^\S+ /, "");
    mesh.configure({
      pool: "172.30.0.0/16",
      "shop:hosts": listed,
      "shop:login": { keyFile, knownHostsFile, by: { ...by, hostKey } },
    });
    assert.deepEqual(summary(succeeded(await mesh.up()).text), ["1 created", "8 updated"]);
    // Neither the config nor the operator's own files have a login for the check.
    const one = { reached: true };
    assert.deepEqual((await mesh.outputs())["reached"], { alpha: { beta: one }, beta: { alpha: one } });
    assert(
      !(await mesh.export()).includes(privateKey.split("\n")[1] ?? ""),
      "the key is encrypted in the state",
    );
    for (const words of [["status"], ["check"]]) {
      const stack = ["--stack", mesh.name, "--config-file", mesh.configFile];
      const { code, stdout, stderr } = await mesh.command([
        "node",
        join(root, "dockroute.js"),
        ...words,
        ...stack,
      ]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /^ +alpha .*\n +beta /m);
    }
    succeeded(await mesh.destroy());
    for (const host of scene.lab.hosts) assert.equal(await host.run("ip route show proto 219"), "");
  });
});
