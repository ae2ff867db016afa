/** Hosts of two sites in a stack's config alone: the ways, the preview's table, status, and from one way to another. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../../lab/lab.js";
import { startBox } from "../../lab/probe.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet } from "../../lab/run.js";
import { dockroute } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { quickBox, succeeded } from "../support/scene.js";
import { meshConfig, root, Stack } from "../support/stack.js";
import { fourHosts } from "./two-sites.js";

const sites: Readonly<Record<string, string>> = { alpha: "fra", beta: "fra", gamma: "home" };

describe("two sites in a config", function () {
  this.timeout(900_000);
  let lab: Lab;
  let stack: Stack;
  let folder: string;

  const configOf = (more: object) => {
    const { hosts = [], ...config } = meshConfig(lab);
    const located = (Array.isArray(hosts) ? hosts : []).map((host) => ({ ...host, site: sites[host.name] }));
    return { ...config, hosts: located, ...more };
  };
  const amiss = async () => betweenBoxes(await places(lab.hosts));

  before(async () => {
    const { folders } = await ensurePulumi(quiet);
    lab = await Lab.up({
      prefix: process.env["LAB_PREFIX"] ?? "tcf",
      hosts: fourHosts.filter(({ name }) => name in sites),
    });
    await Promise.all(lab.hosts.map((host) => startBox(host, "box", quickBox)));
    folder = mkdtempSync(join(tmpdir(), "dockroute-sites-"));
    stack = await Stack.make("sites", folder, folders, configOf({ between: "wireguard" }), root);
  });
  after(async () => {
    await lab?.down();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("is refused by name where no way leads from one site to the other", async () => {
    stack.configure(configOf({}));
    const ran = await stack.preview();
    assert.notEqual(ran.code, 0);
    assert.match(ran.text, /alpha \(fra\) and gamma \(home\) are in different sites/);
    stack.configure(configOf({ between: "wireguard" }));
  });

  it("shows the way of each pair in the preview", async () => {
    const { text } = succeeded(await stack.preview());
    assert.match(text, /alpha {3}beta {4}direct/);
    assert.match(text, /alpha {3}gamma {3}wireguard/);
  });

  it("joins all containers by one up, and has nothing to do then", async () => {
    succeeded(await stack.up("--continue-on-error"));
    assert.deepEqual(await amiss(), []);
    succeeded(await stack.preview("--refresh", "--expect-no-changes"));
  });

  it("shows the ways and the last handshake in the status, and no drift", async () => {
    const { code, text } = await dockroute({ stack }, "status");
    assert.equal(code, 0, text);
    assert.match(text, /alpha to beta: direct\n/);
    assert.match(text, /alpha to gamma: wireguard, last handshake 20\d\d-/);
  });

  it("goes over to VXLAN by one up", async () => {
    stack.configure(configOf({ between: "vxlan" }));
    const ran = succeeded(await stack.up("--continue-on-error"));
    assert.match(ran.text, /neither encrypted nor authenticated/);
    assert.deepEqual(await amiss(), []);
    // The former opening stays for two minutes, so that no packet is lost: links/switch has its end.
    const left = await lab.host("alpha").exec("ip link show dr-wg; ls /etc/dockroute/wg.key");
    assert.equal(left.stdout, "");
  });
});
