/** Two hosts that change from a direct route to a link and back, each in one `up`, while their containers talk. */
import assert from "node:assert/strict";
import { boxAddress } from "../../lab/probe.js";
import { succeeded } from "../support/scene.js";
import type { Options } from "./program.js";
import { neighbours, TwoSites } from "./two-sites.js";

describe("a pair that changes its way", function () {
  this.timeout(900_000);
  let sites: TwoSites;
  const direct: Options = { between: "direct", far: ["beta"] };

  before(async () => {
    sites = await TwoSites.up(process.env["LAB_PREFIX"] ?? "t18sw", neighbours, direct);
    succeeded(await sites.stack.up("--continue-on-error"));
  });
  after(() => sites?.down());

  /** Pings from alpha's container to beta's ten times a second while the hosts change. Gives how many were lost. */
  async function lostWhile(options: Options): Promise<number> {
    const [alpha, target] = [sites.host("alpha"), await boxAddress(sites.host("beta"))];
    await alpha.run(`box=$(docker inspect -f '{{.State.Pid}}' box)
      setsid nsenter -t "$box" -n ping -n -i 0.1 ${target} >/run/t18.log 2>&1 &
      echo $! >/run/t18.pid`);
    sites.change(options);
    succeeded(await sites.stack.up("--continue-on-error"));
    const said = await alpha.run(
      'sleep 1; kill -INT "$(cat /run/t18.pid)"; sleep 0.5; cat /run/t18.log; rm /run/t18.log /run/t18.pid',
    );
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? [];
    assert.ok(Number(sent) > 20, said);
    return Number(sent) - Number(received);
  }

  // A WireGuard peer is known at both ends only once both routes have changed; a VXLAN's device takes packets before.
  for (const [between, most] of [
    ["wireguard", 20],
    ["vxlan", 0],
  ] as const) {
    const words = most === 0 ? "no packet" : `at most ${most} packets of ten a second`;

    it(`loses ${words} on the way to ${between}`, async () => {
      const lost = await lostWhile({ ...direct, between });
      assert.ok(lost <= most, `${lost} were lost`);
      assert.deepEqual(await sites.amiss(), []);
    });

    it("lets the peer in by the link alone from the next repair on", async () => {
      const open = `iptables -S | grep 'DOCKROUTE-.* -s 172.30.2.0/24 -i eth0'`;
      await sites.closed("alpha", open);
      succeeded(await sites.stack.preview("--refresh", "--expect-no-changes"));
    });

    it(`loses ${words} on the way back`, async () => {
      const lost = await lostWhile(direct);
      assert.ok(lost <= most, `${lost} were lost`);
      assert.deepEqual(await sites.amiss(), []);
    });
  }

  it("leaves the hosts as they were, once it is destroyed", async () => {
    succeeded(await sites.stack.destroy());
    assert.deepEqual(await sites.leftovers(), []);
  });
});
