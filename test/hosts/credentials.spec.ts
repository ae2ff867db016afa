import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "ssh2";
import { run } from "../../lab/run.js";
import { Site } from "../support/site.js";
import { meshConfig, type Ran, type Stack } from "../support/stack.js";

const password = "pass-W0rd-of-alpha";
const passphrase = "phrase-0f-the-key";

/** Every way to log in works on a host as it is, and no secret is seen anywhere. */
describe("credentials", () => {
  let site: Site;
  let stack: Stack;
  let hostKey: string;

  before(async () => {
    site = await Site.up("t2d", { alpha: "docker26" }, { boxes: false });
    const alpha = site.lab.host("alpha");
    hostKey = readFileSync(join(alpha.root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
    await alpha.run(
      "printf 'PasswordAuthentication yes\\nPort 22\\nPort 2222\\n' > /etc/ssh/sshd_config.d/test.conf",
    );
    await alpha.run(["sh", "-c", `echo 'admin:${password}' | chpasswd; systemctl restart ssh`]);
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", file("locked")]);
    await alpha.run(["sh", "-c", "cat >> /home/admin/.ssh/authorized_keys"], {
      input: readFileSync(file("locked.pub")),
    });
    stack = await site.stack("credentials", configOf({}));
  });
  after(() => site?.down());

  const ways: Readonly<Record<string, () => [plain: object, secrets: Record<string, string>]>> = {
    "a key file, as root": () => [{ privateKeyFile: site.lab.privateKeyFile }, {}],
    "a key's text, as another user with sudo": () => [
      { user: "admin" },
      { privateKey: readFileSync(site.lab.privateKeyFile, "utf8") },
    ],
    "an encrypted key, at another port": () => [
      { user: "admin", port: 2222, privateKeyFile: file("locked") },
      { privateKeyPassword: passphrase },
    ],
    "a password, at another port": () => [{ user: "admin", port: 2222 }, { password }],
  };

  for (const [way, parts] of Object.entries(ways)) {
    it(`D3, I6: log in with ${way}`, async () => {
      const [plain, secrets] = parts();
      await configure({ hostKey, ...plain }, secrets);
      const watching = watch();
      // Not with -v=9: there Pulumi's engine itself writes the stack's config for a dynamic provider in the clear.
      const up = await stack.up();
      const seen = await watching();
      assert.equal(up.code, 0, up.text.slice(-3000));
      assert.doesNotMatch(up.text, /not reached/);
      const places = { output: up.text, state: await stack.export(), "process lists": seen };
      for (const secret of [password, passphrase, keyText()]) {
        for (const [place, text] of Object.entries(places)) {
          assert.ok(!text.includes(secret), `${secret.slice(0, 8)}... is in the ${place}`);
        }
      }
      assert.ok(seen.includes("pulumi up"), "the process lists were seen");
    });
  }

  it("D3: log in with an agent", async () => {
    const socket = file("agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      await run([
        "sh",
        "-c",
        `until [ -S ${socket} ]; do sleep 0.1; done; SSH_AUTH_SOCK=${socket} ssh-add -q ${site.lab.privateKeyFile}`,
      ]);
      await configure({ hostKey, agentSocketPath: socket }, {});
      const up = await stack.up();
      assert.equal(up.code, 0, up.text);
      assert.doesNotMatch(up.text, /not reached/);
    } finally {
      agent.kill();
    }
  });

  it("are refused at preview where they are no Pulumi secrets", async () => {
    const open = { password, privateKey: keyText(), privateKeyPassword: passphrase };
    stack.configure(configOf({ hostKey, ...open }));
    const preview = await stack.preview();
    assert.notEqual(preview.code, 0);
    for (const name of Object.keys(open)) {
      assert.match(preview.text, new RegExp(`dockroute:connection\\.${name}: is not a Pulumi secret`));
    }
    assert.ok(!preview.text.includes(password) && !preview.text.includes(passphrase));
  });

  it("F3: are kept from a machine with an unknown or another key", async () => {
    const attempts: string[] = [];
    const server = new Server({ hostKeys: [readFileSync(file("impostor", await impostor()))] }, (client) => {
      client.on("authentication", (context) => {
        attempts.push(context.method);
        context.reject();
      });
      client.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const at = { host: "127.0.0.1", port, user: "admin", dialErrorLimit: 1 };
    const known = file("known");
    try {
      writeFileSync(known, "");
      await configure({ ...at, knownHostsFile: known }, { password });
      refused(await stack.preview(), /not known: no line for \[127\.0\.0\.1\]/);
      writeFileSync(known, `[127.0.0.1]:${port} ${hostKey}\n`);
      refused(await stack.preview(), /but known for \[127\.0\.0\.1\].*is/);
      await configure({ ...at, hostKey }, { password });
      refused(await stack.preview(), /host key/);
      assert.deepEqual(attempts, []);
      // The same machine with its own key as the pinned one is asked: the test sees attempts where there are any.
      const own = readFileSync(file("impostor.pub"), "utf8").split(" ").slice(0, 2).join(" ");
      await configure({ ...at, hostKey: own }, { password });
      await stack.preview();
      assert.notDeepEqual(attempts, []);
    } finally {
      server.close();
    }
  });

  const file = (name: string, _made?: unknown) => join(site.folder, name);
  const keyText = () => readFileSync(site.lab.privateKeyFile, "utf8").split("\n")[2] ?? "";
  const impostor = () => run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file("impostor")]);

  function configOf(connection: object) {
    return { ...meshConfig(site.lab), connection };
  }

  async function configure(plain: object, secrets: Record<string, string>): Promise<void> {
    stack.configure(configOf(plain));
    for (const [name, value] of Object.entries(secrets)) {
      const words = [
        "config",
        "set",
        "--secret",
        "--path",
        `dockroute:connection.${name}`,
        "--stack",
        stack.name,
      ];
      const set = await stack.pulumi([...words, "--config-file", stack.configFile], {}, value);
      assert.equal(set.code, 0, set.text);
    }
  }

  /** The process lists of this machine and of the host until it is called. */
  function watch(): () => Promise<string> {
    const lists: string[] = [];
    const timer = setInterval(async () => {
      // The client's list shows the lab's hosts too: they are processes of this machine.
      lists.push(await run(["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || :"]));
    }, 150);
    return async () => {
      clearInterval(timer);
      return lists.join("\n");
    };
  }
});

function refused(ran: Ran, reason: RegExp): void {
  assert.match(ran.text, reason);
  assert.match(ran.text, /not reached/);
}
