/** Four hosts in two sites, each with another Docker: WireGuard between the sites, and then VXLAN in its place. */
import assert from "node:assert/strict";
import { until } from "../../lab/run.js";
import { places } from "../support/mesh.js";
import { inNetworkOf } from "../support/packets.js";
import { changed, succeeded } from "../support/scene.js";
import { fourHosts, TwoSites } from "./two-sites.js";

const timer = "dockroute-repair.timer";

describe("links between two sites", function () {
  this.timeout(900_000);
  let sites: TwoSites;

  const alpha = () => sites.host("alpha");
  const whole = async () => assert.deepEqual(await sites.amiss(), []);
  const wholeAgain = (what: string) =>
    until(what, 90_000, async () => (await sites.amiss()).length === 0, undefined, 2000);

  before(async () => {
    sites = await TwoSites.up(process.env["LAB_PREFIX"] ?? "t18", fourHosts, { between: "wireguard" });
  });
  after(() => sites?.down());

  /** The packets that leave the card unencrypted for a range of the plan, counted after all routing and NAT. */
  async function inTheClear(work: () => Promise<unknown>): Promise<number> {
    const chain = "{ type filter hook postrouting priority 300; }";
    const rule = "oifname eth0 ip daddr { 172.30.3.0/24, 172.30.4.0/24 } counter";
    await alpha().run(`nft 'add table ip t18; add chain ip t18 out ${chain}; add rule ip t18 out ${rule}'`);
    await work();
    const counted = await alpha().run("nft list table ip t18; nft delete table ip t18");
    return Number(/counter packets (\d+)/.exec(counted)?.[1]);
  }

  const pingGamma = async () => {
    const [gamma] = await places([sites.host("gamma")]);
    return inNetworkOf(alpha(), ["ping", "-n", "-c", "3", "-i", "0.3", "-W", "1", gamma?.box ?? ""]);
  };

  /** Changes things by hand while the repair is off, and has the next `up` find and mend them. */
  async function drifts(commands: readonly string[], names: readonly string[]) {
    await alpha().run(`systemctl stop ${timer}`);
    for (const command of commands) await alpha().run(command);
    const ran = succeeded(await sites.stack.up("--refresh"));
    await alpha().run(`systemctl start ${timer}`);
    assert.deepEqual(changed(ran), names);
    await whole();
  }

  describe("with WireGuard", () => {
    it("lets containers reach each other in every direction, each seen as itself", async () => {
      succeeded(await sites.stack.up("--continue-on-error"));
      await whole();
    });

    it("has nothing to do in the next preview", async () => {
      succeeded(await sites.stack.preview("--refresh", "--expect-no-changes"));
    });

    it("keeps the private key on its host", async () => {
      const key = (await alpha().run("cat /etc/dockroute/wg.key")).trim();
      assert.match(key, /^\S{43}=$/);
      assert.equal((await alpha().run("stat -c '%a %U:%G' /etc/dockroute/wg.key")).trim(), "600 root:root");
      const places = [
        await sites.stack.export(),
        JSON.stringify(await sites.stack.outputs()),
        await alpha().run(
          "journalctl -q --no-pager; ps -eww -o args; cat /etc/dockroute/scripts/* /run/dockroute.loaded",
        ),
      ];
      for (const text of places) assert.ok(!text.includes(key));
    });

    it("sends packets as large as a container's own, and tells a container of a smaller one", async () => {
      const [gamma] = await places([sites.host("gamma")]);
      const ping = (size: number, ...more: string[]) =>
        inNetworkOf(alpha(), [
          "ping",
          "-n",
          "-c",
          "2",
          "-W",
          "2",
          "-s",
          String(size),
          ...more,
          gamma?.box ?? "",
        ]);
      assert.equal((await ping(1472)).code, 0);
      assert.equal((await ping(1392, "-M", "do")).code, 0);
      const large = await ping(1472, "-M", "do");
      assert.match(large.stdout + large.stderr, /Frag needed|message too long/i);
    });

    it("sends nothing in the clear while the device is gone", async () => {
      const seen = await inTheClear(async () => {
        await alpha().run("systemctl stop dockroute-wireguard.service");
        assert.notEqual((await pingGamma()).code, 0);
      });
      assert.equal(seen, 0);
    });

    it("is made whole by an up after that", async () => {
      succeeded(await sites.stack.up("--refresh", "--continue-on-error"));
      await wholeAgain("the mesh after the device was gone");
    });

    it("is whole again by itself after wireguard-go was killed", async () => {
      await alpha().run("pkill -9 -x wireguard-go");
      await wholeAgain("the mesh after wireguard-go was killed");
    });

    it("finds and mends what was changed by hand", async () => {
      await drifts(
        ["ip link set dr-wg mtu 1300", "chmod 644 /etc/dockroute/wg.key", "iptables -F DOCKROUTE-IN-dr-wg"],
        ["alpha-link"],
      );
      // The kernel takes the routes of a device without an address.
      await drifts(["ip addr flush dev dr-wg"], ["alpha-link", "alpha-to-delta", "alpha-to-gamma"]);
      await drifts(
        [
          "wg set dr-wg peer $(wg show dr-wg allowed-ips | awk '/172.30.3.0/ { print $1 }') remove",
          "ip route del unreachable 172.30.4.0/24 metric 4278198272",
        ],
        ["alpha-to-delta", "alpha-to-gamma"],
      );
    });

    it("takes a new key to the peers in the same up", async () => {
      await drifts(["rm /etc/dockroute/wg.key"], ["alpha-link", "delta-to-alpha", "gamma-to-alpha"]);
    });

    it("is repaired within half a minute where nobody runs an up", async () => {
      await alpha().run("for peer in $(wg show dr-wg peers); do wg set dr-wg peer $peer remove; done");
      await wholeAgain("the mesh after its peers were removed");
    });

    it("is there again after a boot", async () => {
      await sites.lab.reboot("alpha");
      await sites.lab.reboot("delta");
      await wholeAgain("the mesh after two boots");
      succeeded(await sites.stack.preview("--refresh", "--expect-no-changes"));
    });
  });

  describe("with VXLAN in its place", () => {
    it("changes the hosts in one up, which leaves nothing of WireGuard", async () => {
      sites.change({ between: "vxlan" });
      succeeded(await sites.stack.up("--continue-on-error"));
      await whole();
      const left =
        "find /etc -name '*wg*' -path '*dockroute*'; find /etc -name 'dockroute-wireguard*'; ls /sys/class/net | grep dr-wg; :";
      assert.equal(await alpha().run(left), "");
      succeeded(await sites.stack.preview("--refresh", "--expect-no-changes"));
    });

    it("is closed to whoever is no peer", async () => {
      const stranger = await sites.lab.stranger("stranger");
      await stranger.run("ip link add vx0 type vxlan id 219 dstport 4789 dev eth0 nolearning");
      await stranger.run("ip link set vx0 address 02:db:ac:1e:03:00 up; ip addr add 172.30.3.99/32 dev vx0");
      const mac = "02:db:ac:1e:01:00";
      await stranger.run(
        `bridge fdb add ${mac} dev vx0 dst ${alpha().address}; ip neigh add 172.30.1.0 lladdr ${mac} dev vx0`,
      );
      const [place] = await places([alpha()]);
      await stranger.run(`ip route add ${place?.box} via 172.30.1.0 dev vx0 onlink src 172.30.3.99`);
      const count = "iptables -nvx -L DOCKROUTE-IN-dr-vx | awk '$3 == \"DROP\" { print $1 }'";
      const before = Number(await alpha().run(count));
      await stranger.exec(`ping -c 3 -i 0.3 -W 1 ${place?.box}`);
      assert.equal(Number(await alpha().run(count)) - before, 3);
    });

    it("sends nothing in the clear while the device is gone, and is repaired", async () => {
      await alpha().run(`systemctl stop ${timer}`);
      const seen = await inTheClear(async () => {
        await alpha().run("ip link del dr-vx");
        assert.notEqual((await pingGamma()).code, 0);
      });
      assert.equal(seen, 0);
      await alpha().run(`systemctl start ${timer}`);
      await wholeAgain("the mesh after the device was deleted");
    });

    it("finds and mends what was changed by hand", async () => {
      await drifts(
        ["bridge fdb del 02:db:ac:1e:03:00 dev dr-vx", "ip neigh del 172.30.4.0 dev dr-vx"],
        ["alpha-to-delta", "alpha-to-gamma"],
      );
      await drifts(
        ["iptables -t raw -F OUTPUT", "ip link set dr-vx down"],
        ["alpha-link", "alpha-to-delta", "alpha-to-gamma"],
      );
    });

    it("is there again after a boot", async () => {
      await sites.lab.reboot("gamma");
      await wholeAgain("the mesh after a boot");
    });
  });

  describe("destroyed", () => {
    it("leaves the hosts as they were", async () => {
      succeeded(await sites.stack.destroy());
      assert.deepEqual(await sites.leftovers(), []);
    });
  });
});
