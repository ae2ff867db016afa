/** A host with 50,000 iptables rules of another program, as fail2ban without ipset makes them, is managed like any other. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { changed, Scene } from "../support/scene.js";

const count = 50_000;

describe("a host with many firewall rules", () => {
  let scene: Scene;
  let alpha: Host;

  before(async () => {
    const hosts = [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker28" },
    ];
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "t1many", hosts);
    alpha = scene.lab.host("alpha");
    await alpha.run(["iptables-restore", "--noflush"], { input: bans() });
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("gets its mesh", async () => {
    await scene.up();
    await scene.whole();
  });

  it("has nothing due afterwards", async () => {
    assert.deepEqual(changed(await scene.preview()), []);
  });

  it("is restored by destroy, with all rules of the other program", async () => {
    await scene.destroy();
    const rules = await alpha.run("iptables -S f2b-sshd");
    assert.equal(rules.trim().split("\n").length, 1 + count);
    assert.equal((await alpha.exec(["test", "-e", "/etc/dockroute"])).code, 1);
  });
});

/** One REJECT an address, in a chain of their own. */
function bans(): string {
  const rules = Array.from({ length: count }, (_, at) => {
    const address = `203.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    return `-A f2b-sshd -s ${address}/32 -j REJECT --reject-with icmp-port-unreachable`;
  });
  return ["*filter", ":f2b-sshd - [0:0]", "-A INPUT -p tcp -j f2b-sshd", ...rules, "COMMIT", ""].join("\n");
}
