/** `dockroute:check: true`: the proof after an `up`, in its outputs. */
import assert from "node:assert/strict";
import type { Results } from "../../provider/shells/lifecycle/mesh-check.js";
import { changed, Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

describe("the check of an up", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set(
      "seup",
      [
        { name: "alpha", image: "docker26" },
        { name: "beta", image: "docker28" },
      ],
      (lab) => ({ ...meshConfig(lab), check: true }),
    );
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  const results = async () => (await scene.stack.outputs())["check"] as Results | undefined;
  const green = { alpha: { beta: { reached: true } }, beta: { alpha: { reached: true } } };
  /** Packets between the parts that came to beta: without a check there are none. */
  const counted = async () => {
    const out = await scene.lab
      .host("beta")
      .run("iptables -t mangle -L PREROUTING -nvx | awk '/count-me/ { print $1 }'");
    return Number(out.trim());
  };

  it("stands in the outputs after the first one, and a preview runs none", async () => {
    await scene.lab
      .host("beta")
      .run("iptables -t mangle -A PREROUTING -p icmp -s 172.30.0.0/16 -m comment --comment count-me");
    const preview = await scene.preview();
    assert.match(preview.text, /dockroute:MeshCheck/);
    assert.equal(await counted(), 0);
    await scene.up();
    // It would put back what is broken here.
    for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
    assert.deepEqual(await results(), green);
    assert((await counted()) > 0);
  });

  it("is not made by an up with nothing to do, which changes no output", async () => {
    const was = await counted();
    const before = await scene.stack.outputs();
    const ran = await scene.up();
    assert.deepEqual(changed(ran), []);
    assert.equal(await counted(), was);
    assert.deepEqual(await scene.stack.outputs(), before);
  });

  it("says after a change which direction is lost, where and why", async () => {
    // Somebody else's rule, which no resource of ours puts right, and a drift that makes an up change something.
    await scene.lab.host("beta").run("iptables -I DOCKER-USER 1 -s 172.30.0.0/24 -j DROP");
    await scene.lab.host("alpha").run("ip route del 172.30.1.0/24");
    const ran = await scene.up();
    assert.deepEqual(changed(ran), ["alpha-to-beta", "check"]);
    const found = await results();
    assert.equal(found?.["alpha"]?.["beta"]?.reached, false);
    assert.match(
      found?.["alpha"]?.["beta"]?.reason ?? "",
      /^icmp, tcp, udp: beta: iptables filter DOCKER-USER: `-s 172\.30\.0\.0\/24 -j DROP` dropped it; take that rule away/,
    );
    assert.match(ran.text, /check: alpha does not reach beta: icmp, tcp, udp: beta: iptables/);
  });

  it("is made again while one is red, and is green after it was mended", async () => {
    const preview = await scene.preview();
    assert.match(preview.text, /dockroute:MeshCheck: \(update\)/);
    assert.deepEqual(changed(await scene.up()), ["check"]);
    assert.equal((await results())?.["alpha"]?.["beta"]?.reached, false);
    await scene.lab.host("beta").run("iptables -D DOCKER-USER -s 172.30.0.0/24 -j DROP");
    assert.deepEqual(changed(await scene.up()), ["check"]);
    assert.deepEqual(await results(), green);
    assert.deepEqual(changed(await scene.up()), []);
  });

  it("is not made by an up that fails for a host, and by the one that finishes", async () => {
    await scene.lab.host("alpha").run("ip route del 172.30.1.0/24");
    await scene.lab.setLink("beta", "down");
    await scene.lab.setLink("alpha", "down");
    const failed = await scene.stack.up("--continue-on-error");
    assert.notEqual(failed.code, 0, failed.text);
    await scene.lab.setLink("alpha", "up");
    await scene.lab.setLink("beta", "up");
    const ran = await scene.up();
    assert(changed(ran).includes("check"), ran.text);
    assert.deepEqual(await results(), green);
  });

  it("goes with its key, and with the mesh", async () => {
    scene.stack.configure(meshConfig(scene.lab));
    assert.deepEqual(changed(await scene.up()), ["check"]);
    assert.equal(await results(), undefined);
    await scene.destroy();
  });
});
