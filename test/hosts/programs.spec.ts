import assert from "node:assert/strict";
import { planMesh } from "../../provider/plan/mesh.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, type Stack } from "../support/stack.js";

const pool = "172.30.0.0/16";
const names = ["alpha", "beta", "delta", "gamma"];

/** A process id is given to each process and thread, so two of them tell how many were started between. */
const lastPid = "sh -c 'echo $$'";

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
    stack = await site.stack("programs", config(3));
  });
  after(() => site?.down());

  const config = (hosts: number): Config => meshConfig(site.lab, names.slice(0, hosts), pool);

  it("first up", async () => {
    const started = await counted(() => stack.up());
    console.log("first up", started);
  });

  it("nothing to do", async () => {
    await quietened();
    const started = await counted(() => stack.up());
    console.log("nothing to do", started);
  });

  it("refresh", async () => {
    const started = await counted(() => stack.refresh());
    console.log("refresh", started);
  });

  it("one host drifted", async () => {
    await site.lab.host("beta").run("ip route del 172.30.0.0/24 proto 219");
    const refreshed = await counted(() => stack.refresh());
    const started = await counted(() => stack.up());
    console.log("drifted", refreshed, started);
  });

  it("one host added", async () => {
    stack.configure(config(4));
    const started = await counted(() => stack.up());
    console.log("added", started);
  });

  it("destroy", async () => {
    const started = await counted(() => stack.destroy());
    console.log("destroy", started);
  });

  /** The repair twice a minute would be counted too. */
  async function quietened(): Promise<void> {
    await Promise.all(site.lab.hosts.map((host) => host.exec("systemctl stop dockroute-repair.timer")));
  }

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
