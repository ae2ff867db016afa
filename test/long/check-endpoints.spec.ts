/** The places of a check's probe endpoints, and its findings where one ends before it does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startBox } from "../../lab/probe.js";
import { until } from "../../lab/run.js";
import type { Checked } from "../../provider/check/check.js";
import { Scene } from "../support/scene.js";
import { meshConfig, root } from "../support/stack.js";

describe("the probe endpoints of npx dockroute check", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set(
      "chkend",
      [
        { name: "alpha", image: "docker26" },
        { name: "beta", image: "docker28" },
      ],
      (lab) => ({ ...meshConfig(lab), hostPrefix: 20 }),
    );
    await scene.startBoxes();
    await scene.up();
    for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
  });
  after(() => scene?.strike());

  const host = (name: string) => scene.lab.host(name);
  const check = async (...words: readonly string[]) => {
    const { name, configFile } = scene.stack;
    const stack = ["--stack", name, "--config-file", configFile];
    return scene.stack.command(["node", join(root, "dockroute.js"), "check", ...words, ...stack]);
  };
  const checked = async () => {
    const { stdout, stderr, code } = await check("--json");
    assert.notEqual(stdout, "", stderr);
    return { code, ...(JSON.parse(stdout) as Checked) };
  };
  const endpointPid = async (name: string) =>
    (await host(name).exec("pgrep -f 'perl - liste[n]'")).stdout.trim().split("\n")[0] ?? "";

  it("are not in an internal network, which is named as such", async () => {
    await host("beta").run("docker network create --internal quiet");
    await startBox(host("beta"), "db", ["--network", "quiet", "--stop-timeout", "1"]);
    try {
      const { code, cells, stands, closed } = await checked();
      assert.deepEqual(
        cells.filter(({ well }) => !well),
        [],
      );
      assert.deepEqual([code, Object.keys(stands).sort()], [0, ["alpha", "beta"]]);
      assert.deepEqual(closed, { "beta/quiet": "internal, not meant to be reached" });
      assert.match((await check()).stdout, /^ {2}beta\/quiet: internal, not meant to be reached$/m);
    } finally {
      await host("beta").run("docker rm -f db && docker network rm quiet");
    }
  });

  describe("while tracing takes longer than an endpoint lives", () => {
    const wrapper = "/usr/local/sbin/iptables-save";
    before(async () => {
      await host("alpha").run("docker network create side");
      await startBox(host("alpha"), "db", ["--network", "side", "--stop-timeout", "1"]);
      // Every look at alpha's counters takes 9 s, and beta lets nothing of alpha's in: four directions are lost.
      await host("alpha").run(
        `printf '#!/bin/sh\\nsleep 9\\nexec /usr/sbin/iptables-save "$@"\\n' >${wrapper} && chmod +x ${wrapper}`,
      );
      await host("beta").run("iptables -I DOCKER-USER 1 -s 172.30.0.0/20 -j DROP");
    });
    after(async () => {
      await host("alpha").exec(`rm ${wrapper}; docker rm -f db; docker network rm side`);
      await host("beta").exec("iptables -D DOCKER-USER -s 172.30.0.0/20 -j DROP");
    });

    it("are there until the last reason, which is that of the first", async () => {
      const begun = Date.now();
      const { cells } = await checked();
      assert(Date.now() - begun > 60_000, "the tracing takes longer than an endpoint lives");
      const reasons = cells.map(({ from, to, reason }) => `${from} -> ${to}: ${reason?.why.split(" (")[0]}`);
      const rule = "iptables filter DOCKER-USER: `-s 172.30.0.0/20 -j DROP` dropped it";
      assert.deepEqual(reasons.sort(), [
        `alpha -> beta: ${rule}`,
        `alpha/side -> beta: ${rule}`,
        `beta -> alpha/side: the answer is lost: ${rule}`,
        `beta -> alpha: the answer is lost: ${rule}`,
      ]);
      for (const name of ["alpha", "beta"]) assert.equal(await endpointPid(name), "");
    });

    it("that end are told from the wire, and a process that gets their number is left alone", async () => {
      const running = checked();
      await until("the endpoint", 30_000, async () => (await endpointPid("beta")) !== "");
      const pid = await endpointPid("beta");
      await until("the first trace", 30_000, async () => {
        const { code } = await host("alpha").exec(
          "pgrep -x iptables-save || pgrep -f 'sbin/iptables-sav[e]'",
        );
        return code === 0;
      });
      await host("beta").run(["sh", "-c", takeNumber, "sh", pid]);
      const { cells, code } = await running;
      assert.equal(code, 1);
      for (const { from, to, reason } of cells) {
        const shown = `${from} -> ${to}: ${reason?.where}: ${reason?.why}`;
        assert.equal(reason?.where, "beta", shown);
        assert.match(reason?.why ?? "", /^its probe endpoint in container box ended during the check/, shown);
      }
      assert.equal((await host("beta").run(`cat /proc/${pid}/comm`)).trim(), "sleep");
      await host("beta").run(`kill ${pid}`);
    });
  });

  it("in a container that stops meanwhile, or that are killed, tell nothing about the mesh", async () => {
    // The probing of a silent target takes 2 s: time enough to take its endpoint away.
    await host("beta").run("iptables -I DOCKER-USER 1 -s 172.30.0.0/20 -j DROP");
    try {
      const running = checked();
      await until("the endpoint", 30_000, async () => (await endpointPid("beta")) !== "");
      await host("beta").run("docker stop -t 0 box");
      const { code, cells, absent } = await running;
      assert.deepEqual([code, cells], [2, []]);
      assert.deepEqual(absent, { beta: "its probe endpoint in container box ended during the check" });
    } finally {
      await host("beta").run("iptables -D DOCKER-USER -s 172.30.0.0/20 -j DROP; docker start box");
    }
  });
});

/** Kills process $1, and makes another one of the same number: clone3 takes one, as for a process that is restored. */
const takeNumber = `
kill -9 "$1"
while [ -e "/proc/$1" ]; do sleep 0.1; done
perl -e '
  my $number = pack "i", $ARGV[0];
  my $SIGCHLD = 17;
  my $arguments = pack "Q10", 0, 0, 0, 0, $SIGCHLD, 0, 0, 0, unpack("J", pack "P", $number), 1;
  my $child = syscall 435, $arguments, length $arguments;
  die "clone3: $!" if $child < 0;
  exec "sleep", "600" if $child == 0;
' "$1" </dev/null >/dev/null 2>&1
`;
