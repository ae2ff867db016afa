import assert from "node:assert/strict";
import { planMesh } from "../../provider/plan/mesh.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, type Stack } from "../support/stack.js";

const pool = "172.30.0.0/16";
const names = ["alpha", "beta", "delta", "gamma"];

/** A process id is given to each process and thread, so two of them tell how many were started between. */
const lastPid = ["sh", "-c", "echo $$"];

/** The repair twice a minute would be counted too. */
const noRepair = `mkdir -p /run/systemd/system/dockroute-repair.timer.d
  printf '[Timer]\\nOnActiveSec=\\nOnActiveSec=1h\\n' >/run/systemd/system/dockroute-repair.timer.d/late.conf`;

/**
 * The processes and threads that an operation starts on a host. They do not depend on the machine, and a small host pays
 * for each. docker0 has its address before the first `up`: a restart of Docker starts some 400 by itself.
 */
describe("programs on a host", () => {
  let site: Site;
  let stack: Stack;

  before(async () => {
    const plan = planMesh({ pool, hosts: names.map((name, at) => ({ name, address: `10.0.0.${at + 1}` })) });
    const keys = names.map((name) => ({
      bip: plan[name]?.bridgeAddress,
      "default-address-pools": [{ base: plan[name]?.subnet, size: 24 }],
    }));
    const images = Object.fromEntries(names.map((name) => [name, "docker28"]));
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t2n", images, { daemonJson: (at) => keys[at] });
    await Promise.all(site.lab.hosts.map((host) => host.run(noRepair)));
    stack = await site.stack("programs", config(3));
  });
  after(() => site?.down());

  const config = (hosts: number): Config => meshConfig(site.lab, names.slice(0, hosts), pool);

  /** The most on one host. Counts of one run differ by a few threads of dockerd's. */
  const mostOf = (started: Record<string, number>, hosts = names) =>
    Math.max(...hosts.map((name) => started[name] ?? 0));
  const atMost = (started: Record<string, number>, most: number, hosts = names) =>
    assert.ok(mostOf(started, hosts) <= most, `${JSON.stringify(started)}, ${most} allowed`);

  it("are few in a first up", async () => {
    atMost(await counted(() => stack.up()), 80);
  });

  it("are a handful, a login among them, if there is nothing to do", async () => {
    atMost(await counted(() => stack.up()), 16);
    atMost(await counted(() => stack.refresh()), 16);
  });

  it("are hardly more on a host that has drifted, and no more on the others", async () => {
    await site.lab.host("beta").run("ip route del 172.30.0.0/24 proto 219");
    atMost(await counted(() => stack.refresh()), 16);
    const started = await counted(() => stack.up());
    atMost(started, 32, ["beta"]);
    atMost(started, 16, ["alpha", "delta"]);
  });

  it("are few on each other host if one is added", async () => {
    stack.configure(config(4));
    const started = await counted(() => stack.up());
    atMost(started, 75, ["alpha", "beta", "delta"]);
    atMost(started, 80, ["gamma"]);
  });

  it("are bounded in a destroy", async () => {
    atMost(await counted(() => stack.destroy()), 220);
  });

  async function counted(work: () => Promise<Ran>): Promise<Record<string, number>> {
    const before = await pids();
    const ran = await work();
    assert.equal(ran.code, 0, ran.text);
    const after = await pids();
    return Object.fromEntries(names.map((name, at) => [name, (after[at] ?? 0) - (before[at] ?? 0) - 1]));
  }

  function pids(): Promise<number[]> {
    return Promise.all(site.lab.hosts.map(async (host) => Number(await host.run(lastPid))));
  }
});
