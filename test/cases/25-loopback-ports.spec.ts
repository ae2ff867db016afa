/** Docker 29 with nftables: a port published on loopback is for the host alone, on every bridge and in both families. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { pair, sceneOf } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("25: ports published on 127.0.0.1 and ::1 in networks of a user's", () => {
  let scene: Scene;
  let stranger: Stranger;
  const host = (): Host => scene.lab.host("beta");
  /** The stranger's way to what is published on loopback is the container's own address. */
  let doors: readonly string[];

  before(async () => {
    scene = await sceneOf("25", pair({}, { image: "docker29-nft" }));
    stranger = await scene.lab.stranger("outside");
    await host().run("sysctl -qw net.ipv6.conf.all.forwarding=1");
    await host().run("ip -6 addr add fd97::1/64 dev eth0 nodad");
    await host().run("docker network create -o com.docker.network.bridge.name=web0 web");
    await host().run("docker network create app");
    await host().run("docker network create --ipv6 --subnet fd98:1::/64 six");
    await scene.startBoxes();
    await box("web", "127.0.0.1:8090:80");
    await box("app", "127.0.0.1:8091:80");
    await box("six", "[::1]:8092:80");
    await stranger.run("ip -6 addr add fd97::99/64 dev eth0 nodad");
    await stranger.run("ip -6 route add fd98:1::/64 via fd97::1");
    doors = await Promise.all([v4("web"), v4("app"), v4("six"), v6("six")]);
    for (const net of ["172.16.0.0/12"])
      await stranger.run(["ip", "route", "add", net, "via", host().address]);
  });
  after(() => scene?.strike());

  it("the host itself reaches them, and a stranger on the LAN does not", async () => {
    const there = await Promise.all(doors.map((door) => host().exec(["bash", "-c", connect(door)])));
    assert.deepEqual(
      there.map(({ code }) => code),
      doors.map(() => 0),
      doors.join(" "),
    );
    assert.deepEqual(await entered(), []);
  });

  it("the stranger does not after up either", async () => {
    await scene.up();
    doors = await Promise.all([v4("web"), v4("app"), v4("six"), v6("six")]);
    assert.deepEqual(await entered(), []);
    await scene.whole();
  });

  it("a network that is created after up is closed too", async () => {
    await host().run("docker network create -o com.docker.network.bridge.name=later0 later");
    await box("later", "127.0.0.1:8093:80");
    doors = [await v4("later")];
    assert.deepEqual(await entered(), []);
  });

  const box = (network: string, port: string) =>
    startBox(host(), network, [
      "--restart",
      "always",
      "--stop-timeout",
      "1",
      "--network",
      network,
      "-p",
      port,
    ]);
  const field = async (name: string, key: string) => {
    const form = `{{range .NetworkSettings.Networks}}{{.${key}}}{{end}}`;
    return (await host().run(["docker", "inspect", name, "-f", form])).trim();
  };
  const v4 = (name: string) => field(name, "IPAddress");
  const v6 = (name: string) => field(name, "GlobalIPv6Address");

  async function entered(): Promise<readonly string[]> {
    const ports = doors.flatMap((address) => [`${address}/80`, `${address}/81`]);
    const asked = await Promise.all(
      ports.map(async (port) => ({ port, ...(await stranger.exec(["bash", "-c", connect(port)])) })),
    );
    return asked.filter(({ code }) => code === 0).map(({ port }) => port);
  }
});

/** A TCP connection by bash itself, which knows both families; the port is 80 unless it is named. */
function connect(door: string): string {
  const [address, port = "80"] = door.split("/");
  return `exec 3<>/dev/tcp/${address}/${port} & child=$!; (sleep 3; kill $child 2>/dev/null) & wait $child`;
}
