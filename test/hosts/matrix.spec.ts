/** Every Docker that dockroute knows, in one mesh: all twenty directions, and the networks that people make. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import type { HostSpec } from "../../lab/lab.js";
import { startBox } from "../../lab/probe.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { record } from "../support/compatibility.js";
import * as mesh from "../support/mesh.js";
import { notMasqueraded, udpAmiss, udpHostPort, udpPort, uncutAmiss } from "../support/packets.js";
import { changed, quickBox, Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

const everyDocker: readonly HostSpec[] = [
  { name: "alpha", image: "docker20" },
  { name: "beta", image: "docker26" },
  { name: "gamma", image: "docker28" },
  { name: "delta", image: "docker29" },
  { name: "omega", image: "docker29-nft" },
];

describe("the matrix: Docker 20.10, 26.1, 28.5, 29, and 29 with nftables", () => {
  let scene: Scene;
  let all: readonly mesh.Place[];
  let stranger: Stranger;
  let was: readonly Snapshot[];
  let open: Awaited<ReturnType<typeof mesh.strangerFinds>>;
  const failures: string[] = [];

  const everywhere = <T>(work: (host: Host) => Promise<T>): Promise<T[]> =>
    Promise.all(scene.lab.hosts.map(work));
  const look = () => everywhere((host) => snapshot(host, { ignore: emptyTable }));

  before(async () => {
    scene = await Scene.set("f1m", everyDocker, (lab) => ({ ...meshConfig(lab), hostPrefix: 24 }));
    const udp = ["-p", `${udpHostPort}:${udpPort}/udp`];
    await everywhere((host) => startBox(host, "box", [...quickBox, ...udp]));
    await scene.lab.host("alpha").run("docker network create --subnet 192.168.77.0/24 old");
    stranger = await scene.outside("stranger");
    open = await mesh.strangerFindsEach(scene.lab.hosts, stranger);
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") failures.push(this.currentTest.title);
  });
  after(async () => {
    for (const { image } of everyDocker) record(image, "none", failures);
    await scene?.strike();
  });

  it("preview tells how to have users' networks in the plan, and names those that lie outside", async () => {
    const fresh = await look();
    const whole = (await scene.preview()).text;
    assert.match(whole, /omega: the whole subnet is docker0's, so networks that users create lie outside/);
    assert.match(whole, /set dockroute:hostPrefix to less than 24: with 20 a host has/);
    scene.stack.configure({ ...meshConfig(scene.lab), hostPrefix: 20 });
    const { text } = await scene.preview();
    assert.doesNotMatch(text, /set dockroute:hostPrefix/);
    const outside = text.match(/\S+: these networks of Docker lie outside the plan.*/g) ?? [];
    assert.equal(new Set(outside).size, 1, text);
    assert.match(outside.join("\n"), /^alpha: .* 192\.168\.77\.0\/24 \(old\)$/m);
    assert.deepEqual((await look()).flatMap(differencesFrom(fresh)), []);
    await scene.lab.host("alpha").run("docker network rm old");
    was = await look();
  });

  it("after up each of the twenty directions is whole by ICMP and TCP, published or not, as itself", async () => {
    await scene.up();
    all = await mesh.places(scene.lab.hosts);
    await scene.whole();
  });

  it("and by UDP, published or not", async () => {
    assert.deepEqual(await udpAmiss(all, true), []);
  });

  it("and by packets of 1400 and 1500 bytes that must not be cut; one of 1501 is too large", async () => {
    assert.deepEqual(await uncutAmiss(all, () => [1400, 1500]), []);
    assert.equal((await uncutAmiss(all, () => [1501])).length, 20);
  });

  it("packets that leave the plan are masqueraded", async () => {
    assert.deepEqual(await notMasqueraded(all, stranger), []);
  });

  it("a stranger reaches what it reached before and nothing more", async () => {
    assert.deepEqual(unaddressed(await mesh.strangerFinds(scene.lab.hosts, stranger)), unaddressed(open));
    assert.deepEqual(open, { unpublished: [], published: [] });
  });

  it("networks made after the up, Compose's and other, are reached across hosts with nothing to redo", async () => {
    for (const name of ["shop_default", "own"]) {
      const made =
        name === "own"
          ? ["docker", "network", "create", name]
          : ["docker", "network", "create", "--label", "com.docker.compose.project=shop", name];
      await everywhere(async (host) => {
        await host.run(made);
        await startBox(host, "web", ["--network", name, "--stop-timeout", "1"]);
      });
      const web = await mesh.places(scene.lab.hosts, "web");
      assert.deepEqual(await mesh.betweenBoxes(web, all, "web"), [], name);
      assert.deepEqual(await mesh.betweenBoxes(all, web), [], name);
      assert.deepEqual(await mesh.betweenBoxes(web, web, "web"), [], name);
      assert.deepEqual(await udpAmiss(web, false, "web"), [], name);
      assert.deepEqual(await notMasqueraded(web, stranger, "web"), [], name);
      assert.deepEqual((await mesh.strangerFinds(scene.lab.hosts, stranger, "web")).unpublished, [], name);
      await everywhere((host) => host.run(`docker rm -f web && docker network rm ${name}`));
    }
    assert.deepEqual(changed(await scene.up()), []);
    await scene.whole();
  });

  it("destroy restores every host", async () => {
    await scene.destroy();
    assert.deepEqual((await look()).flatMap(differencesFrom(was)), []);
  });
});

function differencesFrom(was: readonly Snapshot[]) {
  return (now: Snapshot, at: number): readonly string[] =>
    differences(was[at] ?? now, now).map((line) => `${everyDocker[at]?.name}: ${line}`);
}

/** docker0 has another address after the up. */
function unaddressed(found: {
  readonly unpublished: readonly string[];
  readonly published: readonly string[];
}) {
  return { ...found, unpublished: found.unpublished.map((text) => text.replace(/\d+\.\d+\.\d+\.\d+/, "")) };
}
