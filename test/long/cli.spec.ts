/** `npx dockroute` on real hosts: a break by hand is red with its reason, nothing else is, and nothing is left. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { until } from "../../lab/run.js";
import { differences, snapshot } from "../../lab/snapshot.js";
import type { Checked, Direction } from "../../provider/check/check.js";
import type { HostStatus } from "../../provider/check/status.js";
import { forwardChain, markChain, natChain } from "../support/names.js";
import { Scene } from "../support/scene.js";
import { root } from "../support/stack.js";

interface Broken {
  readonly by: string;
  readonly on: "alpha" | "beta" | "gamma";
  readonly hand: string;
  readonly red: readonly string[];
  readonly wrong: string;
  readonly where: string;
  readonly why: RegExp;
}

const all = "icmp tcp udp";
const into = (host: string, ...others: string[]) => others.map((other) => `${other} -> ${host}`);

const breaks: readonly Broken[] = [
  {
    by: "only the raw rule taken away",
    on: "beta",
    hand: `iptables -t raw -D PREROUTING -d 172.30.1.0/24 -m comment --comment dockroute -j ${forwardChain("172.30.1.0/24")}`,
    // Answers to its own calls have to pass raw too.
    red: [...into("beta", "alpha", "gamma"), "beta -> alpha", "beta -> gamma"],
    wrong: all,
    where: "beta",
    why: /iptables raw PREROUTING: `-d 172\.30\.1\.\d+\/32 ! -i docker0 -j DROP` dropped it, because .*raw PREROUTING jump to DOCKROUTE-[0-9a-f]{8}: absent/,
  },
  {
    by: "only the FORWARD rule taken away",
    on: "alpha",
    hand: `iptables -D DOCKER-USER -d 172.30.0.0/24 -m comment --comment dockroute -j ${forwardChain("172.30.0.0/24")}`,
    red: into("alpha", "beta", "gamma"),
    wrong: all,
    where: "alpha",
    why: /iptables filter FORWARD: `the policy DROP` dropped it, because .*filter DOCKER-USER jump to DOCKROUTE-[0-9a-f]{8}: absent/,
  },
  {
    by: "only the nft mark taken away",
    on: "gamma",
    hand: `nft 'flush chain ip dockroute ${markChain("172.30.2.0/24")}; delete chain ip dockroute ${markChain("172.30.2.0/24")}'`,
    red: into("gamma", "alpha", "beta"),
    wrong: all,
    where: "gamma",
    why: /nft chain mark-[0-9a-f]{8}: absent/,
  },
  {
    by: "a route taken away",
    on: "alpha",
    hand: "ip route del 172.30.1.0/24",
    red: ["alpha -> beta", "beta -> alpha"],
    wrong: all,
    where: "alpha",
    why: /route to 172\.30\.1\.\d+/,
  },
  {
    by: "the exemption from masquerading taken away",
    on: "beta",
    hand: `nft 'flush chain ip dockroute ${natChain("172.30.1.0/24")}; delete chain ip dockroute ${natChain("172.30.1.0/24")}'`,
    red: ["beta -> alpha", "beta -> gamma"],
    wrong: "source",
    where: "beta",
    why: /sees 172\.30\.1\.\d+ as 10\.\d+\.\d+\.12/,
  },
  {
    by: "a rule of someone else's for UDP alone",
    on: "alpha",
    hand: "iptables -I DOCKER-USER 1 -s 172.30.2.0/24 -p udp -j DROP",
    red: ["gamma -> alpha", "alpha -> gamma"],
    wrong: "udp",
    where: "alpha",
    why: /iptables filter DOCKER-USER: `-s 172\.30\.2\.0\/24 -p udp -j DROP` dropped it/,
  },
  {
    by: "a link that takes less",
    on: "beta",
    hand: "ip link set eth0 mtu 1400",
    red: [...into("beta", "alpha", "gamma"), "beta -> alpha", "beta -> gamma"],
    wrong: "size",
    where: "",
    why: /more than 1400 bytes .* send up to 1500/,
  },
  {
    by: "forwarding switched off",
    on: "gamma",
    hand: "sysctl -q -w net.ipv4.ip_forward=0",
    red: [...into("gamma", "alpha", "beta"), "gamma -> alpha", "gamma -> beta"],
    wrong: all,
    where: "gamma",
    why: /ip_forward is 0/,
  },
];

/** Mends a break by hand, whichever it was. */
const mend =
  "iptables -D DOCKER-USER -s 172.30.2.0/24 -p udp -j DROP; ip link set eth0 mtu 1500; sysctl -q -w net.ipv4.ip_forward=1; sh /etc/dockroute/apply";

describe("npx dockroute", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set("cli1", [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker28" },
      { name: "gamma", image: "docker29-nft" },
    ]);
    await scene.startBoxes();
    await scene.up();
    // It would put back what is broken here.
    for (const host of scene.lab.hosts) await host.run("systemctl stop dockroute-repair.timer");
  });
  after(() => scene?.strike());

  const argv = (...words: readonly string[]) => {
    const { name, configFile } = scene.stack;
    return ["node", join(root, "dockroute.js"), ...words, "--stack", name, "--config-file", configFile];
  };
  const cli = (...words: readonly string[]) => scene.stack.command(argv(...words));
  const check = async () => {
    const { code, stdout, stderr } = await cli("check", "--json");
    assert.notEqual(stdout, "", stderr);
    return { code, ...(JSON.parse(stdout) as Checked) };
  };
  const status = async () => {
    const { code, stdout } = await cli("status", "--json");
    return { code, hosts: JSON.parse(stdout) as readonly HostStatus[] };
  };
  const directions = (cells: readonly Direction[]) => cells.map(({ from, to }) => `${from} -> ${to}`).sort();

  it("shows a whole mesh, leaves nothing behind and logs in once a host", async () => {
    const look = () => Promise.all(scene.lab.hosts.map((host) => snapshot(host)));
    const logins = () =>
      Promise.all(
        scene.lab.hosts.map((host) => host.run("journalctl -q -u ssh | grep -c 'Accepted publickey'")),
      );
    const [was, before] = [await look(), await logins()];
    const { code, cells, stands } = await check();
    const [now, after] = [await look(), await logins()];
    assert.equal(code, 0);
    assert.equal(cells.length, 6);
    for (const cell of cells) {
      assert.deepEqual({ well: cell.well, largest: cell.largest }, { well: true, largest: 1500 });
      assert(cell.roundTrip !== undefined && cell.roundTrip < 1000);
      assert.equal(cell.source, stands[cell.from]?.split(", ")[1]);
    }
    for (const text of Object.values(stands)) assert.match(text, /^container box, 172\.30\./);
    assert.deepEqual(
      now.flatMap((one, at) => differences(was[at] ?? one, one)),
      [],
    );
    assert.deepEqual(
      after.map(Number),
      before.map((count) => Number(count) + 1),
    );
  });

  for (const { by, on, hand, red, wrong, where, why } of breaks) {
    it(`${by}: exactly those cells are red, with that reason`, async () => {
      await scene.lab.host(on).run(hand);
      try {
        const { code, cells } = await check();
        const found = cells.filter(({ well }) => !well);
        assert.deepEqual(directions(found), [...red].sort(), JSON.stringify(cells, null, 1));
        for (const cell of found) {
          assert.equal(cell.wrong.join(" "), wrong);
          assert.match(cell.reason?.why ?? "", why);
          if (where !== "") assert.equal(cell.reason?.where, where, cell.reason?.why);
        }
        assert.equal(code, 1);
      } finally {
        await scene.lab.host(on).exec(mend);
      }
    });
  }

  it("stands in a namespace of its own where no container runs, and takes it along when it is killed", async () => {
    const alpha = scene.lab.host("alpha");
    await alpha.run("docker stop box");
    const was = await snapshot(alpha);
    const { cells, stands, code } = await check();
    assert.deepEqual({ code, red: cells.filter(({ well }) => !well) }, { code: 0, red: [] });
    assert.equal(stands["alpha"], "a namespace of its own, 172.30.0.254");
    assert.deepEqual(differences(was, await snapshot(alpha)), []);

    const links = async () => (await alpha.run("ip -br link")).includes("vethdr");
    const [program = "", ...words] = argv("check");
    const child = spawn(program, words, { cwd: root, env: scene.stack.env, stdio: "ignore" });
    await until("the namespace", 30_000, links);
    child.kill("SIGKILL");
    await until("its end", 60_000, async () => !(await links()));
    assert.deepEqual(differences(was, await snapshot(alpha)), []);
    await alpha.run("docker start box");
  });

  it("shows the status of each host, and its drift in words", async () => {
    const { code, hosts } = await status();
    assert.equal(code, 0);
    const shown = hosts.map(({ host, firewall, bridge, routes, rules, drift }) => [
      ...[host, firewall, bridge, routes, rules, drift],
    ]);
    const two = { well: 2, wanted: 2 };
    assert.deepEqual(shown, [
      ["alpha", "iptables", "172.30.0.1/24", two, two, []],
      ["beta", "iptables", "172.30.1.1/24", two, two, []],
      ["gamma", "nftables", "172.30.2.1/24", two, two, []],
    ]);
    for (const { changed } of hosts) assert(Date.parse(changed ?? "") > Date.now() - 3_600_000);
    const text = (await cli("status")).stdout;
    assert.match(
      text,
      /^ +alpha +yes +26\S+ +iptables +172\.30\.0\.1\/24 +172\.30\.0\.1\/24 +2 of 2 +2 of 2 +none/m,
    );

    await scene.lab.host("alpha").run("ip route del 172.30.1.0/24");
    const drifted = await status();
    assert.equal(drifted.code, 1);
    assert.deepEqual(drifted.hosts[0]?.drift, ["alpha/to/beta: route to 172.30.1.0/24: absent"]);
    assert.deepEqual(drifted.hosts[0]?.routes, { well: 1, wanted: 2 });
    await scene.lab.host("alpha").exec(mend);
  });

  it("says which host it does not reach, and shows the others", async () => {
    await scene.lab.setLink("gamma", "down");
    try {
      const { code, hosts } = await status();
      assert.equal(code, 2);
      assert.deepEqual(
        hosts.map(({ host, reached }) => [host, reached]),
        [
          ["alpha", true],
          ["beta", true],
          ["gamma", false],
        ],
      );
      const checked = await check();
      assert.equal(checked.code, 2);
      assert.deepEqual(Object.keys(checked.absent), ["gamma"]);
      assert.deepEqual(directions(checked.cells), ["alpha -> beta", "beta -> alpha"]);
    } finally {
      await scene.lab.setLink("gamma", "up");
    }
  });

  it("draws it", async () => {
    assert.match(
      (await cli("graph", "--format", "svg")).stdout,
      /^<svg [\s\S]*>172\.30\.2\.0\/24<[\s\S]*<\/svg>\n$/,
    );
    assert.match((await cli("graph")).stdout, /^graph LR\n {2}h_alpha\["<b>alpha<\/b>/);
  });

  it("says what is wrong with the words it is given", async () => {
    const { code, stderr } = await scene.stack.command(argv("chekc"));
    assert.equal(code, 2);
    assert.match(stderr, /^usage: dockroute/);
    const unknown = await scene.stack.command([
      "node",
      join(root, "dockroute.js"),
      "status",
      "--stack",
      "none",
    ]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no stack named 'none' found/);
  });
});
