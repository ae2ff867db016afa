/** Kind 4, a case of our own: Docker masquerades nothing, and a program asks for it by `masquerade`. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Stranger } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { pair, restartDocker, sceneOf, seenAs } from "../support/cases.js";
import { betweenBoxes, ownPublished, places } from "../support/mesh.js";
import { ownProject } from "../support/own-project.js";
import { changed, running, type Scene, succeeded } from "../support/scene.js";
import { meshConfig, root, Stack } from "../support/stack.js";

/** docker0's ranges are somebody else's work here, and no Docker is restarted. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { ForwardRule, MasqueradeRule, PeerRoute } from ${JSON.stringify(join(root, "provider/index.js"))};
const config = new pulumi.Config("own");
const masquerade = config.requireBoolean("masquerade");
const hosts = config.requireObject("hosts");
for (const { name, address, range } of hosts) {
  const on = { host: name, endpoint: \`root@\${address}:22\` };
  const peers = hosts.filter((peer) => peer.name !== name);
  for (const peer of peers)
    new PeerRoute(\`\${name}-to-\${peer.name}\`, {
      ...on, peer: peer.name, destination: peer.range, gateway: peer.address,
    });
  new MasqueradeRule(\`\${name}-masquerade\`, {
    ...on, source: range, exclude: peers.map((peer) => peer.range), masquerade,
  });
  new ForwardRule(\`\${name}-forward\`, {
    ...on, destination: range, sources: peers.flatMap((peer) => [peer.range, \`\${peer.address}/32\`]),
  });
}
`;

const ranges: Readonly<Record<string, string>> = { alpha: "172.31.1.0/24", beta: "172.31.2.0/24" };

describe("kind 4: `masquerade` where Docker has `ip-masq: false`", () => {
  let scene: Scene;
  let outside: Stranger;
  let project: string;
  let stack: Stack;
  let without: Readonly<Record<string, string>>;

  before(async () => {
    // With nft, and without: the rule is made in another program.
    scene = await sceneOf(
      "k4m",
      pair(
        { options: ["ip-masq false"], daemonJson: { bip: "172.31.1.1/24" } },
        { options: ["ip-masq false", "no nft"], daemonJson: { bip: "172.31.2.1/24" } },
      ),
    );
    outside = await scene.outside();
    await scene.startBoxes();
    project = ownProject("own", program);
    const folder = join(scene.stack.folder, "own");
    stack = await Stack.make("own", folder, scene.programs, configOf(scene, true), project);
    without = await leaving(scene, outside);
  });
  after(async () => {
    await scene?.strike();
    if (project !== undefined) rmSync(project, { recursive: true, force: true });
  });

  it("containers leave as themselves before it", () => {
    // Docker 28 drops packets that come back to a container from outside.
    assert.deepEqual(without, { alpha: "itself", beta: "nothing came back" });
  });

  const asTheHost = async () => {
    assert.deepEqual(await leaving(scene, outside), { alpha: "the host", beta: "the host" });
    const all = await places(scene.lab.hosts);
    assert.deepEqual([...(await betweenBoxes(all)), ...(await ownPublished(all))], []);
  };

  it("leave as the host after up, and as themselves inside the plan", async () => {
    succeeded(await stack.up("--continue-on-error"));
    await asTheHost();
  });

  it("still do after the next restart of Docker, and there is nothing to do", async () => {
    for (const host of scene.lab.hosts) {
      await restartDocker(host);
      await running(host);
    }
    await asTheHost();
    assert.deepEqual(changed(succeeded(await stack.preview())), []);
  });

  it("leave as themselves again without the input", async () => {
    stack.configure(configOf(scene, false));
    assert.deepEqual(changed(succeeded(await stack.up())), ["alpha-masquerade", "beta-masquerade"]);
    assert.deepEqual(await leaving(scene, outside), without);
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
  });

  it("a change by hand is seen and repaired; destroy leaves nothing of it", async () => {
    stack.configure(configOf(scene, true));
    succeeded(await stack.up());
    await scene.lab
      .host("beta")
      .run("iptables -t nat -F $(iptables -t nat -S | sed -n 's/^-N \\(DOCKROUTE-.*\\)/\\1/p')");
    succeeded(await stack.refresh());
    assert.deepEqual(changed(succeeded(await stack.up())), ["beta-masquerade"]);
    await asTheHost();
    succeeded(await stack.destroy());
    assert.deepEqual(await leaving(scene, outside), without);
    assert.equal(await scene.lab.host("alpha").run("nft list tables | grep dockroute || :"), "");
    assert.equal(await scene.lab.host("beta").run("iptables-save | grep -i dockroute || :"), "");
  });
});

function configOf({ lab }: Scene, masquerade: boolean) {
  const { connection } = meshConfig(lab);
  const hosts = lab.hosts.map(({ name, address }) => ({ name, address, range: ranges[name] }));
  return { connection, "own:hosts": hosts, "own:masquerade": masquerade };
}

/** As whom each container is seen by a machine outside that knows the way back to it. */
async function leaving({ lab }: Scene, outside: Stranger): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {};
  for (const host of lab.hosts) {
    const own = await boxAddress(host);
    await outside.run(["ip", "route", "replace", `${own}/32`, "via", host.address]);
    const source = (await seenAs(outside, host)) ?? "nothing came back";
    seen[host.name] = source === own ? "itself" : source === host.address ? "the host" : source;
    await outside.run(["ip", "route", "del", `${own}/32`]);
  }
  return seen;
}
