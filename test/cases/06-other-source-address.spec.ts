/** Case 6: containers leave a host with its second public address: by a rule of its own, or by `host_ipv4`. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { dropIn, hostPrefix20, restartDocker, sceneOf, seenAs } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { running, type Scene } from "../support/scene.js";

describe("case 6: a second public address", () => {
  let scene: Scene;
  let outside: Stranger;
  let second: string;

  before(async () => {
    scene = await sceneOf("6", undefined, hostPrefix20);
    outside = await scene.outside();
    second = `${scene.lab.subnet.replace(/\.0\/24$/, "")}.77`;
    await alpha().run(`ip addr add ${second}/32 dev eth0`);
    // Docker puts its own rule on top when it starts, so the person's is put above it again each time.
    const put = `iptables -w -t nat -D ${rule()} 2>/dev/null; iptables -w -t nat -I ${rule()}`;
    await dropIn(alpha(), [`ExecStartPost=/bin/sh -c '${put}'`], "snat.conf");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  const rule = () => `POSTROUTING -s 172.16.0.0/12 -o eth0 -j SNAT --to-source ${second}`;
  const alpha = () => scene.lab.host("alpha");
  const seen = (box?: string) => seenAs(outside, alpha(), box);

  it("leaves with it before dockroute", async () => {
    assert.equal(await seen(), second);
  });

  it("leaves with it after up, and the plan sees containers as themselves", async () => {
    await scene.up();
    assert.equal(await seen(), second);
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
  });

  it("leaves with it after the next restart of Docker", async () => {
    await restartDocker(alpha());
    await running(alpha());
    assert.equal(await seen(), second);
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
  });

  it("leaves with the address that a network's host_ipv4 names, where the host has no such rule", async () => {
    await alpha().run(`rm /etc/systemd/system/docker.service.d/snat.conf; iptables -w -t nat -D ${rule()}`);
    await restartDocker(alpha());
    await running(alpha());
    await alpha().run(`docker network create -o com.docker.network.host_ipv4=${second} own`);
    await startBox(alpha(), "own", ["--restart", "always", "--stop-timeout", "1", "--network", "own"]);
    await scene.up();
    assert.equal(await seen("own"), second);
    assert.equal(await seen(), alpha().address);
    const own = await places([alpha()], "own");
    const peers = (await places(scene.lab.hosts)).filter(({ host }) => host.name !== "alpha");
    assert.deepEqual(await betweenBoxes(own, peers, "own"), []);
  });
});
