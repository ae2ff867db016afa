/** A network on a bridge that the host has, its card in it; and what the kernel would refuse at the first container. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { fromBox, fromHost, fromStranger, startBox } from "../../lab/probe.js";
import { Refused } from "../../provider/engine/errors/refused.js";
import { type LanNetworkInputs, lanNetwork } from "../../provider/resources/lan/index.js";
import { Driver } from "../support/drive.js";
import { Site } from "../support/site.js";

type Wish = Omit<LanNetworkInputs, "host" | "endpoint">;

describe("containers on the LAN by the host's own bridge", () => {
  let site: Site;
  let driver: Driver;
  let alpha: Host;
  let lan: (last: number) => string;

  before(async () => {
    site = await Site.up("lansbr", { alpha: "docker29" }, { boxes: false });
    alpha = site.lab.host("alpha");
    lan = (last) => alpha.address.replace(/\d+$/, String(last));
    driver = new Driver(site.lab);
    const mac = (await alpha.run("cat /sys/class/net/eth0/address")).trim();
    const lines = [
      `link add br0 address ${mac} type bridge stp_state 0 forward_delay 0`,
      "link set br0 up",
      "link set eth0 master br0",
      "address flush dev eth0 scope global",
      `address add ${alpha.address}/24 brd + dev br0`,
    ];
    await alpha.run(["sh", "-c", `echo "$1" | ip -batch -`, "sh", lines.join("\n")]);
  });
  after(async () => {
    await driver?.close();
    await site?.down();
  });

  const wish = (more: Partial<Wish> = {}): Wish => ({
    ...({ name: "lan", driver: "bridge", reserved: [], hostAccess: true, moveContainers: false } as const),
    ...{ address: alpha.address, subnet: `${lan(0)}/24`, gateway: lan(1), range: `${lan(64)}/28` },
    ...more,
  });
  const refused = (more: Partial<Wish>, words: RegExp) =>
    assert.rejects(driver.make(lanNetwork, "alpha", wish(more)), (error: unknown) => {
      assert.ok(error instanceof Refused, `${error}`);
      assert.match(error.message, words);
      return true;
    });

  it("are refused where the kernel would not have them", async () => {
    await refused({ driver: "macvlan", parent: "eth0" }, /eth0 is a port of br0, .*take the parent br0/);
    await refused({ parent: "docker0" }, /docker0 is a bridge of Docker's own/);
    await refused({ driver: "macvlan", parent: "eth7" }, /there is no link eth7/);
    await refused({ range: `${lan(0)}/27` }, new RegExp(`${alpha.address} of this host's br0 lies in`));
    assert.equal((await alpha.exec("docker network inspect lan")).code, 1);
  });

  it("are on the LAN, and the host keeps its address", async () => {
    const stranger = await site.lab.stranger("stranger");
    const before = await alpha.run("ip -4 -o addr show br0; ip route show");
    await driver.make(lanNetwork, "alpha", wish());
    await startBox(alpha, "onlan", ["--network", "lan", "--stop-timeout", "1"]);
    assert.equal(await alpha.run("ip -4 -o addr show br0; ip route show"), before);
    const address = (
      await alpha.run(["docker", "inspect", "-f", "{{.NetworkSettings.Networks.lan.IPAddress}}", "onlan"])
    ).trim();
    assert.match(address, new RegExp(`^${lan(6)}[4-9]$`));
    const box = { name: "the container", address, port: 81 };
    const all = [
      ...(await fromStranger(stranger, [box])),
      ...(await fromHost(alpha, [box])),
      ...(await fromBox(
        alpha,
        [lan(1), alpha.address, stranger.address].map((each) => ({ name: each, address: each })),
        "onlan",
      )),
    ];
    assert.deepEqual(
      all.filter(({ reached }) => !reached).map(({ target }) => target.name),
      [],
    );
  });

  it("are the only network on their link", async () => {
    const second = { name: "second", subnet: "10.99.0.0/24", gateway: "10.99.0.1", range: "10.99.0.64/28" };
    await refused({ ...second, parent: "br0" }, /br0 has Docker's network lan \(bridge\) already/);
  });

  it("go with a destroy that leaves the bridge, once no container is on them", async () => {
    await assert.rejects(driver.remove(lanNetwork, "alpha", wish()), /containers hang on lan, .*: onlan/);
    await alpha.run("docker rm -f onlan");
    await driver.remove(lanNetwork, "alpha", wish());
    assert.equal((await alpha.exec("docker network inspect lan")).code, 1);
    assert.match(await alpha.run("ip -4 -o addr show br0"), new RegExp(`inet ${alpha.address}/24`));
    assert.equal((await alpha.exec("ls /etc/dockroute")).code, 2);
  });
});
