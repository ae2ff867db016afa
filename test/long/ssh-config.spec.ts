/** ~/.ssh/config as people have it, on hosts: nothing of a login stands in the stack's config but an alias. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "../../lab/run.js";
import type { HostStatus } from "../../provider/check/status.js";
import { amiss } from "../support/mesh.js";
import { Scene } from "../support/scene.js";
import { root } from "../support/stack.js";

describe("ssh as people have it", () => {
  let scene: Scene;
  const home = mkdtempSync(join(tmpdir(), "dockroute-home-"));

  before(async () => {
    mkdirSync(join(home, ".ssh"));
    scene = await Scene.set(
      "sessh",
      ["alpha", "beta", "gamma", "delta"].map((name) => ({ name, image: "docker26" })),
      (lab) => ({
        pool: "172.30.0.0/16",
        hosts: [
          { name: "alpha", address: lab.host("alpha").address, connection: { host: "the-box" } },
          { name: "beta", address: lab.host("beta").address },
          { name: "gamma", address: lab.host("gamma").address, connection: { host: "behind" } },
        ],
      }),
    );
    Object.assign(scene.stack.env, { HOME: home });
    await scene.lab
      .host("alpha")
      .run("printf 'Port 22\\nPort 2222\\n' >/etc/ssh/sshd_config.d/ports.conf && systemctl restart ssh");
    await scene.startBoxes();
  });
  after(async () => {
    rmSync(home, { recursive: true, force: true });
    await scene?.strike();
  });

  const address = (name: string) => scene.lab.host(name).address;
  const write = (text: string) => writeFileSync(join(home, ".ssh/config"), text, { mode: 0o600 });
  const common = () =>
    `Host *\n  IdentityFile ${scene.lab.privateKeyFile}\n  UserKnownHostsFile ${scene.lab.knownHostsFile}\n` +
    "  User root\n  ConnectTimeout 4\n";
  const alpha = () => `Host the-box\n  HostName ${address("alpha")}\n  User admin\n  Port 2222\n`;
  const behind = (jump: string) => `Host behind\n  HostName ${address("gamma")}\n  ProxyJump ${jump}\n`;

  const status = async (env: Readonly<Record<string, string>> = {}) => {
    const { name, configFile } = scene.stack;
    const words = ["status", "--json", "--stack", name, "--config-file", configFile];
    const set = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    const ran = await scene.stack.command(["env", ...set, "node", join(root, "dockroute.js"), ...words]);
    assert.notEqual(ran.stdout, "", ran.stderr);
    const hosts = JSON.parse(ran.stdout) as readonly HostStatus[];
    const said = hosts.map(({ host, reason, drift }) => [host, reason ?? drift.join("; ")]);
    return { code: ran.code, drift: Object.fromEntries(said) as Record<string, string> };
  };
  /** The addresses from which a host let somebody in while something went on. */
  const enteredFrom = async (name: string, work: () => Promise<unknown>) => {
    const ask = async () => {
      const said = await scene.lab.host(name).run("journalctl -q -o cat -u ssh | grep '^Accepted' || :");
      return said.split("\n").filter((line) => line !== "");
    };
    const before = (await ask()).length;
    await work();
    return (await ask()).slice(before).map((line) => / from (\S+) /.exec(line)?.[1]);
  };
  const well = { alpha: "", beta: "", gamma: "" };

  it("goes by alias, user, port and key, and through a hop that is one of the hosts", async () => {
    write(`${alpha()}${behind("root@the-door")}Host the-door\n  HostName ${address("beta")}\n${common()}`);
    const froms = await enteredFrom("gamma", () => scene.up());
    assert.deepEqual([...new Set(froms)], [address("beta")]);
    assert.deepEqual(await amiss(scene.lab.hosts.filter(({ name }) => name !== "delta")), []);
    const state = await scene.stack.export();
    assert(state.includes(`"endpoint": "admin@${address("alpha")}:2222"`), "where the alias leads");
    assert(state.includes(`"endpoint": "root@${address("gamma")}:22"`));
  });

  it("goes through two hops, which two hosts share, and leaves no login behind", async () => {
    write(
      `${alpha()}  ProxyJump second\n${behind("second")}Host second\n  HostName ${address("delta")}\n  ProxyJump first\n` +
        `Host first\n  HostName ${address("beta")}\n${common()}`,
    );
    let seen: unknown;
    const froms: Record<string, unknown> = {};
    const nested = ["alpha", "gamma", "delta"].reduceRight<() => Promise<unknown>>(
      (work, name) => async () => {
        froms[name] = await enteredFrom(name, work);
      },
      async () => {
        seen = await status();
      },
    );
    await nested();
    assert.deepEqual(seen, { code: 0, drift: well });
    assert.deepEqual(froms, {
      alpha: [address("delta")],
      gamma: [address("delta")],
      delta: [address("beta")],
    });
    for (const name of ["alpha", "beta", "gamma", "delta"]) {
      const open = await scene.lab
        .host(name)
        .run("ss -Htn state established '( sport = :22 or sport = :2222 )'");
      assert.equal(open, "", `${name} has a login that nobody ended`);
    }
  });

  it("logs in by an agent, with the keys that IdentityFile names", async () => {
    const socket = join(home, "agent");
    const agent: ChildProcess = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      while (!existsSync(socket)) await sleep(20);
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      // More than sshd lets anyone try.
      for (let at = 0; at < 8; at++) {
        const key = join(home, `key${at}`);
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
        execFileSync("ssh-add", ["-q", key], { env, stdio: "ignore" });
      }
      execFileSync("ssh-add", ["-q", scene.lab.privateKeyFile], { env, stdio: "ignore" });
      // Only the public half is in the file that the settings name.
      writeFileSync(join(home, "id.pub"), readFileSync(`${scene.lab.privateKeyFile}.pub`));
      write(
        `${alpha()}${behind("first")}Host first\n  HostName ${address("beta")}\n${common()}`.replaceAll(
          scene.lab.privateKeyFile,
          join(home, "id"),
        ),
      );
      assert.deepEqual(await status({ SSH_AUTH_SOCK: socket }), { code: 0, drift: well });
    } finally {
      agent.kill();
    }
  });

  it("refuses a hop whose key is not known, and shows it no credential", async () => {
    const known = join(home, "known");
    const lines = readFileSync(scene.lab.knownHostsFile, "utf8").split("\n");
    writeFileSync(known, lines.filter((line) => !line.startsWith(`${address("delta")} `)).join("\n"));
    write(
      `${alpha()}${behind("second")}Host second\n  HostName ${address("delta")}\n  UserKnownHostsFile ${known}\n${common()}`,
    );
    let seen: Awaited<ReturnType<typeof status>> | undefined;
    const froms = await enteredFrom("delta", async () => {
      seen = await status();
    });
    assert.deepEqual(froms, []);
    assert.equal(seen?.code, 2);
    assert.match(
      seen?.drift["gamma"] ?? "",
      new RegExp(
        `its hop second \\(root@${address("delta")}:22\\): its host key \\S+ SHA256:\\S+ is not known`,
      ),
    );
    assert.equal(seen?.drift["alpha"], "");
  });

  it("names the hop that is down, of two", async () => {
    write(
      `${alpha()}${behind("second")}Host second\n  HostName ${address("beta")}\n  ProxyJump first\n` +
        `Host first\n  HostName ${address("delta")}\n${common()}`,
    );
    await scene.lab.setLink("delta", "down");
    try {
      const { code, drift } = await status();
      assert.equal(code, 2);
      assert.match(
        drift["gamma"] ?? "",
        new RegExp(`its hop first \\(root@${address("delta")}:22\\): (no login within 4 s|there is no way)`),
      );
    } finally {
      await scene.lab.setLink("delta", "up");
    }
  });

  it("names the hop behind which a host is down, within the time of a dial", async () => {
    write(`${alpha()}${behind("first")}Host first\n  HostName ${address("delta")}\n${common()}`);
    await scene.lab.setLink("gamma", "down");
    try {
      const begun = Date.now();
      const { code, drift } = await status();
      assert.equal(code, 2);
      assert.match(
        drift["gamma"] ?? "",
        new RegExp(`its hop first \\(root@${address("delta")}:22\\) opened no way to ${address("gamma")}:22`),
      );
      assert(Date.now() - begun < 30_000);
    } finally {
      await scene.lab.setLink("gamma", "up");
    }
  });

  it("takes everything away again by the same way", async () => {
    write(`${alpha()}${behind("first")}Host first\n  HostName ${address("delta")}\n${common()}`);
    await scene.destroy();
  });
});
