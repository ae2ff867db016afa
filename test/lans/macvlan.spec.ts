/** Containers of two hosts on the LAN itself, from the config to destroy. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host, Stranger } from "../../lab/host.js";
import { fromBox, fromHost, fromStranger, startBox, type Target } from "../../lab/probe.js";
import { until } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { amiss } from "../support/mesh.js";
import { changed, running, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Stack } from "../support/stack.js";

const onLan = ["--restart", "always", "--stop-timeout", "1", "--network", "lan"];

describe("containers on the LAN by macvlan", () => {
  let site: Site;
  let stack: Stack;
  let fresh: ReadonlyMap<string, Snapshot>;
  let alpha: Host;
  let beta: Host;
  let stranger: Stranger;
  let lan: (last: number) => string;

  before(async () => {
    site = await Site.up("lans", { alpha: "docker28", beta: "docker20" });
    [alpha, beta] = [site.lab.host("alpha"), site.lab.host("beta")];
    lan = (last) => alpha.address.replace(/\d+$/, String(last));
    stranger = await site.lab.stranger("stranger", lan(70));
    fresh = await site.snapshots();
    stack = await site.stack("lans", configOf({}));
  });
  after(() => site?.down());

  function configOf(more: object): Config {
    const one = {
      ...{ name: "lan", driver: "macvlan", subnet: `${lan(0)}/24`, gateway: lan(1) },
      ...{ range: `${lan(64)}/26`, hostPrefix: 28, ...more },
    };
    return { ...meshConfig(site.lab), lans: [one] };
  }

  const up = () => stack.up("--continue-on-error");
  const addressOf = async (host: Host, box = "onlan") =>
    (
      await host.run([
        ...["docker", "inspect", "-f", '{{(index .NetworkSettings.Networks "lan").IPAddress}}', box],
      ])
    ).trim();
  const ownLink = async (host: Host) =>
    /dr-[0-9a-f]{8}/.exec(await host.run("ip -o link show"))?.[0] ?? "none";

  /** Every way that has to be open and is not, in words. */
  async function closed(): Promise<readonly string[]> {
    const [a, b] = [await addressOf(alpha), await addressOf(beta)];
    const target = (name: string, address: string, port?: number): Target => ({
      ...{ name, address },
      ...(port === undefined ? {} : { port }),
    });
    const looks = await Promise.all([
      ...[
        { from: alpha, own: alpha.address, other: b, peer: beta.address },
        { from: beta, own: beta.address, other: a, peer: alpha.address },
      ].map(async ({ from, own, other, peer }) => ({
        who: `${from.name}'s container`,
        answers: await fromBox(
          from,
          [
            ...[target("the other container", other), target("the other container's port", other, 81)],
            ...[target("the gateway", lan(1)), target("its own host", own), target("the other host", peer)],
            target("the stranger", stranger.address),
          ],
          "onlan",
        ),
      })),
      ...[alpha, beta].map(async (from) => ({
        who: from.name,
        answers: await fromHost(from, [
          ...[target("alpha's container", a, 81), target("beta's container", b, 81)],
        ]),
      })),
      { who: "stranger", answers: await fromStranger(stranger, [target("a", a, 81), target("b", b, 81)]) },
    ]);
    return looks.flatMap(({ who, answers }) =>
      answers.filter(({ reached }) => !reached).map((each) => `${who} -> ${each.target.name}`),
    );
  }

  /** The containers of both hosts, and the direct routes beside them. A busy machine loses a single ping. */
  async function allWell(): Promise<void> {
    const look = async () => [...(await closed()), ...(await amiss([alpha, beta]))];
    for (let tries = 1; tries < 4 && (await look()).length > 0; tries++) await sleep(1000);
    assert.deepEqual(await look(), []);
  }

  it("names a machine that answers in a host's piece, before anything is made", async () => {
    const ran = await stack.preview();
    assert.notEqual(ran.code, 0, ran.text);
    assert.match(ran.text, new RegExp(`other machines on the LAN answer in ${lan(64)}/28: ${lan(70)} \\(`));
    assert.deepEqual(await site.changedSince(fresh), []);
  });

  it("gives each host a piece of its own, and everybody reaches everybody", async () => {
    stack.configure(configOf({ exclude: [lan(70)] }));
    const preview = succeeded(await stack.preview());
    assert.match(preview.text, /containers on lan are on the LAN: each is as open as a machine there/);
    succeeded(await up());
    const { lans } = await stack.outputs();
    assert.deepEqual(lans, {
      lan: {
        alpha: { address: alpha.address, range: `${lan(64)}/28`, reserved: [lan(70)] },
        beta: { address: beta.address, range: `${lan(80)}/28`, reserved: [] },
      },
    });
    await Promise.all([alpha, beta].map((host) => startBox(host, "onlan", onLan)));
    assert.match(await addressOf(alpha), new RegExp(`^${lan(6)}[4-9]$`));
    assert.match(await addressOf(beta), new RegExp(`^${lan(8)}[0-9]$`));
    await allWell();
    assert.deepEqual(changed(succeeded(await up())), []);
  });

  it("shows what the host decides as outputs", async () => {
    const state = JSON.parse(await stack.export()) as {
      deployment: { resources: { type: string; id?: string; outputs?: Record<string, unknown> }[] };
    };
    const id = (await beta.run("docker network inspect -f {{.Id}} lan")).trim();
    const found = state.deployment.resources.find((each) => each.id === "beta/lan/lan");
    const { networkId, parent, range, hostAddress } = found?.outputs ?? {};
    assert.deepEqual(
      { networkId, parent, range, hostAddress },
      { networkId: id, parent: "eth0", range: `${lan(80)}/28`, hostAddress: beta.address },
    );
  });

  it("never gives a container the address of another machine", async () => {
    const names = [...Array(14).keys()].map((n) => `many${n}`);
    for (const name of names)
      await alpha.run(["docker", "run", "-d", "--name", name, "--network", "lan", "lab/box", "sleep", "999"]);
    const all = await Promise.all(names.map((name) => addressOf(alpha, name)).concat(addressOf(alpha)));
    await alpha.run(["docker", "rm", "-f", ...names]);
    assert.equal(new Set(all).size, 15, all.join(" "));
    assert.ok(!all.includes(lan(70)));
  });

  it("shows the LAN one MAC for each host, in answers and in questions", async () => {
    for (const host of [alpha, beta]) {
      const card = (await host.run("cat /sys/class/net/eth0/address")).trim();
      await stranger.run(["ping", "-c", "1", host.address]);
      const { stdout } = await stranger.exec(["busybox", "arping", "-c", "3", "-I", "eth0", host.address]);
      assert.deepEqual([...new Set(stdout.match(/(?<=\[)[0-9a-f:]{17}(?=\])/g))], [card], stdout);
      // The host asks for its container, and everybody hears the question. A new MAC counts a second after the last one.
      await host.run(["ip", "neigh", "flush", "dev", await ownLink(host)]);
      await host.run(["sh", "-c", `sleep 2; ping -c 1 -I ${host.address} ${await addressOf(host)}`]);
      const known = await stranger.run(["ip", "neigh", "show", host.address]);
      assert.match(known, new RegExp(`lladdr ${card} `));
    }
  });

  it("is whole after a reboot", async () => {
    await site.lab.reboot("alpha");
    await running(alpha);
    await until(
      "alpha's container",
      60_000,
      async () => (await alpha.exec("docker exec onlan true")).code === 0,
    );
    await allWell();
  });

  it("gets the host's link again by the repair, without an up", async () => {
    await beta.run(["ip", "link", "del", await ownLink(beta)]);
    await until("the host's link", 120_000, async () => (await ownLink(beta)) !== "none");
    await allWell();
  });

  it("shows what was removed by hand and mends it, with the containers on it", async () => {
    await Promise.all([alpha, beta].map((host) => host.run("systemctl stop dockroute-repair.timer")));
    await alpha.run("docker stop onlan; docker network rm lan");
    await beta.run(["ip", "link", "del", await ownLink(beta)]);
    const shown = succeeded(await stack.preview("--refresh"));
    assert.match(shown.text, /Docker's network lan: absent/);
    assert.match(shown.text, /the host's link dr-[0-9a-f]{8} to its containers on lan: absent/);
    assert.deepEqual(changed(succeeded(await up())), ["alpha-lan-lan", "beta-lan-lan"]);
    await alpha.run("docker start onlan");
    await allWell();
    assert.deepEqual(changed(succeeded(await up())), []);
  });

  it("refuses a change under containers, and moves them where moveContainers says so", async () => {
    const other = { exclude: [lan(70), lan(64), lan(80)] };
    stack.configure(configOf(other));
    const ran = await up();
    assert.notEqual(ran.code, 0, ran.text);
    assert.match(
      ran.text,
      /Docker cannot change its network lan, and these containers hang on it: onlan; allowed is moveContainers/,
    );
    await allWell();
    stack.configure(configOf({ ...other, moveContainers: true }));
    const preview = succeeded(await stack.preview());
    assert.match(preview.text, /lan is made anew: onlan are taken off it and put on again/);
    assert.deepEqual(changed(succeeded(await up())), ["alpha-lan-lan", "beta-lan-lan"]);
    assert.notEqual(await addressOf(alpha), lan(64));
    await allWell();
    assert.deepEqual(changed(succeeded(await up())), []);
  });

  it("is not destroyed under containers, and names them", async () => {
    await alpha.run("docker stop onlan");
    const ran = await stack.destroy("--continue-on-error");
    assert.notEqual(ran.code, 0, ran.text);
    assert.match(ran.text, /containers hang on lan.*: onlan/);
    assert.equal((await alpha.exec("docker network inspect lan")).code, 0);
  });

  it("leaves the hosts as they were", async () => {
    await Promise.all([alpha, beta].map((host) => host.run("docker rm -f onlan")));
    succeeded(await stack.destroy("--continue-on-error"));
    assert.deepEqual(await site.changedSince(fresh), []);
  });
});
