/** Kind 1, a case of our own: the command docker speaks to another daemon than the one that docker.service starts. */
import assert from "node:assert/strict";
import { until } from "../../lab/run.js";
import { says, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

const socket = "unix:///run/second.sock";
/** A daemon with a bridge of its own. One without any would remove docker0. */
const second = [
  `dockerd -H ${socket} --bridge=second0 --iptables=false --ip6tables=false`,
  "--data-root /var/lib/second --exec-root /run/second --pidfile /run/second.pid",
].join(" ");

describe("kind 1: DOCKER_HOST of /etc/environment names a second daemon", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("k1c");
    await scene.startBoxes();
    await alpha().run("ip link add second0 type bridge; ip addr add 192.168.98.1/24 dev second0");
    await alpha().run(`systemd-run -q --unit second ${second}`);
    await until("the second daemon", 30_000, async () => {
      return (await alpha().exec(`docker -H ${socket} version`)).code === 0;
    });
    await alpha().run(`echo DOCKER_HOST=${socket} >> /etc/environment`);
    const seen = await alpha().ssh("docker ps -q");
    assert.deepEqual([seen.code, seen.stdout], [0, ""]);
    assert.match(await alpha().run("ip -4 addr show docker0"), / 172\.17\.0\.1/);
  });
  after(() => scene?.strike());

  it("is refused by name, or the daemon that restarts is the one that is asked", async () => {
    const ran = await scene.stack.preview();
    if (ran.code !== 0) {
      says(ran, ["alpha", "DOCKER_HOST"]);
      await upLeaves(scene, "alpha");
    } else {
      assert.match(ran.text, /^\s*alpha: .*\bbox\b/m);
      await scene.up();
      await scene.whole();
    }
  });
});
