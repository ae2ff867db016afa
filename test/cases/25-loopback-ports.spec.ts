/** Docker 29 with nftables: a port published on loopback is for the host alone, on every bridge and in both families. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { until } from "../../lab/run.js";
import { pair, sceneOf } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

const quick = ["--restart", "always", "--stop-timeout", "1"];

describe("25: ports published on 127.0.0.1 and ::1 in networks of a user's", () => {
  let scene: Scene;
  let stranger: Stranger;
  const host = (): Host => scene.lab.host("beta");
  /** The stranger's way to a port published on loopback is the container's own address. */
  let doors: readonly string[];

  before(async () => {
    scene = await sceneOf("25", pair({}, { image: "docker29-nft" }));
    stranger = await scene.lab.stranger("outside");
    await host().run("sysctl -qw net.ipv6.conf.all.forwarding=1");
    await host().run("ip -6 addr add fd97::1/64 dev eth0 nodad");
    await host().run("docker network create -o com.docker.network.bridge.name=web0 web");
    await host().run("docker network create app");
    await host().run("docker network create --ipv6 --subnet fd98:1::/64 six");
    await bridgeOfAnother("virbr8", "10.78.0");
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

  it("a port of it that is published for everybody is open at once", async () => {
    await startBox(host(), "all", [...quick, "--network", "later", "-p", "8094:80"]);
    const { code } = await stranger.exec(["bash", "-c", connect(`${host().address}/8094`)]);
    assert.equal(code, 0);
  });

  it("another program's bridge stays as it is, and a new one is closed for a moment only", async () => {
    await bridgeOfAnother("virbr9", "10.79.0");
    const reaches = async (address: string) =>
      (await stranger.exec(["ping", "-c", "1", "-W", "1", address])).code === 0;
    assert.equal(await reaches("10.78.0.2"), true);
    await until("the new bridge", 45_000, () => reaches("10.79.0.2"));
  });

  /** As libvirt and LXD make them: a bridge with an address, and a machine behind it that is routed to. */
  const bridgeOfAnother = async (name: string, net: string) => {
    await host().run(`ip netns add ${name}
      ip link add ${name} type bridge && ip addr add ${net}.1/24 dev ${name} && ip link set ${name} up
      ip link add ${name}p type veth peer name eth0 netns ${name} && ip link set ${name}p up master ${name}
      ip -n ${name} addr add ${net}.2/24 dev eth0 && ip -n ${name} link set eth0 up
      ip -n ${name} route add default via ${net}.1`);
    await stranger.run(["ip", "route", "add", `${net}.0/24`, "via", host().address]);
  };
  const box = (network: string, port: string) =>
    startBox(host(), network, [...quick, "--network", network, "-p", port]);
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
