/** Kind 3, cases of our own: an isolated network, one bound to loopback, a container in two networks. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { boxAddress, fromBox, fromHost, fromStranger, startBox, type Target } from "../../lab/probe.js";
import { hostPrefix20, pair, sceneOf } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";

const quick = ["--restart", "always", "--stop-timeout", "1"];
const mode = "com.docker.network.bridge.gateway_mode_ipv4=isolated";
const binding = "com.docker.network.bridge.host_binding_ipv4=127.0.0.1";

describe("kind 3: networks that are closed in other ways", () => {
  let scene: Scene;
  let stranger: Stranger;

  before(async () => {
    scene = await sceneOf("k3", pair({ image: "docker28" }, { image: "docker29-nft" }), hostPrefix20);
    stranger = await scene.lab.stranger("stranger");
    await scene.startBoxes();
    await scene.up();
    for (const host of scene.lab.hosts) {
      await host.run(`docker network create --internal -o ${mode} iso
        docker network create -o ${binding} loop
        docker network create --internal inner
        docker network create outer`);
      await startBox(host, "iso", [...quick, "--network", "iso"]);
      await startBox(host, "loop", [...quick, "--network", "loop", "-p", "8081:80"]);
      await startBox(host, "both", [...quick, "--network", "outer"]);
      await host.run("docker network connect inner both");
    }
    // The next up takes notice of networks that were made after the first.
    await scene.up();
  });
  after(() => scene?.strike());

  const peerOf = ({ name }: Host) => scene.lab.host(name === "alpha" ? "beta" : "alpha");
  const inside = async (host: Host, box: string, network: string): Promise<readonly Target[]> => {
    const address = await addressIn(host, box, network);
    return [undefined, 80, 81].map((port) => ({ name: box, address, ...(port ? { port } : {}) }));
  };
  /** The doors that the peer's host and container reach, and a stranger that routes the address to the host. */
  const reached = async (host: Host, doors: readonly Target[]) => {
    const peer = peerOf(host);
    for (const address of new Set(doors.map((door) => door.address))) {
      if (address !== host.address)
        await stranger.run(["ip", "route", "replace", `${address}/32`, "via", host.address]);
    }
    const looks = {
      container: await fromBox(peer, doors),
      peer: await fromHost(peer, doors),
      stranger: await fromStranger(stranger, doors),
    };
    return Object.entries(looks).flatMap(([who, answers]) =>
      answers
        .filter((answer) => answer.reached)
        .map(({ target }) => `${who} -> ${target.name} ${target.port ?? "icmp"}`),
    );
  };

  for (const name of ["alpha", "beta"]) {
    it(`${name}'s isolated network is closed to everybody`, async () => {
      const host = scene.lab.host(name);
      assert.deepEqual(await reached(host, await inside(host, "iso", "iso")), []);
    });

    it(`${name}'s port that is bound to loopback is there for the host alone; the plan enters the network`, async () => {
      const host = scene.lab.host(name);
      const own = { name: "loop", address: "127.0.0.1", port: 8081 };
      assert.equal((await fromHost(host, [own]))[0]?.reached, true);
      assert.deepEqual(await reached(host, [{ name: "loop", address: host.address, port: 8081 }]), []);
      assert.deepEqual(await reached(host, await inside(host, "loop", "loop")), [
        ...["icmp", "80", "81"].map((door) => `container -> loop ${door}`),
        ...["icmp", "80", "81"].map((door) => `peer -> loop ${door}`),
      ]);
    });

    it(`${name}'s container in two networks is reached in the open one, and not in the internal one`, async () => {
      const host = scene.lab.host(name);
      assert.deepEqual(await reached(host, await inside(host, "both", "inner")), []);
      const open = await reached(host, await inside(host, "both", "outer"));
      assert.deepEqual(open, [
        ...["icmp", "80", "81"].map((door) => `container -> both ${door}`),
        ...["icmp", "80", "81"].map((door) => `peer -> both ${door}`),
      ]);
      // Its way out is the open network's.
      const out = { name: "peer", address: await boxAddress(peerOf(host)), port: 81 };
      const [answer] = await fromBox(host, [out], "both");
      assert.equal(answer?.source, await addressIn(host, "both", "outer"));
    });
  }

  it("leaves a preview with nothing to do", async () => {
    assert.deepEqual(changed(await scene.preview()), []);
  });
});

async function addressIn(host: Host, box: string, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return (await host.run(["docker", "inspect", "-f", format, box])).trim();
}
