import assert from "node:assert/strict";
import type { Seen } from "../../../provider/engine/fact.js";
import type { Way } from "../../../provider/facts/iproute.js";
import { type PeerRouteInputs, peerRoute } from "../../../provider/resources/route/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { moment } from "../../support/recorded.js";

type PeerRouteSeen = Seen<typeof peerRoute.facts>;
const { steps, drift, refusals } = tablesOf(peerRoute);

const image = "docker26";
const { gateway: _, ...wish } = moment(image, "ours").wishes.route;
const wanted: PeerRouteInputs = { ...wish, gateway: "10.99.0.5", routed: true };

function seenWith(way: Way, when: "fresh" | "ours" = "fresh"): PeerRouteSeen {
  const seen = seenBy(peerRoute, { ...wanted, gateway: "10.99.0.5" }, image, when);
  return { ...seen, ways: new Map([["10.99.0.5", way]]) };
}

const byRouter: Way = { interface: "eth0", gateway: "192.168.7.1", isOwn: false };

describe("a route through a network that routes by itself", () => {
  it("leads to the host's own next hop to the peer", () => {
    const [load] = steps(wanted, seenWith(byRouter));
    assert.equal(load?.why, "put the route to 172.30.32.0/20 by the next hop to 10.99.0.5 (peer) in place");
    assert.ok(load?.stdin?.endsWith("ip route replace 172.30.32.0/20 via 192.168.7.1 dev eth0 proto 219\n"));
    assert.deepEqual(refusals(wanted, seenWith(byRouter)), []);
  });

  it("leads to the peer itself where that is on link", () => {
    const [load] = steps(wanted, seenWith({ interface: "eth0", isOwn: false }));
    assert.ok(load?.stdin?.endsWith("ip route replace 172.30.32.0/20 via 10.99.0.5 dev eth0 proto 219\n"));
  });

  it("drifts where the next hop is another one than before", () => {
    assert.match(drift(wanted, seenWith(byRouter, "ours")).join(), /^route to 172\.30\.32\.0\/20: /);
  });

  it("is refused without a way to the peer, and where the way is Docker's or the host's own", () => {
    const refusal = "RTNETLINK answers: Network is unreachable";
    const ways: readonly (readonly [Way, RegExp])[] = [
      [{ isOwn: false, refusal }, /has no next hop to 10\.99\.0\.5 \(peer\): it has no route there/],
      [{ interface: "docker0", isOwn: false }, /its way there is by docker0, which is Docker's/],
      [{ interface: "lo", isOwn: true }, /it is the host's own address/],
    ];
    for (const [way, words] of ways) {
      assert.match(refusals(wanted, seenWith(way)).join(), words);
    }
  });

  it("needs a gateway, and none of the parts of a link", () => {
    const { gateway, ...without } = wanted;
    for (const raw of [without, { ...wanted, link: { device: "dr-wg", publicKey: `${"A".repeat(43)}=` } }]) {
      assert.ok("faults" in peerRoute.check(raw));
    }
    assert.ok("inputs" in peerRoute.check({ ...wanted }));
  });
});
