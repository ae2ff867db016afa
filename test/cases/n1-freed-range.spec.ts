/** The most ordinary case: the first network made after `up` gets the range that docker0 has left, then `destroy`. */
import assert from "node:assert/strict";
import { startBox } from "../../lab/probe.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { dockerStarts, says, sceneOf, standing } from "../support/cases.js";
import { quickBox, type Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";

describe("N1: docker network create takes 172.17.0.0/16 after up", () => {
  let scene: Scene;
  let fresh: readonly Snapshot[];
  const alpha = () => scene.lab.host("alpha");
  const look = () => Promise.all(scene.lab.hosts.map((host) => snapshot(host, { ignore: emptyTable })));

  before(async () => {
    scene = await sceneOf("n1");
    await scene.startBoxes();
    fresh = await look();
  });
  after(() => scene?.strike());

  it("the first preview warns that others can take the range that docker0 leaves", async () => {
    says(await scene.preview(), ["alpha", "beta", "172.17.0.0/16"]);
  });

  it("destroy refuses for that host without an outage, names the network, and goes through for the rest", async () => {
    await scene.up();
    await alpha().run("docker network create app");
    await startBox(alpha(), "web", [...quickBox.slice(0, 2), "--stop-timeout", "1", "--network", "app"]);
    const form = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
    assert.match(
      await alpha().run(["docker", "network", "inspect", "app", "-f", form]),
      /^172\.17\.0\.0\/16/,
    );
    const was = await standing(alpha());
    const ran = await scene.stack.destroy("--continue-on-error");
    assert.deepEqual(await standing(alpha()), was, ran.text);
    assert.notEqual(ran.code, 0, ran.text);
    says(ran, ["alpha", /\bapp\b/, "172.17.0.0/16"]);
    const beta = await look();
    assert.deepEqual(differences(fresh[1] as Snapshot, beta[1] as Snapshot), [], ran.text);
    assert.equal(await alpha().run("ip route show proto 219"), "", "no route of ours is left");
    assert.doesNotMatch(await alpha().run("iptables-save; nft list ruleset"), /dockroute/i);
  });

  it("a second try has no outage either", async () => {
    const was = await standing(alpha());
    const ran = await scene.stack.destroy("--continue-on-error");
    assert.deepEqual(await standing(alpha()), was, ran.text);
    assert.notEqual(ran.code, 0, ran.text);
  });

  it("when the network is gone, destroy finishes with one restart, and all is as before", async () => {
    await alpha().run("docker rm -f web; docker network rm app");
    const starts = await dockerStarts(alpha());
    await scene.destroy();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    const now = await look();
    assert.deepEqual(
      now.flatMap((one, at) => differences(fresh[at] ?? one, one)),
      [],
    );
  });
});
