import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HostSpec, Lab } from "../../lab/lab.js";
import { delayed } from "../../lab/relay.js";
import { run, sleep, tryRun } from "../../lab/run.js";
import { differences, snapshot } from "../../lab/snapshot.js";
import { labPrefixes } from "../../lab/state.js";

const outer = async (): Promise<string> =>
  [
    ...(await Promise.all([
      run(["ip", "-4", "route", "show", "table", "all"]),
      run(["ip", "rule"]),
      run([
        "sh",
        "-c",
        "iptables-save 2>/dev/null | grep -v '^#' | sed 's/\\[.*//'; nft list ruleset 2>/dev/null",
      ]),
      run([
        "sh",
        "-c",
        "sysctl -a 2>/dev/null | grep -E '^(kernel\\.(core|sysrq|pid_max|panic|printk)|fs\\.(protected|suid|inotify)|vm\\.(max_map|overcommit)|net\\.ipv4\\.(ip_forward|conf)|net\\.core)'",
      ]),
    ])),
  ].join("\n");

// Docker 29 is built from its sources the first time, which takes minutes: only where it is asked for.
const more = process.env["DOCKROUTE_LAB_29"] === undefined ? [] : ["docker29", "docker29-nft"];
const specs: HostSpec[] = [
  { name: "alpha", image: "docker20" },
  { name: "beta", image: "docker26" },
  { name: "gamma", image: "docker28", daemonJson: { "log-level": "warn" } },
  ...more.map((image) => ({ name: image, image })),
];

describe("the lab", function () {
  this.timeout(300_000);
  let lab: Lab;
  let machineBefore: string;

  before(async () => {
    for (const prefix of ["spec", "spectwo", "specx"]) await Lab.remove(prefix);
    machineBefore = await outer();
    lab = await Lab.up({
      prefix: "spec",
      hosts: specs,
    });
  });
  after(() => lab.down());

  it("boots machines of their own: own keys and ids, real storage, no forwarding before Docker", async () => {
    const ids = await Promise.all(
      lab.hosts.map((host) => host.run("cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub")),
    );
    equal(new Set(ids).size, specs.length);
    for (const host of lab.hosts) {
      match(await host.run("docker info --format '{{.Driver}}'"), /^overlay(2|fs)$/m);
      // Docker sets it only where it turned forwarding on itself, which the nftables backend does not.
      const policy = host.image === "docker29-nft" ? "ACCEPT" : "DROP";
      match(await host.run("iptables -S FORWARD"), new RegExp(`-P FORWARD ${policy}`));
      equal((await host.ssh("hostname")).stdout.trim(), host.name);
      equal((await host.ssh(["sudo", "id", "-un"], "admin")).stdout.trim(), "root");
      equal((await host.run("systemctl is-active network-online.target")).trim(), "active");
    }
    match(await lab.host("gamma").run("cat /etc/docker/daemon.json"), /"log-level": "warn"/);
  });

  for (const [name, restart] of [
    ["a reboot", (host: string) => lab.reboot(host)],
    ["a power cut", (host: string) => lab.powerCut(host).then(() => lab.boot(host))],
  ] as const) {
    for (const { name: host } of specs) {
      it(`${name} of ${host} takes what the kernel held and leaves what the disk holds`, async () => {
        const one = lab.host(host);
        const neighbour = lab.host(host === "alpha" ? "beta" : "alpha");
        await one.run(
          "docker rm -f web 2>/dev/null; docker run -d --name web --stop-timeout 1 --restart always -p 8080:80 lab/box httpd -f -h /var/www",
        );
        await neighbour.run(`ping -c1 -W1 ${one.address}`);
        const before = await snapshot(one);
        await one.run(
          "ip route add 10.99.0.0/24 via 10.213.0.1 dev eth0 onlink; ip rule add from 10.99.0.1 lookup 99",
        );
        await one.run(
          "nft add table ip foreign; sysctl -qw net.ipv4.conf.all.accept_local=1; echo kept > /root/kept; sync",
        );
        equal(differences(before, await snapshot(one)).length, 6);

        await restart(host);
        await neighbour.run(`ping -c1 -W1 ${one.address}`); // the first packet, no second try

        equal((await one.run("cat /root/kept; rm /root/kept")).trim(), "kept");
        for (let tries = 0; tries < 40 && (await one.run("docker ps -q")) === ""; tries++) await sleep(100);
        ok((await one.run("docker ps -q")) !== "", "the container of --restart always is back");
        deepEqual(differences(before, await snapshot(one)), []);
      });
    }
  }

  it("notices a reboot asked for on the host", async () => {
    await lab.host("beta").exec("systemctl reboot");
    await lab.waitRebooted("beta");
    ok(lab.isOn("beta"));
    const stop = lab.supervise("gamma");
    const leader = lab.host("gamma").leader;
    await lab.host("gamma").ssh("systemctl reboot");
    for (let tries = 0; tries < 200 && [leader, undefined].includes(lab.host("gamma").leader); tries++)
      await sleep(100);
    await lab.host("gamma").ready();
    await stop();
  });

  it("has strangers on the wire, cables that can be pulled, and longer wires", async () => {
    const stranger = await lab.stranger("outside");
    const beta = lab.host("beta");
    await stranger.run(["ping", "-c1", "-W1", beta.address]);
    await stranger.run("ip route add 172.17.0.0/16 via 10.213.0.1 onlink dev eth0");
    await lab.setLink("beta", "down");
    ok((await stranger.exec(["ping", "-c1", "-W1", beta.address])).code !== 0);
    await lab.setLink("beta", "up");
    await stranger.run(["ping", "-c3", "-W1", beta.address]);
    const relay = await delayed(beta.address, 22, 50);
    const start = Date.now();
    match(await run(["sh", "-c", `timeout 2 bash -c 'head -1 < /dev/tcp/127.0.0.1/${relay.port}'`]), /^SSH-/);
    ok(Date.now() - start >= 50);
    await relay.close();
  });

  it("stands beside another lab", async () => {
    const other = await Lab.up({ prefix: "spectwo", hosts: [{ name: "alpha", image: "docker26" }] });
    ok(other.subnet !== lab.subnet);
    equal((await other.host("alpha").ssh("hostname")).stdout.trim(), "alpha");
    ok((await other.host("alpha").exec(`ping -c1 -W1 ${lab.host("alpha").address}`)).code !== 0);
    await other.down();
    ok(lab.isOn("alpha"));
  });

  it("is taken away after its maker was killed, and by its maker when that is told to stop", async () => {
    const program = join(__dirname, "..", "..", "lab", "main.ts");
    const start = () =>
      spawn(
        process.execPath,
        ["--import", "tsx", program, "up", "--prefix", "specx", "--hosts", "a=docker26,b=docker20"],
        { stdio: "ignore" },
      );
    const begun = async (): Promise<void> => {
      while (!existsSync("/run/dockroute-lab/specx/a.process.json")) await sleep(20);
    };
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const maker = start();
      const ended = new Promise((resolve) => maker.once("exit", resolve));
      await begun();
      await sleep(300);
      maker.kill(signal);
      await ended;
      if (signal === "SIGKILL") await Lab.remove("specx");
      ok(!labPrefixes().includes("specx"));
      ok(!(await run(["ip", "netns"])).includes("specx-"));
      ok(!readFileSync("/proc/mounts", "utf8").includes("/specx/"));
      equal((await tryRun(["ip", "link", "show", "specx-op"])).code, 1);
    }
  });

  it("leaves the outer machine as it was, but for its own cable", async () => {
    // The cables of other labs come and go beside this one.
    const ownOf = (text: string): string[] =>
      text.split("\n").filter((line) => !/\b[a-z0-9]{1,9}-op\b/.test(line));
    deepEqual(ownOf(await outer()), ownOf(machineBefore));
  });
});
