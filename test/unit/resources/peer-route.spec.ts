import assert from "node:assert/strict";
import { pathOf } from "../../../provider/boot/script.js";
import type { Seen } from "../../../provider/engine/fact.js";
import { type PeerRouteInputs, peerRoute } from "../../../provider/resources/route/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { images, inWords, moment } from "../../support/recorded.js";

type PeerRouteSeen = Seen<typeof peerRoute.facts>;
const { steps, undo, drift, gone, refusals } = tablesOf(peerRoute);

const image = "docker26";
const { route: wish } = moment(image, "ours").wishes;
const fresh = seenBy(peerRoute, wish, image, "fresh");
const ours = seenBy(peerRoute, wish, image, "ours");
const script = pathOf({ kind: "route", subject: wish.destination });

function withRoute(seen: PeerRouteSeen, change: Partial<PeerRouteSeen["routes"][number]>): PeerRouteSeen {
  const routes = seen.routes.map((route) =>
    route.destination === wish.destination ? { ...route, ...change } : route,
  );
  return { ...seen, routes };
}

function without(seen: PeerRouteSeen): PeerRouteSeen {
  return { ...seen, routes: seen.routes.filter(({ destination }) => destination !== wish.destination) };
}

function takenOver(seen: PeerRouteSeen): PeerRouteSeen {
  const text = (seen.scripts.files.get(script) ?? "").replace("to/peer", "to/another");
  return { ...seen, scripts: { ...seen.scripts, files: new Map([...seen.scripts.files, [script, text]]) } };
}

describe("a route to a peer", () => {
  for (const each of images) {
    const there = moment(each, "ours").wishes.route;
    it(`is so already on ${each}`, () => {
      assert.deepEqual(steps(there, seenBy(peerRoute, there, each, "ours")), []);
      assert.deepEqual(drift(there, seenBy(peerRoute, there, each, "ours")), []);
    });

    it(`is gone from ${each} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        const seen = seenBy(peerRoute, there, each, when);
        assert.ok(gone(there, seen));
        assert.deepEqual(undo(there, seen), []);
        assert.deepEqual(refusals(there, seen), []);
      }
    });
  }

  it("is put in the kernel first, and kept over reboots last", () => {
    const [load, ...rest] = steps(wish, fresh);
    assert.deepEqual(load?.argv, ["sh"]);
    assert.equal(load?.why, `put the route to 172.30.32.0/20 through ${wish.gateway} (peer) in place`);
    assert.ok(
      (load?.stdin ?? "").endsWith(
        `ip route replace 172.30.32.0/20 via ${wish.gateway} dev eth0 proto 219\n`,
      ),
    );
    assert.equal(rest.at(-2)?.why, "start dockroute's timer");
    assert.deepEqual(rest.at(-1)?.quick, ["write", script, "644", "0:0"]);
    assert.equal(rest.at(-1)?.why, `keep it over reboots in ${script}`);
    assert.ok(!rest.some(({ risk }) => risk));
  });

  it("is put back alone where only the kernel has lost it", () => {
    assert.deepEqual(
      steps(wish, without(ours)).map(({ argv }) => argv),
      [["sh"]],
    );
    assert.deepEqual(drift(wish, without(ours)), ["route to 172.30.32.0/20: absent"]);
  });

  const drifts: readonly (readonly [what: string, seen: PeerRouteSeen, words: readonly string[]])[] = [
    [
      "another link",
      withRoute(ours, { interface: "eth1" }),
      [`route to 172.30.32.0/20: 172.30.32.0/20 via ${wish.gateway} dev eth1 proto 219`],
    ],
    [
      "no gateway",
      { ...ours, routes: [{ destination: wish.destination, interface: "eth0" }] },
      ["route to 172.30.32.0/20: 172.30.32.0/20 dev eth0"],
    ],
    [
      "no part",
      { ...ours, scripts: { ...ours.scripts, files: new Map() } },
      ["the units that load it at boot: absent or changed", `${script}: absent`],
    ],
    [
      "disabled units",
      { ...ours, scripts: { ...ours.scripts, enabled: new Set() } },
      ["the units that load it at boot: absent or changed"],
    ],
    ["a part changed by hand", takenOver(ours), [`${script}: differs`]],
  ];
  for (const [what, seen, words] of drifts) {
    it(`tells drift in words: ${what}`, () => assert.deepEqual(drift(wish, seen), words));
  }

  it("shows another gateway as another value of the input", () => {
    assert.deepEqual(peerRoute.observed(wish, withRoute(ours, { gateway: "10.0.0.9" })), {
      gateway: "10.0.0.9",
    });
    assert.deepEqual(peerRoute.observed({ ...wish, interface: "eth0" }, ours), {
      gateway: wish.gateway,
      interface: "eth0",
    });
    assert.deepEqual(peerRoute.observed(wish, without(ours)), {});
  });

  it("takes away its route and its part, and with the last part all that loads parts", () => {
    const others = undo(wish, ours);
    assert.deepEqual(inWords(others), [
      `rm -f ${script}  # remove ${script}`,
      `ip route del 172.30.32.0/20 via ${wish.gateway} proto 219  # remove the route to 172.30.32.0/20 through ${wish.gateway}`,
    ]);
  });

  it("E6: leaves what a successor has taken over, and what someone else has put there", () => {
    const successor = withRoute(takenOver(ours), { gateway: "10.0.0.9" });
    assert.deepEqual(undo(wish, successor), []);
    const foreign = withRoute(ours, { protocol: "static" });
    assert.deepEqual(inWords(undo(wish, foreign)), [`rm -f ${script}  # remove ${script}`]);
    // A script of ours would put our route in its place at the next boot.
    assert.deepEqual(inWords(steps(wish, foreign)), [`rm -f ${script}  # remove ${script}`]);
    assert.deepEqual(refusals(wish, foreign), []);
  });

  const own = wish.endpoint.replace(/^root@|:22$/g, "");
  const wire = own.replace(/\.\d+$/, ".0/24");
  const refused: readonly (readonly [
    what: string,
    wish: PeerRouteInputs,
    seen: PeerRouteSeen,
    reasons: readonly string[],
  ])[] = [
    [
      "its own wire",
      { ...wish, destination: wire },
      fresh,
      [
        `${wire} covers the network ${wire} of eth0 and the default gateway ${wire.replace("0/24", "1")}; allowed is a range that leaves them out`,
        `${wire} is routed already, by someone else: ${wire} dev eth0 proto kernel; remove that route first`,
      ],
    ],
    [
      "a client's address",
      wish,
      { ...fresh, client: "172.30.32.9" },
      [
        "172.30.32.0/20 covers the address that this login comes from, 172.30.32.9; allowed is a range that leaves them out",
      ],
    ],
    [
      "a resolver",
      wish,
      { ...fresh, resolvers: ["172.30.47.1", "9.9.9.9"] },
      ["172.30.32.0/20 covers the resolver 172.30.47.1; allowed is a range that leaves them out"],
    ],
    [
      "a gateway beyond a router",
      { ...wish, gateway: "8.8.8.8" },
      {
        ...fresh,
        ways: new Map([["8.8.8.8", { isOwn: false, interface: "eth0", gateway: own.replace(/\d+$/, "1") }]]),
      },
      [
        `8.8.8.8 (peer) is on no link of ${image}, which has eth0 (${own}/24): ` +
          `between them is the gateway ${own.replace(/\d+$/, "1")} on eth0; a direct route needs both on one layer-2 network, so an address of such a link is allowed; where the kernel's way is not the one that is meant, \`interface\` names the link`,
      ],
    ],
    [
      "a part that somebody routes elsewhere",
      wish,
      {
        ...fresh,
        routes: [...fresh.routes, { destination: "172.30.40.0/24", interface: "wg0", protocol: "static" }],
      },
      [
        "172.30.40.0/24, a part of 172.30.32.0/20, is routed by wg0 by someone else; remove that route, or choose another range",
      ],
    ],
    [
      "an absent interface",
      { ...wish, interface: "ens9" },
      fresh,
      ["there is no interface ens9; allowed is one of eth0"],
    ],
    [
      "a range that is routed by someone else",
      wish,
      withRoute(ours, { protocol: "static", gateway: "10.0.0.9" }),
      [
        "172.30.32.0/20 is routed already, by someone else: 172.30.32.0/20 via 10.0.0.9 dev eth0 proto static; remove that route first",
      ],
    ],
  ];
  for (const [what, inputs, seen, reasons] of refused) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(refusals(inputs, seen), reasons);
    });
  }

  it("may go where docker0 stands now: a plan can give a host's old part to a peer", () => {
    assert.deepEqual(refusals({ ...wish, destination: "172.17.0.0/16" }, fresh), []);
  });

  it("names every fault of its inputs at once", () => {
    const raw = { host: "Alpha", endpoint: "alpha", peer: "", destination: "172.30.2.1/24", gateway: "x" };
    assert.deepEqual(peerRoute.check(raw), {
      faults: [
        {
          property: "host",
          reason: '"Alpha" is not a host\'s name: 1 to 32 of a-z, 0-9 and "-", with no "-" at either end',
        },
        { property: "endpoint", reason: '"alpha" is not an endpoint: user@host:port' },
        {
          property: "peer",
          reason: '"" is not a host\'s name: 1 to 32 of a-z, 0-9 and "-", with no "-" at either end',
        },
        { property: "destination", reason: "172.30.2.1/24 has host bits set; the network is 172.30.2.0/24" },
        {
          property: "gateway",
          reason:
            '"x" is refused: an IPv4 address is four numbers from 0 to 255 without leading zeros, like 192.168.145.128',
        },
      ],
    });
    assert.equal(peerRoute.id(wish), `${image}/to/peer`);
  });
});
