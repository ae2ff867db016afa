import assert from "node:assert/strict";
import type { Snapshot } from "../../lab/snapshot.js";
import { amiss } from "../support/mesh.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, type Stack } from "../support/stack.js";

/** A host that is down, or refuses the login, costs its own resources and nobody else's. */
describe("a host that cannot be reached", () => {
  let site: Site;
  let stack: Stack;
  let fresh: ReadonlyMap<string, Snapshot>;

  before(async () => {
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t2a", {
      alpha: "docker20",
      beta: "docker26",
      gamma: "docker28",
    });
    fresh = await site.snapshots();
    stack = await site.stack("unreachable", impatient(meshConfig(site.lab)));
  });
  after(() => site?.down());

  it("C3 leaves no host half changed, whether or not the others go on without it", async () => {
    await site.lab.powerCut("gamma");

    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /gamma \(root@.*\): not reached: /);
    await untouched("alpha", "beta");

    // At the first failure the engine starts nothing more; each host is either done or was not begun.
    const stopped = await stack.up();
    failedFor(stopped, "gamma");
    await whole("alpha", "beta");

    const up = await stack.up("--continue-on-error");
    failedFor(up, "gamma");
    assert.deepEqual(await amiss(hosts("alpha", "beta")), []);
  });

  it("C3 is finished by the next up", async () => {
    await site.lab.boot("gamma");
    const up = await stack.up("--continue-on-error");
    assert.equal(up.code, 0, up.text);
    assert.deepEqual(await amiss(hosts("alpha", "beta", "gamma")), []);
  });

  it("is due by name while it refuses the login, even when nothing else changed", async () => {
    await site.lab.host("beta").run("mv /root/.ssh/authorized_keys /root/.ssh/kept");
    await site.lab.host("alpha").run("ip route del 172.30.2.0/24");

    const refresh = await stack.refresh();
    assert.equal(refresh.code, 0, refresh.text);

    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /found\s*: \[[\s-]*\[0\]: "not reached: the login as root was refused/);
    assert.doesNotMatch(preview.text, /name=beta-bridge[\s\S]*\+\/-/);

    const up = await stack.up("--continue-on-error");
    failedFor(up, "beta");
    assert.match(up.text, /beta-bridge[\s\S]*beta-to-alpha/);
    assert.deepEqual(await amiss(hosts("alpha", "gamma")), [], "the route of alpha is back");

    const again = await stack.up("--continue-on-error");
    failedFor(again, "beta");
  });

  it("C3 fails destroy for itself alone, by name, and is restored when it is back", async () => {
    const destroy = await stack.destroy("--continue-on-error");
    failedFor(destroy, "beta");
    await untouched("alpha", "gamma");
    const left = (await stack.export()).match(/"id": "[a-z]+\/[^"]*"/g) ?? [];
    assert.deepEqual([...new Set(left.map((id) => id.split('"')[3]?.split("/")[0]))], ["beta"]);

    await site.lab.host("beta").run("mv /root/.ssh/kept /root/.ssh/authorized_keys");
    const rest = await stack.destroy("--continue-on-error");
    assert.equal(rest.code, 0, rest.text);
    await untouched("alpha", "beta", "gamma");
  });

  const hosts = (...names: string[]) => names.map((name) => site.lab.host(name));

  async function untouched(...names: string[]): Promise<void> {
    assert.deepEqual(await site.changedSince(fresh, names), []);
  }

  /** Each is as before, or has its bridge in the file and in the kernel alike, and no change that waits. */
  async function whole(...names: string[]): Promise<void> {
    for (const host of hosts(...names)) {
      const bridge = (await host.run("ip -4 -o addr show docker0")).match(/inet (\S+)/)?.[1];
      const file = (await host.exec("cat /etc/docker/daemon.json")).stdout;
      assert.equal(file.includes('"bip"'), file.includes(`"${bridge}"`), `${host.name}: ${bridge}, ${file}`);
      assert.equal((await host.exec("test -e /etc/dockroute/pending")).code, 1, host.name);
      assert.match(await host.run("docker ps --format {{.Names}}"), /^box$/m, host.name);
    }
    const preview = await stack.preview();
    const drifted = preview.text.match(/found\s*: \[[\s-]*\[0\]: "(?!not reached)[^"]*"/g) ?? [];
    assert.deepEqual(drifted, [], preview.text);
  }
});

/** Fails, says the host's name and that it was not reached, and blames no other. */
function failedFor(ran: Ran, name: string): void {
  assert.notEqual(ran.code, 0, ran.text);
  const blamed = [...ran.text.matchAll(/([a-z]+) \(root@[^)]*\): not reached/g)].map(([, host]) => host);
  assert.deepEqual([...new Set(blamed)], [name], ran.text);
  assert.match(ran.text, new RegExp(`error: .*${name} \\(root@.*Nothing was changed on it`));
}

/** A dead host is given up soon. */
function impatient(config: Config): Config {
  const connection = { ...Object(config["connection"]), perDialTimeout: 3, dialErrorLimit: 1 };
  return { ...config, connection };
}
