/** Whatever happened after the `up`, `destroy` leaves each host as it was before it. */
import assert from "node:assert/strict";
import type { Lab } from "../../lab/lab.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { running, Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";
import { arrange, type Event, events, everyHost, hosts } from "./happenings.js";

/** Those that take more than a command on the host, or need something from before the up. */
const further = (lab: () => Lab): readonly Omit<Event, "announced">[] => [
  { what: "reboot", on: everyHost, by: ({ name }) => lab().reboot(name) },
  {
    what: "power cut and boot",
    on: everyHost,
    by: ({ name }) =>
      lab()
        .powerCut(name)
        .then(() => lab().boot(name)),
  },
  { what: "systemctl restart nftables", on: ["delta"], by: "systemctl restart nftables" },
  {
    what: "iptables-restore of rules saved before the up",
    on: ["alpha", "beta", "gamma"],
    by: "iptables-restore </root/before-the-up",
  },
];

/**
 * iptables-restore makes the empty base chains of its tables, nat's INPUT among them, and they stay. After a host's
 * link was down, the lab and networkd decide which of their two default routes it has.
 */
const ignore = new RegExp(
  [
    emptyTable.source,
    "^nat :INPUT ACCEPT$",
    "^table ip nat chain INPUT(: type.*)?$",
    '^\\{"dst":"default"',
  ].join("|"),
);

describe("destroy, after an event since the up", () => {
  let scene: Scene;
  let was: readonly Snapshot[];

  const look = () => Promise.all(scene.lab.hosts.map((host) => snapshot(host, { ignore })));

  before(async () => {
    scene = await Scene.set("f2de", hosts, (lab) => ({ ...meshConfig(lab), hostPrefix: 20 }));
    await Promise.all(scene.lab.hosts.map(arrange));
    await scene.startBoxes();
    for (const host of scene.lab.hosts) await host.run("iptables-save >/root/before-the-up");
    was = await look();
  });
  after(() => scene?.strike());

  for (const { what, on, by } of [...events, ...further(() => scene.lab)]) {
    it(`${what}: the hosts are as before the up`, async () => {
      await scene.up();
      for (const name of on) {
        const host = scene.lab.host(name);
        await (typeof by === "string" ? host.run(by) : by(host));
      }
      await Promise.all(scene.lab.hosts.map(running));
      await scene.destroy();
      await Promise.all(scene.lab.hosts.map(running));
      const now = await look();
      assert.deepEqual(
        now.flatMap((one, at) =>
          differences(was[at] ?? one, one).map((line) => `${hosts[at]?.name}: ${line}`),
        ),
        [],
      );
    });
  }
});
