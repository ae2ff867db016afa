/** Kind 11, servers with few algorithms, login shells that print, and sudo that asks for a password. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Host } from "../../lab/host.js";
import { addToList, Person } from "../support/advice.js";
import { sceneOf } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

/** The lists of algorithms: a server allows one of each alone. */
const works: Readonly<Record<string, readonly string[]>> = {
  "chacha20-poly1305": ["Ciphers chacha20-poly1305@openssh.com"],
  "aes256-gcm": ["Ciphers aes256-gcm@openssh.com"],
  "curve25519, without the name of a library": ["KexAlgorithms curve25519-sha256"],
  "ed25519, for itself and for users": [
    "HostKeyAlgorithms ssh-ed25519",
    "PubkeyAcceptedAlgorithms ssh-ed25519",
    "CASignatureAlgorithms ssh-ed25519",
  ],
  "ciphers in counter mode with encrypt-then-mac": [
    "Ciphers aes256-ctr",
    "MACs hmac-sha2-512-etm@openssh.com",
  ],
  "what a hardening guide lists": [
    "KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,diffie-hellman-group16-sha512",
    "Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
    "MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512",
  ],
};
const refused: Readonly<Record<string, readonly string[]>> = {
  sntrup761: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"],
  mlkem768: ["KexAlgorithms mlkem768x25519-sha256"],
  "umac, with a cipher in counter mode": ["Ciphers aes256-ctr", "MACs umac-128-etm@openssh.com"],
  "ciphers in block mode": ["Ciphers aes256-cbc,aes128-cbc"],
};

describe("kind 11: servers and shells as people have them", () => {
  let scene: Scene;
  let host: Host;
  let person: Person;
  const root = () => ({
    privateKeyFile: scene.lab.privateKeyFile,
    knownHostsFile: scene.lab.knownHostsFile,
  });

  before(async () => {
    scene = await sceneOf("k11s", [{ name: "alpha", image: "docker26" }]);
    host = scene.lab.host("alpha");
    person = new Person(scene, host);
  });
  after(async () => {
    person?.strike();
    await scene?.strike();
  });

  describe("a server that allows only", () => {
    const file = "/etc/ssh/sshd_config.d/hardened.conf";
    const sshd = (lines: readonly string[]) =>
      host.run(`cat > ${file} && sshd -t && systemctl reload ssh && sleep 0.3`, {
        input: `${lines.join("\n")}\n`,
      });
    beforeEach(() => person.logsIn(root()));
    after(() => host.run(`rm ${file} && systemctl reload ssh`));

    for (const [what, lines] of Object.entries(works)) {
      it(`${what}: works`, async () => {
        await sshd(lines);
        await person.getsIn();
      });
    }

    for (const [what, lines] of Object.entries(refused)) {
      it(`${what}: works once what the refusal names is added to its list`, async () => {
        await sshd(lines);
        const refusal = await person.refusal(/its sshd allows only algorithms that dockroute does not know/);
        await addToList(host, refusal);
        await person.getsIn();
      });
    }
  });

  it("a login shell that prints, at each login and before each command: an up and a destroy", async () => {
    const chatty = "/usr/local/bin/chatty";
    await host.run(`cat > ${chatty}; chmod 755 ${chatty}; usermod -s ${chatty} root`, {
      input: [
        "#!/bin/bash",
        "echo Welcome to alpha, you have 3 new mails",
        "printf '\\033[31mred\\033[0m without a line end'",
        "echo 'stty: standard input: Inappropriate ioctl for device' >&2",
        'exec /bin/bash "$@"',
      ].join("\n"),
    });
    await host.run("cat - /root/.bashrc > /root/new && mv /root/new /root/.bashrc", {
      input: 'echo from a .bashrc; echo \'{"not": "ours"}\'; echo loud >&2\n',
    });
    assert.match((await host.ssh("true")).stdout, /3 new mails[\s\S]*from a \.bashrc/);
    person.logsIn(root());
    await scene.up();
    assert.match(await host.run("ip -4 -o addr show docker0"), /172\.30\.0\.1\/24/);
    await scene.destroy();
    assert.match(await host.run("ip -4 -o addr show docker0"), /172\.17\.0\.1\/16/);
  });

  for (const [what, defaults] of [
    ["sudo with a password", ""],
    ["sudo with a password that also wants a terminal", "Defaults requiretty\n"],
  ] as const) {
    it(`${what}: works with the line in the file that the refusal names`, async () => {
      // The administrator's own file comes late in the alphabet, and the last rule counts.
      await host.run("rm -f /etc/sudoers.d/*; cat > /etc/sudoers.d/people; chmod 440 /etc/sudoers.d/people", {
        input: `${defaults}admin ALL=(ALL:ALL) ALL\n`,
      });
      await host.run("echo admin:hunter2 | chpasswd; cat > /home/admin/.ssh/authorized_keys", {
        input: readFileSync(`${scene.lab.privateKeyFile}.pub`),
      });
      person.logsIn({ ...root(), user: "admin" });
      const refusal = await person.refusal(/the login gives no root shell/);
      const [, rules = "", file = ""] = /without a password: (".+") in (\S+)\.(?: |$)/.exec(refusal) ?? [];
      const text = [...rules.matchAll(/"([^"]+)"/g)].map(([, line]) => `${line}\n`).join("");
      await host.run(["sh", "-c", 'cat > "$1"; visudo -cf "$1"', "sh", file], { input: text });
      await person.getsIn();
    });
  }
});
