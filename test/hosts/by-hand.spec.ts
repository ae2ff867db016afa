import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { differences, snapshot } from "../../lab/snapshot.js";
import { Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { root } from "../support/stack.js";

/** The commands of docs/hosts.md, as a person would copy them. */
function commands(): string {
  const text = readFileSync(join(root, "docs/hosts.md"), "utf8");
  const [, block] = /## Removing it by hand\n.*?```sh\n(.*?)```/s.exec(text) ?? [];
  if (block === undefined) throw new Error("docs/hosts.md has no commands for removing it by hand");
  return block;
}

interface Before {
  readonly bip: string;
}

describe("docs/hosts.md", function () {
  this.timeout(300_000);
  let scene: Scene;

  before(async () => {
    scene = await Scene.set("byhand");
  });
  after(() => scene?.strike());

  it("lists all that is on a host: removed by hand, nothing is left", async () => {
    const { hosts } = scene.lab;
    const fresh = await Promise.all(hosts.map((host) => snapshot(host, { ignore: emptyTable })));
    await scene.up();
    for (const [at, host] of hosts.entries()) {
      await host.run(["sh", "-e", "-c", commands()]);
      const old = JSON.parse(await host.run("cat /etc/dockroute/before.json")) as Before;
      await host.run(`sed -i -E 's#"bip": "[^"]*"#"bip": "${old.bip}"#' /etc/docker/daemon.json`);
      await host.run("systemctl reset-failed docker; systemctl restart docker");
      await host.run("rm /etc/docker/daemon.json; rm -rf /etc/dockroute");
      const was = fresh[at];
      if (was !== undefined)
        deepEqual(differences(was, await snapshot(host, { ignore: emptyTable })), [], host.name);
    }
  });
});
