/**
 * Whatever happens after the `up`, with no `pulumi` run in between: the mesh is whole again by itself. Within
 * 3 s where systemd or Docker announces the event, else within 60 s.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { running, Scene } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";
import {
  astray,
  butMasquerading,
  knownBefore,
  left,
  type Time,
  table,
  wholeAfter,
} from "../support/watch.js";
import { arrange, events, hosts } from "./happenings.js";

describe("after the up, with no pulumi run", () => {
  let scene: Scene;
  let outside: Stranger;
  let known: readonly string[] = [];
  const times: Time[] = [];

  before(async () => {
    scene = await Scene.set("f2ev", hosts, (lab) => ({ ...meshConfig(lab), hostPrefix: 20 }));
    outside = await scene.outside("outside");
    await Promise.all(scene.lab.hosts.map(arrange));
    await scene.startBoxes();
    for (const host of scene.lab.hosts) await host.run("iptables-save >/root/before-the-up");
    known = await knownBefore(scene.lab.hosts, outside);
    await scene.up();
  });
  after(async () => {
    if (times.length > 0) console.log(table(times));
    await scene?.strike();
  });

  /** Watches the host and the next one; `limit` is in seconds. `dockers` is false where Docker's own rules are lost. */
  const timed = async (
    event: string,
    host: Host,
    limit: number,
    { box, dockers = true }: { readonly box?: string; readonly dockers?: boolean } = {},
  ): Promise<void> => {
    const all = scene.lab.hosts;
    const peer = all[(all.findIndex(({ name }) => name === host.name) + 1) % all.length] ?? host;
    const ask = async () => {
      const found = await astray(host, peer, outside, box);
      return dockers ? found : butMasquerading(found);
    };
    const seconds = await wholeAfter(ask, limit);
    times.push({ event, host: host.name, seconds });
  };

  it("is whole to begin with", async () => {
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  for (const { what, on, by, announced } of events) {
    it(`${what}: whole again within ${announced ? 3 : 60} s`, async () => {
      const struck = on.map((name) => scene.lab.host(name));
      const happen = (host: Host) => (typeof by === "string" ? host.run(by).then(() => {}) : by(host));
      if (announced) {
        for (const host of struck) {
          await happen(host);
          await running(host);
          await timed(what, host, 3);
        }
      } else {
        await Promise.all(struck.map(happen));
        await Promise.all(struck.map((host) => timed(what, host, 60)));
      }
      assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
    });
  }

  for (const [what, off] of [
    ["reboot", (name: string) => scene.lab.reboot(name)],
    ["power cut and boot", (name: string) => scene.lab.powerCut(name).then(() => scene.lab.boot(name))],
  ] as const) {
    it(`${what} of all hosts: whole again within 3 s`, async () => {
      await Promise.all(scene.lab.hosts.map(({ name }) => off(name)));
      await Promise.all(scene.lab.hosts.map(running));
      await Promise.all(scene.lab.hosts.map((host) => timed(what, host, 3)));
      assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
    });
  }

  it("a project's network and container taken down and up: reached within 3 s, as themselves", async () => {
    for (const host of scene.lab.hosts) {
      for (const round of ["made", "made anew, in another range"]) {
        await host.run(["docker", "network", "create", round === "made" ? "project" : "project2"]);
        const network = round === "made" ? "project" : "project2";
        await startBox(host, "web", ["--network", network, "-p", "8090:80", "--stop-timeout", "1"]);
        await timed(`a project's network ${round}`, host, 3, { box: "web" });
        if (round === "made") await host.run("docker network create spare");
        await host.run(`docker rm -f web; docker network rm ${network}`);
      }
      await host.run("docker network rm spare");
    }
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  it("systemctl restart nftables: whole within 3 s but for Docker's lost rules, which preview names", async () => {
    const delta = scene.lab.host("delta");
    await delta.run("systemctl restart nftables");
    await timed("systemctl restart nftables", delta, 3, { dockers: false });
    assert.deepEqual(await left(scene.lab.hosts, outside, { known, dockers: false }), []);
    const { text } = await scene.preview();
    assert.match(
      text,
      /delta: Docker's rules for published ports are gone .*8080 of box.*systemctl restart docker/,
    );
    assert.match(text, /delta: Docker's rules that masquerade what leaves 172\.30\.\S+ are gone/);
    await delta.run("systemctl restart docker");
    await timed("systemctl restart docker, after the flush", delta, 3);
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  it("rules restored that were saved before the up: whole within 60 s but for Docker's lost rules", async () => {
    const struck = ["alpha", "beta", "gamma"].map((name) => scene.lab.host(name));
    await Promise.all(struck.map((host) => host.run("iptables-restore </root/before-the-up")));
    const what = "iptables-restore of rules saved before the up";
    await Promise.all(struck.map((host) => timed(what, host, 60, { dockers: false })));
    assert.deepEqual(await left(scene.lab.hosts, outside, { known, dockers: false }), []);
    const { text } = await scene.preview();
    const lost = ["for published ports are gone", "that masquerade what leaves 172\\.30\\.\\S+ are gone"];
    for (const { name } of struck)
      for (const rules of lost) assert.match(text, new RegExp(`${name}: Docker's rules ${rules}`));
    for (const host of struck) {
      await host.run("systemctl restart docker");
      await timed("systemctl restart docker, after the restore", host, 3);
    }
    assert.deepEqual(await left(scene.lab.hosts, outside, { known }), []);
  });

  it("a wake-up of the repair costs under 50 ms of CPU, and with something to mend under 100", async () => {
    for (const host of scene.lab.hosts) {
      const idle = await cpu(host);
      await host.run("ip route flush proto 219");
      const mending = await cpu(host);
      console.log(
        `      ${host.name}: ${idle} ms of CPU twice a minute, ${mending} ms with something to mend`,
      );
      assert(idle < 50 && mending < 100, `${host.name}: ${idle} ms, ${mending} ms`);
    }
  });
});

/** Milliseconds of user and system time of one repair; systemd's own count lacks where there is no cgroup v2. */
async function cpu(host: Host): Promise<number> {
  const script = "TIMEFORMAT='%U %S'; time sh /etc/dockroute/apply repair";
  const { stderr } = await host.exec(["bash", "-c", script]);
  const [user = NaN, system = NaN] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return Math.round((user + system) * 1000);
}
