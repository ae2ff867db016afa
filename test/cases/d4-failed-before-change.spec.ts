/** A host that fails before anything on it was changed keeps no other host from its change. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { says, sceneOf, standing } from "../support/cases.js";
import { type Scene, threeHosts } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

interface Failure {
  readonly what: string;
  /** Shell on the host; the second takes it back. */
  readonly spoil: string;
  readonly mend: string;
}

/** Each change is of another pool, so that each host has one to make. */
const failures: readonly Failure[] = [
  {
    what: "its daemon.json is immutable, so that the probe fails",
    spoil:
      "mkdir -p /etc/docker; [ -e /etc/docker/daemon.json ] || echo '{}' >/etc/docker/daemon.json; chattr +i /etc/docker/daemon.json",
    mend: "chattr -i /etc/docker/daemon.json",
  },
  {
    what: "its disk is full where daemon.json lies",
    spoil:
      "mkdir -p /srv/full; cp -a /etc/docker/. /srv/full; mount -t tmpfs -o size=8k,nr_inodes=9 none /etc/docker; cp -a /srv/full/. /etc/docker/; head -c 9000 /dev/zero >/etc/docker/ballast || :",
    mend: "umount /etc/docker",
  },
  {
    what: "somebody else holds its lock",
    spoil:
      "sh -c 'exec 9>>/run/dockroute.lock; flock 9; echo ana@laptop, pid 4711, to wait >&9; exec sleep 600' </dev/null >/dev/null 2>&1 & echo $! >/run/holder",
    mend: "kill $(cat /run/holder); rm -f /run/dockroute.lock",
  },
];

describe("D4: a host that fails before its first change", () => {
  let scene: Scene;
  let others: readonly Host[];
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("d4", threeHosts);
    await scene.startBoxes();
    others = scene.lab.hosts.filter(({ name }) => name !== "alpha");
    // Their shells are slow, so that the turn to restart Docker is alpha's first.
    for (const host of others)
      await host.run("sed -i '1i sleep 1' /root/.bashrc; head -1 /root/.bashrc | grep sleep");
  });
  after(() => scene?.strike());

  for (const [at, { what, spoil, mend }] of failures.entries()) {
    it(`${what}: it fails by name and is as it was, and all others are done`, async () => {
      const pool = `172.${28 + at}`;
      scene.stack.configure(meshConfig(scene.lab, undefined, `${pool}.0.0/16`));
      await alpha().run(spoil);
      const was = await standing(alpha());
      const ran = await scene.stack.up("--continue-on-error").finally(() => alpha().run(mend));
      assert.notEqual(ran.code, 0, ran.text);
      says(ran, ["alpha"]);
      for (const host of others) {
        assert.match(await host.run("ip -4 -o addr show docker0"), new RegExp(`${pool}\\.`), ran.text);
        assert.doesNotMatch(ran.text, new RegExp(`${host.name}: Docker was not restarted`));
      }
      const now = await standing(alpha());
      assert.deepEqual({ ...now, daemonJson: "" }, { ...was, daemonJson: "" }, ran.text);
      assert(!now.daemonJson.includes('"bip"'), now.daemonJson);
    });
  }

  it("the next up finishes it", async () => {
    await scene.up();
    await scene.whole();
  });
});
