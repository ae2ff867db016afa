import assert from "node:assert/strict";
import type { Command } from "../../../provider/engine/command.js";
import type { Seen } from "../../../provider/engine/fact.js";
import { commonQuestionsOf, seenOf } from "../../../provider/engine/fact.js";
import { type Device, macOf } from "../../../provider/facts/link-device.js";
import { type HostLinkInputs, hostLink } from "../../../provider/resources/link/index.js";
import { tablesOf } from "../../support/kind-tables.js";
import { answers, moment } from "../../support/recorded.js";

type HostLinkSeen = Seen<typeof hostLink.facts>;
const { steps, undo, drift, gone, refusals, warnings } = tablesOf(hostLink);

const image = "docker28";
const { host, endpoint } = moment(image, "ours").wishes.route;
const key = `${"A".repeat(42)}A=`;

function wishOf(change: Partial<HostLinkInputs>): HostLinkInputs {
  const given = {
    host,
    endpoint,
    kind: "wireguard",
    address: "172.30.1.0",
    sources: ["203.0.113.9"],
    ...change,
  };
  const checked = hostLink.check(given);
  if ("faults" in checked) throw new Error(JSON.stringify(checked.faults));
  return checked.inputs;
}

/** A host as it was recorded, and what it was not asked then. */
function seenBy(wish: HostLinkInputs, change: Partial<HostLinkSeen> = {}): HostLinkSeen {
  const questions = commonQuestionsOf(hostLink.facts);
  const seen = seenOf(hostLink.facts, wish, questions, answers(image, "ours", questions));
  return {
    ...seen,
    wireguard: { hasTools: true, inKernel: true, peers: [] },
    devices: [],
    udpPorts: new Set<number>(),
    ...change,
  };
}

const wish = wishOf({});
const vxlan = wishOf({ kind: "vxlan" });
const whys = (commands: readonly Command[]) => commands.map(({ why }) => why);
const device: Device = { name: "dr-wg", kind: "wireguard", alias: "dockroute", isUp: true, mtu: 1420 };

describe("a link of a host", () => {
  it("has the port of its kind, and one address", () => {
    assert.deepEqual([wish.port, vxlan.port, wish.address], [51820, 4789, "172.30.1.0/32"]);
    assert.deepEqual(wish.sources, ["203.0.113.9/32"]);
  });

  it("is refused as VXLAN that is open to everybody, and as WireGuard with a card", () => {
    const faults = (change: object) => {
      const checked = hostLink.check({ ...wish, port: undefined, ...change });
      return "faults" in checked ? checked.faults.map(({ property }) => property) : [];
    };
    assert.deepEqual(faults({ kind: "vxlan", sources: [] }), ["sources"]);
    assert.deepEqual(faults({ interface: "eth0" }), ["interface"]);
    assert.deepEqual(faults({ address: "172.30.1.0/24" }), ["address"]);
    assert.deepEqual(faults({ sources: [] }), []);
  });

  it("has its key made before its device, and its script kept last", () => {
    const all = steps(wish, seenBy(wish));
    assert.match(all[0]?.why ?? "", /^make a key/);
    assert.equal(all[1]?.why, "put dr-wg in place, with its port 51820");
    assert.match(all.at(-1)?.why ?? "", /^keep it over reboots in .*\/35-link-/);
  });

  it("closes its port to strangers before the device of a VXLAN is there, and keeps its packets from conntrack", () => {
    const text = steps(vxlan, seenBy(vxlan))[0]?.stdin ?? "";
    const device = text.indexOf("ip link add dr-vx address 02:db:ac:1e:01:00");
    for (const words of ["-j DROP", "-j CT --notrack", "iptables-restore -w --noflush"]) {
      const at = text.indexOf(words);
      assert.ok(at > 0 && at < device, text);
    }
  });

  it("names the private key in its commands by its file alone", () => {
    const texts = steps(wish, seenBy(wish)).map(({ argv, stdin }) => [...argv, stdin].join(" "));
    const named = texts.flatMap((text) => [...text.matchAll(/private-key (\S+)/g)].map(([, word]) => word));
    assert.deepEqual(named, ["/etc/dockroute/wg.key", "/etc/dockroute/wg.key"]);
  });

  it("is refused where there is no WireGuard, by what to install", () => {
    const bare = { hasTools: false, inKernel: false, peers: [] };
    const said = refusals(wish, seenBy(wish, { wireguard: bare }));
    assert.equal(said.length, 2);
    assert.match(said[0] ?? "", /wireguard-tools/);
    assert.match(said[1] ?? "", /wireguard-go/);
  });

  it("runs wireguard-go as a unit of its own where the kernel has none", () => {
    const userspace = { hasTools: true, inKernel: false, userspace: "/usr/bin/wireguard-go", peers: [] };
    const seen = seenBy(wish, { wireguard: userspace });
    assert.deepEqual(refusals(wish, seen), []);
    const said = whys(steps(wish, seen));
    assert.ok(said.indexOf("start wireguard-go") < said.indexOf("put dr-wg in place, with its port 51820"));
  });

  it("is refused where its port or the name of its device is somebody else's", () => {
    assert.match(
      refusals(wish, seenBy(wish, { udpPorts: new Set([51820]) }))[0] ?? "",
      /port 51820 is taken/,
    );
    const { alias: _, ...strange } = device;
    assert.match(refusals(wish, seenBy(wish, { devices: [strange] }))[0] ?? "", /has not made/);
    const other: Device = { name: "vx0", kind: "vxlan", isUp: true, vxlan: { id: 219, port: 4789 } };
    assert.match(refusals(vxlan, seenBy(vxlan, { devices: [other] }))[0] ?? "", /number 219/);
  });

  it("names what differs on the device", () => {
    const wireguard = {
      hasTools: true,
      inKernel: true,
      publicKey: key,
      key: { access: "600 0:0", publicKey: key },
      port: 1,
      peers: [],
    };
    const seen = seenBy(wish, { wireguard, devices: [{ ...device, isUp: false, mtu: 1300 }] });
    assert.ok(
      drift(wish, seen).includes("device dr-wg: down, mtu 1300, no address, port 1"),
      drift(wish, seen).join("\n"),
    );
  });

  it("is made anew where a VXLAN has another port, and its routes with it", () => {
    const found: Device = {
      ...{
        name: "dr-vx",
        kind: "vxlan",
        alias: "dockroute",
        isUp: true,
        mtu: 1450,
        mac: macOf("172.30.1.0"),
      },
      vxlan: { id: 219, port: 8472, learning: false },
    };
    const said = whys(steps(vxlan, seenBy(vxlan, { devices: [found] })));
    const [gone, routes] = [
      said.indexOf("remove the device dr-vx"),
      said.indexOf("put the routes by the new device in place"),
    ];
    assert.ok(gone !== -1 && gone < routes);
  });

  it("says that VXLAN protects nothing, and when a port is open to everybody", () => {
    assert.match(warnings(vxlan, seenBy(vxlan)).join(), /neither encrypts/);
    assert.deepEqual(warnings(wish, seenBy(wish)), []);
    const called = wishOf({ sources: [] });
    assert.match(warnings(called, seenBy(called)).join(), /opened to everybody/);
  });

  it("is gone from a host that has nothing of it", () => {
    assert.ok(gone(wish, seenBy(wish)));
    assert.deepEqual(undo(wish, seenBy(wish)), []);
  });

  it("takes its key last when it is deleted", () => {
    const wireguard = {
      hasTools: true,
      inKernel: true,
      publicKey: key,
      key: { access: "600 0:0", publicKey: key },
      port: 51820,
      peers: [],
    };
    const said = whys(undo(wish, seenBy(wish, { wireguard, devices: [device] })));
    assert.deepEqual(said, ["remove the device dr-wg", "remove WireGuard's key"]);
  });
});
