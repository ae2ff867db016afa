import assert from "node:assert/strict";
import { type BridgeSeen, dockerBridge } from "../../../provider/resources/bridge/index.js";
import { seenBy } from "../../support/kind-tables.js";
import { inWords, moment } from "../../support/recorded.js";
import {
  daemonJson,
  drift,
  held,
  record,
  reported,
  steps,
  undone,
  withAddress,
} from "../../support/recorded-bridge.js";

describe("a bridge with Docker's nftables backend", () => {
  const nftImage = "docker29-nft";
  const nftWish = moment(nftImage, "ours").wishes.bridge;
  const nftFresh = seenBy(dockerBridge, nftWish, nftImage, "fresh");
  const nftOurs = held(seenBy(dockerBridge, nftWish, nftImage, "ours"), `${nftImage}/bridge`);
  const guard = (seen: BridgeSeen) =>
    steps(nftWish, seen).find(({ why }) => why === "keep strangers out of Docker's networks")?.stdin ?? "";

  it("puts the guard in place before the keys open the door", () => {
    const whys = [...new Set(steps(nftWish, nftFresh).map(({ why }) => why))];
    const at = (start: string) => whys.findIndex((why) => why.startsWith(start));
    const order = [
      "write down in",
      "keep strangers",
      "put dockroute.service",
      "keep it over reboots",
      "have Docker start",
    ];
    const places = [...order, "have forwarding on", "set bip", "restart Docker"].map(at);
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      places.join(),
    );
    const text = steps(nftWish, nftFresh).find(
      ({ quick }) => quick?.[0] === "write" && quick[1] === daemonJson,
    )?.stdin;
    const keys = JSON.parse(text ?? "");
    assert.deepEqual(
      [keys["allow-direct-routing"], keys["bridge-accept-fwmark"]],
      [true, "0x10000000/0x10000000"],
    );
  });

  it("names no network card and no bridge, and does not change with what is on the host", () => {
    const text = guard(nftFresh);
    assert.match(text, /fib daddr oifname @guarded fib daddr \. iif oif missing ct state new/);
    assert.match(text, /meta oifkind "bridge" fib daddr \. iif oif missing meta mark/);
    // The script that fills the sets knows the names that Docker gives, and no more.
    const [rules = ""] = text.split("sh -c");
    assert.doesNotMatch(rules, /iifname|eth0|docker0|"br-[^%]/);
    const more: BridgeSeen = {
      ...nftFresh,
      links: [
        ...nftFresh.links,
        { name: "wg0", addresses: ["10.9.0.1/24"] },
        { name: "br-mail", addresses: ["10.8.0.1/24"] },
      ],
      dockerNetworks: [...(nftFresh.dockerNetworks ?? []), { ...reported, bridge: "app0" }],
    };
    assert.equal(guard(more), text);
    assert.deepEqual(inWords(steps(nftWish, more)), inWords(steps(nftWish, nftFresh)));
  });

  it("comes over from dockroute 0.1.0 without a restart", () => {
    const former = { ...nftOurs, nftIpv6: new Map() };
    assert.ok(drift(nftWish, former).includes("nft chain guard-bridges for IPv6: absent"));
    assert.deepEqual(
      steps(nftWish, former).filter(({ risk }) => risk !== undefined),
      [],
    );
  });

  const withKeys = (keys: object) => ({
    ...nftOurs,
    file: { ...nftOurs.file, text: JSON.stringify({ ...JSON.parse(nftOurs.file.text ?? "{}"), ...keys }) },
  });

  it("tells why no routed packet gets in, and restarts Docker for it", () => {
    const seen = withKeys({ "allow-direct-routing": undefined, "bridge-accept-fwmark": "0x1/0x1" });
    const { version } = nftOurs.daemon;
    const told = drift(nftWish, seen).filter((text) => text.startsWith("daemon.json"));
    assert.deepEqual(told, [
      `daemon.json allow-direct-routing: absent, so Docker ${version} lets no routed packet in`,
      `daemon.json bridge-accept-fwmark: 0x1/0x1, so Docker ${version} lets no routed packet in`,
    ]);
    assert.ok(steps(nftWish, seen).some(({ risk }) => risk === "docker"));
  });

  it("takes the keys out with words where Docker has another backend now", () => {
    const seen = { ...nftOurs, daemon: { ...nftOurs.daemon, firewall: "iptables" } };
    const { version } = nftOurs.daemon;
    assert.deepEqual(drift(nftWish, seen), [
      `daemon.json allow-direct-routing: true, which Docker ${version} does not need`,
      `daemon.json bridge-accept-fwmark: 0x10000000/0x10000000, which Docker ${version} does not need`,
    ]);
    assert.ok(steps(nftWish, seen).some(({ risk }) => risk === "docker"));
  });

  it("removes the guard only after Docker runs without the keys", () => {
    const files = new Map([...nftOurs.scripts.files].filter(([path]) => !path.includes("-route-")));
    const on = { ...nftOurs, routes: [], scripts: { ...nftOurs.scripts, files } };
    const whys = (seen: BridgeSeen) => [...new Set(undone(nftWish, seen).map(({ why }) => why))];
    assert.ok(!whys(on).some((why) => /guard|drop-ins/.test(why)));
    const back = withAddress({ ...on, daemon: { ...on.daemon, pools: [] } }, "172.17.0.1/16");
    const then = {
      ...back,
      file: { ...back.file, text: '{ "firewall-backend": "nftables", "bip": "172.17.0.1/16" }\n' },
    };
    const last = whys(then);
    const at = (start: string) => last.findIndex((why) => why.startsWith(start));
    const places = [
      "put daemon.json back",
      "have systemd read Docker's",
      "remove the guard",
      `remove ${record}`,
    ].map(at);
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      places.join(),
    );
  });
});
