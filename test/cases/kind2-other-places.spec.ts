/** Kind 2, cases of our own: docker0's old range in a firewall rule, in an NFS export, in a container's --dns. */
import { startBox } from "../../lab/probe.js";
import { refusedAtPreview, says, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

describe("kind 2: docker0's old range in other places of a host", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("k2");
    await scene.startBoxes();
    await scene.lab.host("alpha").run(`echo '/srv/data 172.17.0.0/16(ro,sync,no_subtree_check)' > /etc/exports
        iptables -I INPUT -s 172.17.0.0/16 -p tcp --dport 5432 -j ACCEPT`);
    const dns = ["--restart", "always", "--stop-timeout", "1", "--dns", "172.17.0.1"];
    await startBox(scene.lab.host("beta"), "shop", dns);
  });
  after(() => scene?.strike());

  it("a rule and an export are named at preview, each with its place, and are no reason to refuse", async () => {
    scene.stack.configure(meshConfig(scene.lab, ["alpha"]));
    says(await scene.preview(), ["alpha", "/etc/exports", "INPUT", "172.17.0.0/16", "5432"]);
  });

  it("a container that asks docker0's address for names is refused: container, setting and address", async () => {
    scene.stack.configure(meshConfig(scene.lab));
    await refusedAtPreview(scene, ["beta", /\bshop\b/, /\bdns\b/i, /172\.17\.0\.1(?![\d/])/]);
  });

  it("it is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "beta");
  });
});
