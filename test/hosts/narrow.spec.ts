/** A machine in nobody's config that adds routes to the hosts' ranges gets in nowhere, at no moment. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { hostPort } from "../../lab/probe.js";
import { sleep, until } from "../../lab/run.js";
import { type Door, type Knocking, knock } from "../support/outside.js";
import { Scene } from "../support/scene.js";

/** An address of the pool that the plan gives to nobody. */
const unallocated = "172.30.99.7";

/** A host, and a stranger who routes its container's address of before, and of its part, to it. */
interface Siege {
  readonly host: Host;
  readonly stranger: Stranger;
  readonly hidden: readonly Door[];
  readonly open: Door;
}

describe("a stranger at the switch, on every Docker", () => {
  let scene: Scene;
  let sieges: readonly Siege[];

  before(async () => {
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "t1narrow");
    await scene.startBoxes();
    sieges = await Promise.all(scene.lab.hosts.map((host, at) => besiege(scene, host, at)));
  });
  after(() => scene?.strike());

  it("B10 reaches no unpublished port before, during and after the first up", async () => {
    const found = await knocking(sieges, async (heard) => {
      await heard(5);
      await scene.up();
      await heard(10);
    });
    assert.deepEqual(found, published(sieges));
  });

  it("is let in neither as a stranger nor under an address of the pool that nobody has", async () => {
    await takeAddress(sieges);
    const found = await knocking(sieges, (heard) => heard(10), unallocated);
    assert.deepEqual(found, published(sieges));
  });

  it("would be heard if it were let in: under an address of a peer's part it is", async () => {
    for (const [at, siege] of sieges.entries()) {
      const peers = at === 0 ? "172.30.1.77" : "172.30.0.77";
      await siege.stranger.run(["ip", "addr", "add", `${peers}/32`, "dev", "eth0"]);
      await siege.host.run(["ip", "route", "replace", `${peers}/32`, "via", siege.stranger.address]);
      const found = await knocking([siege], (heard) => heard(5), peers);
      await siege.host.run(["ip", "route", "del", `${peers}/32`]);
      const inPart = siege.hidden.filter((door) => door.startsWith("172.30."));
      assert.deepEqual(found, [...inPart, siege.open].sort());
    }
  });

  it("B10 reaches no unpublished port while the hosts reboot, nor after", async () => {
    const found = await knocking(sieges, async (heard) => {
      await Promise.all(scene.lab.hosts.map(({ name }) => scene.lab.reboot(name)));
      await until("the mesh", 20_000, async () => (await scene.amiss()).length === 0);
      await heard(10);
    });
    assert.deepEqual(found, published(sieges));
  });

  it("B10 reaches no unpublished port during and after destroy", async () => {
    const found = await knocking(sieges, async (heard) => {
      await scene.destroy();
      await heard(10);
    });
    assert.deepEqual(found, published(sieges));
  });

  it("reaches no unpublished port when the hosts reboot after destroy", async () => {
    const found = await knocking(sieges, async (heard) => {
      await Promise.all(scene.lab.hosts.map(({ name }) => scene.lab.reboot(name)));
      await heard(10);
    });
    assert.deepEqual(found, published(sieges));
  });
});

async function besiege(scene: Scene, host: Host, at: number): Promise<Siege> {
  const stranger = await scene.lab.stranger(`stranger${at}`);
  for (const range of ["172.17.0.0/16", `172.30.${at}.0/24`]) {
    await stranger.run(["ip", "route", "replace", range, "via", host.address]);
  }
  // Port 80 is published: before 28, Docker itself lets anybody with a route enter it at the container too.
  const hidden = ["172.17.0.2", `172.30.${at}.2`].flatMap((box) => [box, `${box}:81`]);
  return { host, stranger, hidden, open: `${host.address}:${hostPort}` };
}

/** Each stranger takes the unallocated address, and each host is made to answer to it, as if it were let in. */
async function takeAddress(sieges: readonly Siege[]): Promise<void> {
  for (const { host, stranger } of sieges) {
    await stranger.run(["ip", "addr", "add", `${unallocated}/32`, "dev", "eth0"]);
    await host.run(["ip", "route", "replace", `${unallocated}/32`, "via", stranger.address]);
  }
}

/** Doors that opened to the strangers during the work. `heard(n)` waits until each has knocked n times more. */
async function knocking(
  sieges: readonly Siege[],
  work: (heard: (times: number) => Promise<void>) => Promise<void>,
  from?: string,
): Promise<readonly Door[]> {
  const knocks = sieges.map(({ stranger, hidden, open }) => knock(stranger, [...hidden, open], from));
  const heard = (times: number) => heardOf(knocks, times);
  try {
    await work(heard);
    return [...new Set(knocks.flatMap((one) => one.opened()))].sort();
  } finally {
    for (const one of knocks) one.stop();
  }
}

async function heardOf(knocks: readonly Knocking[], times: number): Promise<void> {
  const before = knocks.map((one) => one.tries());
  const enough = async () => knocks.every((one, at) => one.tries() >= (before[at] ?? 0) + times);
  await until(`${times} knocks of each stranger`, 30_000, enough);
  // The last answers are on their way still.
  await sleep(1000);
}

/** The one door that must open: it shows that the stranger knocked at all. */
function published(sieges: readonly Siege[]): readonly Door[] {
  return sieges.map(({ open }) => open).sort();
}
