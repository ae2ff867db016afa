/** A PeerRoute whose peer is reached by a link. */
import assert from "node:assert/strict";
import { pathOf, textOf } from "../../../provider/boot/script.js";
import type { Command } from "../../../provider/engine/command.js";
import type { Seen } from "../../../provider/engine/fact.js";
import type { Route } from "../../../provider/facts/iproute.js";
import { fallbackMetric } from "../../../provider/facts/link-device.js";
import type { Peer } from "../../../provider/facts/wireguard.js";
import { scriptOf } from "../../../provider/resources/route/claims.js";
import { type PeerRouteInputs, peerRoute } from "../../../provider/resources/route/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { moment } from "../../support/recorded.js";

type PeerRouteSeen = Seen<typeof peerRoute.facts>;
const { steps, undo, drift, gone, refusals } = tablesOf(peerRoute);

const image = "docker26";
const { route: direct } = moment(image, "ours").wishes;
const { gateway: _, ...where } = direct;
const range = direct.destination;
const [key, other] = ["A", "B"].map((letter) => `${letter.repeat(42)}A=`) as [string, string];

const byWireGuard: PeerRouteInputs = {
  ...where,
  link: { device: "dr-wg", publicKey: key, endpoint: "203.0.113.9:51820" },
};
const byVxlan: PeerRouteInputs = {
  ...where,
  link: { device: "dr-vx", endpoint: "203.0.113.9", address: "172.30.32.0" },
};

const routeBy = (device: string, gateway?: string): Route => ({
  ...{ destination: range, interface: device, protocol: "219" },
  ...(gateway === undefined ? {} : { gateway }),
});
const refusal: Route = { destination: range, protocol: "219", metric: fallbackMetric, isUnreachable: true };
const peer: Peer = { publicKey: key, ranges: [range], endpoint: "203.0.113.9:51820" };

/** The host with the direct route, as it was recorded. */
const ours = seenBy(peerRoute, direct, image, "ours");

function seen(wish: PeerRouteInputs, routes: readonly Route[], peers: readonly Peer[]): PeerRouteSeen {
  const holder = { ...wish, id: peerRoute.id(wish) };
  const script = scriptOf(wish, holder, ours);
  const files = new Map([...ours.scripts.files, [pathOf(script), textOf(script)]]);
  return {
    ...ours,
    links: [...ours.links, { name: "dr-wg", addresses: ["172.30.1.0/32"] }],
    routes: [...ours.routes.filter(({ destination }) => destination !== range), ...routes],
    scripts: { ...ours.scripts, files },
    wireguard: { hasTools: true, inKernel: true, peers },
  };
}

const made = seen(byWireGuard, [routeBy("dr-wg"), refusal], [peer]);
const whys = (commands: readonly Command[]) => commands.map(({ why }) => why);

describe("a route by a link", () => {
  it("is a gateway or a link, and of a link what its device needs", () => {
    const faults = (change: object) => {
      const checked = peerRoute.check({ ...where, ...change });
      return "faults" in checked ? checked.faults.map(({ property }) => property) : [];
    };
    assert.deepEqual(faults({}), ["gateway"]);
    assert.deepEqual(faults({ gateway: "192.0.2.1", link: byVxlan.link }), ["link"]);
    assert.deepEqual(faults({ link: byWireGuard.link }), []);
    assert.deepEqual(faults({ link: byVxlan.link }), []);
    assert.deepEqual(faults({ link: { device: "dr-wg" } }), ["link.publicKey"]);
    assert.deepEqual(faults({ link: { device: "dr-wg", publicKey: key, endpoint: "203.0.113.9" } }), [
      "link.endpoint",
    ]);
    assert.deepEqual(faults({ link: { device: "dr-vx", endpoint: "203.0.113.9" } }), ["link.address"]);
  });

  it("takes the place of a direct route in one step, with the peer and the refusal before it", () => {
    const [load] = steps(byWireGuard, {
      ...made,
      routes: ours.routes,
      scripts: ours.scripts,
      wireguard: { ...made.wireguard, peers: [] },
    });
    const lines = load?.stdin?.split("\n").slice(6, -1) ?? [];
    assert.deepEqual(lines.slice(1), [
      `wg set dr-wg peer ${key} persistent-keepalive off allowed-ips ${range}`,
      `ip route replace unreachable ${range} metric ${fallbackMetric} proto 219`,
      `ip route replace ${range} dev dr-wg proto 219`,
    ]);
    assert.match(lines[0] ?? "", /endpoint 203\.0\.113\.9:51820$/);
  });

  it("is so once it is made", () => {
    assert.deepEqual(steps(byWireGuard, made), []);
    assert.deepEqual(refusals(byWireGuard, made), []);
  });

  it("has no drift where WireGuard has learnt another endpoint", () => {
    const roamed = { ...peer, endpoint: "198.51.100.7:40000" };
    assert.deepEqual(steps(byWireGuard, seen(byWireGuard, [routeBy("dr-wg"), refusal], [roamed])), []);
  });

  it("has the endpoint of its inputs once that has changed", () => {
    const link = { device: "dr-wg", publicKey: key, endpoint: "198.51.100.7:51820" };
    assert.ok(whys(steps({ ...where, link }, made)).includes("send to 198.51.100.7:51820 from now on"));
  });

  it("removes a former key of the peer before the new one gets its range", () => {
    const former = seen(byWireGuard, [routeBy("dr-wg"), refusal], [{ ...peer, publicKey: other }]);
    const said = whys(steps(byWireGuard, former));
    assert.equal(said[0], "remove the peer's former key from dr-wg");
    assert.match(said[1] ?? "", /^put the route to .* by dr-wg/);
  });

  it("finds each piece that is gone", () => {
    const found = drift(byWireGuard, seen(byWireGuard, [], []));
    assert.deepEqual(found, [
      `peer ${key} on dr-wg: absent`,
      `route of the last resort to ${range}: absent`,
      `route to ${range}: absent`,
    ]);
  });

  it("leaves nothing of the link where the route is direct again", () => {
    const said = whys(steps(direct, made));
    assert.deepEqual(said.slice(0, 3), [
      `put the route to ${range} through ${direct.gateway} (peer) in place`,
      `remove the peer ${key}, which dr-wg no longer leads to`,
      `remove the route that stands in for the link to ${range}`,
    ]);
  });

  it("is deleted with its peer, and the refusal after the route", () => {
    const said = whys(undo(byWireGuard, made));
    assert.deepEqual(said.slice(-3), [
      `remove the route to ${range} by dr-wg`,
      `remove the route that stands in for the link to ${range}`,
      `remove the peer ${key} from dr-wg`,
    ]);
    assert.ok(
      gone(byWireGuard, { ...seen(byWireGuard, [], []), scripts: { files: new Map(), enabled: new Set() } }),
    );
  });

  it("goes through the peer's own address on a VXLAN, whose MAC address follows from it", () => {
    const [load] = steps(byVxlan, { ...ours, neighbours: { hosts: new Map(), macs: new Map() } });
    const lines = load?.stdin?.split("\n").slice(6, -1);
    assert.deepEqual(lines, [
      "bridge fdb replace 02:db:ac:1e:20:00 dev dr-vx dst 203.0.113.9",
      "ip neigh replace 172.30.32.0 lladdr 02:db:ac:1e:20:00 dev dr-vx nud permanent",
      `ip route replace unreachable ${range} metric ${fallbackMetric} proto 219`,
      `ip route replace ${range} via 172.30.32.0 dev dr-vx onlink proto 219`,
    ]);
  });
});
