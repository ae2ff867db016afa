/** Kind 3, a case of our own: macvlan and host networks beside the plan, and a container in one of them and in docker0. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { fromBox, fromStranger, startBox } from "../../lab/probe.js";
import { pair, sceneOf } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";

const quick = ["--restart", "always", "--stop-timeout", "1"];

describe("kind 3: containers with an address of the LAN", () => {
  let scene: Scene;
  let stranger: Stranger;
  let lan: (last: number) => string;

  before(async () => {
    scene = await sceneOf("k3l", pair({ image: "docker26" }, { image: "docker29-nft" }));
    stranger = await scene.lab.stranger("stranger");
    lan = (last) => stranger.address.replace(/\d+$/, String(last));
    await scene.startBoxes();
    for (const [at, host] of scene.lab.hosts.entries()) {
      const part = ["--subnet", `${lan(0)}/24`, "--ip-range", `${lan(192 + 16 * at)}/28`];
      await host.run(["docker", "network", "create", "-d", "macvlan", "-o", "parent=eth0", ...part, "lan"]);
      await startBox(host, "onlan", [...quick, "--network", "lan"]);
      await startBox(host, "both", [...quick, "--network", "bridge"]);
      await host.run("docker network connect lan both");
    }
  });
  after(() => scene?.strike());

  const inLan = async (host: Host, box: string) =>
    (
      await host.run([
        "docker",
        "inspect",
        "-f",
        '{{(index .NetworkSettings.Networks "lan").IPAddress}}',
        box,
      ])
    ).trim();
  /** The doors that containers and the stranger reach by the LAN. */
  async function reached(): Promise<readonly string[]> {
    const [alpha, beta] = scene.lab.hosts;
    assert(alpha !== undefined && beta !== undefined);
    const doors = await Promise.all(
      [alpha, beta].flatMap((host) =>
        ["onlan", "both"].map(async (box) => ({
          name: `${host.name}'s ${box}`,
          address: await inLan(host, box),
          port: 81,
        })),
      ),
    );
    const looks = {
      stranger: await fromStranger(stranger, doors),
      "alpha's onlan": await fromBox(alpha, doors.slice(2), "onlan"),
    };
    return Object.entries(looks).flatMap(([who, answers]) =>
      answers.filter((each) => each.reached).map(({ target }) => `${who} -> ${target.name}`),
    );
  }

  it("are reached as before, by up and by destroy, and give no notice", async () => {
    const before = await reached();
    assert.equal(before.length, 6, before.join(", "));
    const told = await scene.preview();
    assert.doesNotMatch(told.text, /\blan\b/);
    await scene.up();
    assert.deepEqual(await reached(), before);
    await scene.whole();
    assert.deepEqual(changed(await scene.preview()), []);
    await scene.destroy();
    assert.deepEqual(await reached(), before);
  });
});
