/** Interfaces of a VPN or of another program come and go: that is no drift, and lets nobody in. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { dockerStarts, dockroute, pair, sceneOf } from "../support/cases.js";
import { onHost, open } from "../support/doors.js";
import { changed, type Scene } from "../support/scene.js";

/** The kernel lets links be called so; no shell and no rule can quote all of it. */
const odd = ["tap+1", "a=b"];

describe("17: interfaces of other programs", () => {
  let scene: Scene;
  const each = (work: (host: Host) => Promise<unknown>) => Promise.all(scene.lab.hosts.map(work));

  before(async () => {
    scene = await sceneOf("17", pair({}, { image: "docker29-nft" }));
    await each((host) => link(host, "wg0", "10.88.1.1/24"));
    await scene.startBoxes();
    await kept("wg0", "10.88.1");
    await scene.up();
  });
  after(() => scene?.strike());

  it("one that was there at the first up goes: no drift", async () => {
    await each((host) => host.run("ip netns del wg0"));
    await quiet();
  });

  it("a VPN's, a bridge and a card appear: no drift", async () => {
    await each(async (host) => {
      await link(host, "tun7", "10.88.7.1/24");
      await link(host, "enp7s0", "10.88.8.1/24");
      await host.run("ip link add virbr0 type bridge; ip addr add 10.88.9.1/24 dev virbr0");
      await host.run("ip link set virbr0 up");
    });
    await quiet();
  });

  it("a machine behind a new one reaches the same doors of a container as without dockroute, with each backend", async () => {
    await kept("tun7", "10.88.7");
  });

  it("they go again: no drift", async () => {
    await each((host) => host.run("ip netns del tun7; ip link del enp7s0; ip link del virbr0"));
    await quiet();
  });

  it("odd names are left alone", async () => {
    await each(async (host) => {
      for (const [at, name] of odd.entries()) await link(host, name, `10.88.${20 + at}.1/24`);
    });
    await quiet();
    const starts = await Promise.all(scene.lab.hosts.map(dockerStarts));
    await scene.lab.host("alpha").run("systemctl stop dockroute-repair.timer; ip route flush proto 219");
    assert.deepEqual(changed(await scene.up()), ["alpha-to-beta"]);
    assert.deepEqual(await Promise.all(scene.lab.hosts.map(dockerStarts)), starts);
    await scene.whole();
  });

  it("destroy goes through with them and leaves them there", async () => {
    await scene.destroy();
    await each(async (host) => {
      for (const name of odd) await host.run(["ip", "link", "show", name]);
    });
  });

  /** Behind the link stands a machine that reaches no more of a container than Docker alone lets it. */
  async function kept(name: string, network: string): Promise<void> {
    await each(async (host) => {
      await host.run(`ip netns add ${name}; ip link set ${name}-peer netns ${name}`);
      await host.run(`ip -n ${name} addr add ${network}.2/24 dev ${name}-peer`);
      await host.run(
        `ip -n ${name} link set ${name}-peer up; ip -n ${name} route add default via ${network}.1`,
      );
      const exec = (words: readonly string[]) => host.exec(["ip", "netns", "exec", name, ...words]);
      assert.equal((await exec(["ping", "-c", "1", "-W", "2", `${network}.1`])).code, 0, "the link works");
      const box = await boxAddress(host);
      assert.deepEqual(await open(onHost(host), box, ["tcp/81"]), ["tcp/81"], "the server listens");
      // Docker 29 keeps all of a container's own address closed to others; Docker 26 the ports that are not published.
      const closed = host.name === "beta" ? ["icmp", "tcp/80", "tcp/81"] : ["tcp/81"];
      assert.deepEqual(await open(exec, box, closed), [], host.name);
    });
  }

  /** No change in preview, none by up, and status is content. */
  async function quiet(): Promise<void> {
    const preview = await scene.preview();
    const status = await dockroute(scene, "status");
    assert.deepEqual(
      { due: changed(preview), status: status.code },
      { due: [], status: 0 },
      preview.text + status.text,
    );
  }
});

/** A link that is up, as another program makes it; its other end is NAME-peer. */
async function link(host: Host, name: string, address: string): Promise<void> {
  await host.run(["ip", "link", "add", name, "type", "veth", "peer", "name", `${name}-peer`]);
  await host.run(["ip", "addr", "add", address, "dev", name]);
  for (const end of [name, `${name}-peer`]) await host.run(["ip", "link", "set", end, "up"]);
}
