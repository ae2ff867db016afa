/**
 * Hosts whose network card a manager rules, with an address from a DHCP server: events on them by it, with no
 * `pulumi` run in between. Two hosts, each the other's peer and both struck at once: Docker with iptables on Debian 12,
 * and Docker with the nftables backend on Debian 13, whose managers are some years younger.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import type { HostSpec } from "../../lab/lab.js";
import { sleep, until } from "../../lab/run.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { record, recordTimes } from "../support/compatibility.js";
import { watchGap } from "../support/gap.js";
import { changed, running, Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";
import { astray, knownBefore, left, wholeAfter } from "../support/watch.js";
import { type Happening, linkDownAndUp, type Manager, managers } from "./table.js";

/** NetworkManager writes its first /etc/resolv.conf when it starts again; the lab's DHCP server names no resolver. */
const ofManagers = new RegExp(`${emptyTable.source}|(^| )/etc/resolv\\.conf( |$)`);

/** Seconds of a happening in which the network is meant to be away. */
const cableIsOut = 10;

for (const manager of managers) describe(`managers, ${manager.option}`, () => tried(manager));

function tried(manager: Manager): void {
  const hosts: readonly HostSpec[] = [
    { name: "alpha", image: "docker20", options: [manager.option] },
    { name: "beta", image: "docker29-nft", options: [manager.option] },
  ];
  let scene: Scene;
  let outside: Stranger;
  let known: readonly string[] = [];
  let was: readonly Snapshot[];
  /** alpha's address at first. */
  let first: string;
  const failures: string[] = [];
  const times = new Map<Happening, number>();

  const everywhere = <T>(work: (host: Host) => Promise<T>) => Promise.all(scene.lab.hosts.map(work));
  const look = () => everywhere((host) => snapshot(host, { ignore: ofManagers }));
  const pair = (): readonly [Host, Host] => [scene.lab.host("alpha"), scene.lab.host("beta")];
  const astrayBoth = async () => {
    const [alpha, beta] = pair();
    return [...(await astray(alpha, beta, outside)), ...(await astray(beta, alpha, outside))];
  };

  before(async () => {
    scene = await Scene.set(`mg${manager.short}`, hosts, (lab) => ({ ...meshConfig(lab), hostPrefix: 20 }));
    outside = await scene.outside("outside");
    await scene.startBoxes();
    known = await knownBefore(scene.lab.hosts, outside);
    was = await look();
    first = pair()[0].address;
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") failures.push(this.currentTest.title);
  });
  after(async () => {
    for (const { image } of hosts) record(image, manager.option, failures);
    recordTimes(manager.option, times);
    await scene?.strike();
  });

  /** Whole again within `limit` seconds; keeps the time that the containers had no answer, in between. */
  const struck = async (
    happening: Happening,
    happen: () => Promise<unknown>,
    limit: number,
  ): Promise<void> => {
    const [alpha, beta] = pair();
    const stops = [await watchGap(alpha, beta), await watchGap(beta, alpha)];
    await happen();
    await wholeAfter(astrayBoth, limit);
    const gap = Math.max(...(await Promise.all(stops.map((stop) => stop()))));
    times.set(happening, gap);
    console.log(`      ${manager.option}: no answer for ${gap.toFixed(1)} s`);
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  };
  const byCommand = (command: string) => () => everywhere((host) => host.run(command));

  it("the card has its address from the manager, and the first up makes the mesh whole", async () => {
    for (const host of scene.lab.hosts)
      assert.match(await host.run("ip -4 -o addr show eth0"), new RegExp(` ${host.address}/24 .* dynamic`));
    await scene.up();
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  it("its lease is renewed with the same address: nobody notices", async () => {
    await struck("renewal", renewals, 3);
    assert((times.get("renewal") ?? NaN) < 1);
  });

  const renewals = async () => {
    const had = scene.lab.hosts.map(({ name }) => scene.lab.leasesGiven(name));
    const renewed = async () =>
      scene.lab.hosts.every(({ name }, at) => scene.lab.leasesGiven(name) > (had[at] ?? 0));
    await until("a renewal of each lease", 40_000, renewed);
  };

  it(`restart (${manager.restart}): whole again within 60 s`, () =>
    struck("restart", byCommand(manager.restart), 60));

  const { reload } = manager;
  if (reload !== undefined)
    it(`reload (${reload}): whole again within 60 s`, () => struck("reload", byCommand(reload), 60));

  it(`configuration applied again (${manager.apply}): whole again within 60 s`, () =>
    struck("apply", byCommand(manager.apply), 60));

  it("link down and up: whole again within 60 s", () =>
    struck("link", () => everywhere((host) => host.run(linkDownAndUp(host))), 60));

  it(`cable out for ${cableIsOut} s: whole again within 60 s`, async () => {
    await struck(
      "cable",
      async () => {
        await everywhere(({ name }) => scene.lab.setLink(name, "down"));
        await sleep(cableIsOut * 1000);
        await everywhere(({ name }) => scene.lab.setLink(name, "up"));
      },
      60,
    );
    times.set("cable", (times.get("cable") ?? NaN) - cableIsOut);
  });

  it("reboot: whole again within 3 s after the containers run", async () => {
    await everywhere((host) => host.run(manager.beforeReboot ?? "true"));
    await everywhere(({ name }) => scene.lab.reboot(name));
    await everywhere(running);
    times.set("reboot", await wholeAfter(astrayBoth, 3));
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  it("the next preview finds nothing to do", async () => {
    const { text } = await scene.preview();
    assert.doesNotMatch(text, /found .*wanted|warning/);
    assert.deepEqual(changed({ text } as never), []);
  });

  it("its lease is renewed with another address: preview says so, and up with that address mends it", async () => {
    const old = scene.lab.host("alpha").address;
    const next = old.replace(/\d+$/, "99");
    await scene.lab.lease("alpha", next);
    await until("the other address", 60_000, async () =>
      (await scene.lab.host("alpha").run("ip -4 -o addr show eth0")).includes(` ${next}/24 `),
    );
    const lost = await scene.preview();
    assert.match(
      lost.text,
      new RegExp(`alpha \\(root@${old}:22\\): not reached: .* change \`address\` in dockroute:hosts`),
    );
    // The name that ssh takes leads to the new address, as where the DHCP server tells the name server.
    const config = meshConfig(scene.lab);
    const reached = (address: string) => ({
      ...config,
      hostPrefix: 20,
      hosts: scene.lab.hosts.map((host) =>
        host.name === "alpha"
          ? { name: "alpha", address, connection: { host: next } }
          : { name: host.name, address: host.address },
      ),
    });
    scene.stack.configure(reached(old));
    const { text } = await scene.preview();
    assert.match(text, new RegExp(`alpha: none of its cards has the address ${old}, only ${next}`));
    assert.match(text, /take one of its own into dockroute:hosts/);
    // Traffic keeps the card's MAC under the old address in beta's table, so it may go on until beta reboots, say.
    await scene.lab.host("beta").run(`ip neigh flush to ${old}`);
    await until("packets to the old address to be lost", 20_000, async () => (await astrayBoth()).length > 0);
    scene.stack.configure(reached(next));
    await scene.up();
    await wholeAfter(astrayBoth, 3);
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
    assert.doesNotMatch((await scene.preview()).text, /none of its cards/);
  });

  it("destroy restores every host", async () => {
    await scene.destroy();
    const now = await look();
    // alpha has another address now, which is not dockroute's doing.
    const [{ address }] = pair();
    const renamed = (one: Snapshot) => JSON.parse(JSON.stringify(one).replaceAll(address, first)) as Snapshot;
    assert.deepEqual(
      now.flatMap((one, at) => differences(was[at] ?? one, renamed(one))),
      [],
    );
  });
}
