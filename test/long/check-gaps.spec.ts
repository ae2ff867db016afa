/** Causes of a lost packet that no counter of iptables shows; user-defined networks; the leftovers of kill -9. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { startBox } from "../../lab/probe.js";
import { run, until } from "../../lab/run.js";
import type { Checked, Direction } from "../../provider/check/check.js";
import { Scene } from "../support/scene.js";
import { meshConfig, root } from "../support/stack.js";

type Name = "alpha" | "beta" | "gamma";

describe("a red direction of npx dockroute check", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set(
      "segap",
      [
        { name: "alpha", image: "docker26" },
        { name: "beta", image: "docker28" },
        { name: "gamma", image: "docker26" },
      ],
      (lab) => ({ ...meshConfig(lab), hostPrefix: 20 }),
    );
    await scene.startBoxes();
    await scene.up();
    for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
    for (const name of ["alpha", "beta"]) {
      await host(name).run("docker network create side");
      await startBox(host(name), "db", ["--network", "side"]);
    }
  });
  after(() => scene?.strike());

  const host = (name: string) => scene.lab.host(name);
  const argv = () => {
    const { name, configFile } = scene.stack;
    return [join(root, "dockroute.js"), "check", "--json", "--stack", name, "--config-file", configFile];
  };
  const check = async () => {
    const { stdout, stderr } = await scene.stack.command(["node", ...argv()]);
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout) as Checked;
  };
  const directions = (cells: readonly Direction[]) => cells.map(({ from, to }) => `${from} -> ${to}`).sort();
  const red = ({ cells }: Checked) => cells.filter(({ well }) => !well);
  const stands = async (on: Name) =>
    (await host(on).exec("pgrep -f 'perl - liste[n]'; ip -o link | grep vethdr")).stdout.trim();

  it("is none of a whole mesh, in which a container of a user-defined network takes part", async () => {
    const checked = await check();
    const labels = ["alpha", "alpha/side", "beta", "beta/side", "gamma"];
    assert.deepEqual(Object.keys(checked.stands).sort(), labels);
    assert.match(checked.stands["beta/side"] ?? "", /^container db, 172\.30\.1[67]\./);
    const hostOf = (label: string) => label.split("/")[0];
    const all = labels.flatMap((from) =>
      labels.filter((to) => hostOf(to) !== hostOf(from)).map((to) => `${from} -> ${to}`),
    );
    assert.deepEqual(directions(checked.cells), all.sort());
    assert.deepEqual(red(checked), []);
    for (const { from, source } of checked.cells)
      assert.equal(source, checked.stands[from]?.split(", ")[1], from);
    for (const name of ["alpha", "beta", "gamma"] as const) assert.equal(await stands(name), "");
  });

  const parts = { alpha: "172.30.0.0/20", beta: "172.30.16.0/20", gamma: "172.30.32.0/20" };
  const table = (rule: string, hook = "forward", policy = "accept") =>
    `nft 'add table inet fw; add chain inet fw f { type filter hook ${hook} priority -5; policy ${policy}; }; add rule inet fw f ${rule}'`;
  const breaks: readonly {
    readonly by: string;
    readonly on: Name;
    readonly hand: string;
    readonly mend: string;
    /** Hosts, not stands. */
    readonly red: readonly string[];
    readonly from: Name;
    readonly to: Name;
    readonly where: string;
    readonly why: RegExp;
  }[] = [
    {
      by: "a drop without a counter in somebody's nft table on the host that receives",
      on: "beta",
      hand: table(`ip saddr ${parts.alpha} ip daddr ${parts.beta} drop`),
      mend: "nft delete table inet fw",
      red: ["alpha -> beta", "beta -> alpha"],
      ...{ from: "alpha", to: "beta", where: "beta" },
      why: /^nft inet fw f: `ip saddr 172\.30\.0\.0\/20 ip daddr 172\.30\.16\.0\/20 drop` fits it, counts nothing/,
    },
    {
      by: "the same with a counter",
      on: "beta",
      hand: table(`ip saddr ${parts.alpha} ip daddr ${parts.beta} counter drop`, "prerouting"),
      mend: "nft delete table inet fw",
      red: ["alpha -> beta", "beta -> alpha"],
      ...{ from: "alpha", to: "beta", where: "beta" },
      why: /^nft inet fw f: `ip saddr 172\.30\.0\.0\/20 .* drop` dropped it/,
    },
    {
      by: "one on the host that sends, which lets nothing out",
      on: "alpha",
      hand: table(`ip daddr ${parts.gamma} drop`),
      mend: "nft delete table inet fw",
      red: ["alpha -> gamma", "gamma -> alpha"],
      ...{ from: "alpha", to: "gamma", where: "alpha" },
      why: /^nft inet fw f: `ip daddr 172\.30\.32\.0\/20 drop` fits it, counts nothing/,
    },
    {
      by: "the policy of somebody's chain",
      on: "gamma",
      hand: table("ip saddr 10.0.0.0/8 accept", "forward", "drop"),
      mend: "nft delete table inet fw",
      red: ["alpha -> gamma", "beta -> gamma", "gamma -> alpha", "gamma -> beta"],
      ...{ from: "alpha", to: "gamma", where: "gamma" },
      why: /^nft inet fw f: `policy drop` drops what no rule of that chain accepts/,
    },
    {
      by: "a strict rp_filter, and a way back by another card",
      on: "beta",
      hand:
        "ip link add side0 type bridge && ip link set side0 up && ip addr add 192.168.99.1/24 dev side0 && " +
        `sysctl -q -w net.ipv4.conf.eth0.rp_filter=1 && ip route replace ${parts.alpha} via 192.168.99.2 dev side0`,
      mend: "sysctl -q -w net.ipv4.conf.eth0.rp_filter=0; ip link del side0; sh /etc/dockroute/apply",
      red: ["alpha -> beta", "beta -> alpha"],
      ...{ from: "alpha", to: "beta", where: "beta" },
      why: /^rp_filter dropped it: the way back to 172\.30\.0\.\d+ does not lead where it came in/,
    },
  ];
  for (const { by, on, hand, mend, red: hosts, from, to, where, why } of breaks) {
    it(`of ${by} says so`, async () => {
      await host(on).run(hand);
      try {
        const found = red(await check());
        const shown = JSON.stringify(found, null, 1);
        const between = new Set(directions(found).map((each) => each.replaceAll(/\/side/g, "")));
        assert.deepEqual([...between].sort(), hosts, shown);
        const reason = found.find((cell) => cell.from === from && cell.to === to)?.reason;
        assert.match(reason?.why ?? "", why, shown);
        assert.equal(reason?.where, where);
      } finally {
        await host(on).exec(mend);
      }
    });
  }

  it("of a host that answers no ARP names the wire, and who asked whom", async () => {
    const { address } = host("beta");
    const peers = [host("alpha"), host("gamma")];
    const mac = async (name: string) => (await host(name).run("cat /sys/class/net/eth0/address")).trim();
    const wire = (await run(["ip", "-o", "route", "get", address])).replace(/^.* dev (\S+) .*\n?$/s, "$1");
    // The operator and beta keep their ARP entries: it is reached, and asks nobody who would learn from it.
    await run([
      "ip",
      "neigh",
      "replace",
      address,
      "lladdr",
      await mac("beta"),
      "dev",
      wire,
      "nud",
      "permanent",
    ]);
    for (const peer of peers)
      await host("beta").run(
        `ip neigh replace ${peer.address} lladdr ${await mac(peer.name)} dev eth0 nud permanent`,
      );
    await host("beta").run("sysctl -q -w net.ipv4.conf.eth0.arp_ignore=8");
    for (const peer of peers) await peer.run(`ip neigh flush to ${address}`);
    try {
      const found = red(await check());
      const cell = found.find((each) => each.from === "alpha" && each.to === "beta");
      assert.deepEqual(
        [cell?.reason?.where, cell?.reason?.why.split(" (")[0]],
        ["the wire", `${address} does not answer alpha's ARP`],
        JSON.stringify(found, null, 1),
      );
      const back = found.find((each) => each.from === "beta" && each.to === "gamma");
      assert.match(back?.reason?.why ?? "", /^the answer is lost: .* does not answer gamma's ARP/);
      assert.deepEqual(
        directions(found).filter((each) => !each.includes("beta")),
        [],
      );
    } finally {
      await host("beta").exec(
        "sysctl -q -w net.ipv4.conf.eth0.arp_ignore=0; ip neigh flush all nud permanent",
      );
      await run(["ip", "neigh", "del", address, "dev", wire]);
    }
  });

  it("leaves no namespace and no process, though its own are killed with -9 on the host, or it is itself", async () => {
    await host("gamma").run("docker stop box");
    try {
      const killed = [
        async () => {
          await host("gamma").run("kill -9 $(pgrep -f 'perl - liste[n]')");
        },
        async (pid: number) => {
          process.kill(pid, "SIGKILL");
        },
      ];
      for (const kill of killed) {
        const child = spawn("node", argv(), { cwd: root, env: scene.stack.env, stdio: "ignore" });
        const ended = new Promise((done) => child.once("exit", done));
        await until("the namespace", 30_000, async () => (await stands("gamma")).includes("vethdr"));
        await kill(child.pid ?? 0);
        await ended;
        for (const name of ["alpha", "beta", "gamma"] as const)
          await until(`the end of it on ${name}`, 60_000, async () => (await stands(name)) === "");
      }
    } finally {
      await host("gamma").run("docker start box");
    }
  });
});
