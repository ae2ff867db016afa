/** Kind 11, certificates of users and of hosts: ssh2 knows none, and the advice of each refusal leads in. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import { sleep } from "../../lab/run.js";
import { addToList, commandIn, compare, Person } from "../support/advice.js";
import { sceneOf } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 11: hosts that trust certificates", () => {
  let scene: Scene;
  let host: Host;
  let person: Person;
  let key: string;
  const keys = "/root/.ssh/authorized_keys";

  before(async () => {
    scene = await sceneOf("k11c", [{ name: "alpha", image: "docker26" }]);
    host = scene.lab.host("alpha");
    person = new Person(scene, host);
    key = person.file("keys/work", readFileSync(scene.lab.privateKeyFile, "utf8"));
    copyFileSync(`${scene.lab.privateKeyFile}.pub`, `${key}.pub`);
    await person.types(
      `cd ~/keys && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I work -n root work.pub`,
    );
    await host.run("cat > /etc/ssh/user_ca.pub", { input: readFileSync(join(person.home, "keys/ca.pub")) });
    await sshd("TrustedUserCAKeys /etc/ssh/user_ca.pub");
  });
  after(async () => {
    person?.strike();
    await scene?.strike();
  });
  beforeEach(() => host.run(`: > ${keys}`));

  const sshd = (...lines: readonly string[]) =>
    host.run("cat > /etc/ssh/sshd_config.d/case.conf && systemctl reload ssh && sleep 0.3", {
      input: `${lines.join("\n")}\n`,
    });
  const known = () => scene.lab.knownHostsFile;

  it("with a key in a file, its certificate beside it: the key itself gets in by the command that is named", async () => {
    await person.types(
      `ssh -F none -i ${key} -o BatchMode=yes -o UserKnownHostsFile=${known()} root@${host.address} true`,
    );
    person.logsIn({ privateKeyFile: key, knownHostsFile: known() });
    const refusal = await person.refusal(
      /work-cert\.pub is not offered, because dockroute cannot use certif/,
    );
    await person.types(commandIn(refusal, "ssh-keygen -y"));
    await person.getsIn();
  });

  describe("with an agent", () => {
    let agent: ChildProcess;
    let socket: string;
    beforeEach(async () => {
      socket = join(person.home, "agent");
      agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      while (!existsSync(socket)) await sleep(20);
      await person.types(`SSH_AUTH_SOCK=${socket} ssh-add -q ${key}`);
      person.logsIn({ agentSocketPath: socket, knownHostsFile: known() });
    });
    afterEach(async () => {
      agent.kill();
      await person.types(`rm -f ${socket}`);
    });

    it("that holds key and certificate: the same", async () => {
      const refusal = await person.refusal(
        /of the agent is not offered, because dockroute cannot use certif/,
      );
      await person.types(commandIn(refusal, "echo"));
      await person.getsIn();
    });

    it("that signs for the certificate alone: another key", async () => {
      await person.types(
        `cp ${key}.pub ~/alone.pub && SSH_AUTH_SOCK=${socket} ssh-add -q -d ~/alone.pub && SSH_AUTH_SOCK=${socket} ssh-add -L`,
      );
      const refusal = await person.refusal(/Make a key of its own: /);
      await person.types("mkdir -p ~/.ssh");
      await person.types(commandIn(refusal, "ssh-keygen -t"));
      await person.types(commandIn(refusal, "ssh -o"));
      const [, name = "", path = ""] = commandIn(refusal, "privateKeyFile").match(/^(\w+): (\S+)$/) ?? [];
      person.logsIn({ [name]: path, knownHostsFile: known() });
      await person.getsIn();
    });
  });

  describe("of the host, by @cert-authority", () => {
    const file = () => join(person.home, "known");
    before(async () => {
      const own = person.file("keys/host.pub", await host.run("cat /etc/ssh/ssh_host_ed25519_key.pub"));
      await person.types(`cd ~/keys && ssh-keygen -q -s ca -h -I alpha -n ${host.address} ${own}`);
      await host.run("cat > /etc/ssh/ssh_host_ed25519_key-cert.pub", {
        input: readFileSync(join(person.home, "keys/host-cert.pub")),
      });
      person.file("known", `@cert-authority * ${readFileSync(join(person.home, "keys/ca.pub"), "utf8")}`);
      await sshd("HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub");
    });
    beforeEach(async () => {
      await host.run(`cat > ${keys}`, { input: readFileSync(`${key}.pub`) });
      person.logsIn({ privateKeyFile: key, knownHostsFile: file() });
      const options = "-F none -o BatchMode=yes -o StrictHostKeyChecking=yes";
      await person.types(
        `ssh ${options} -i ${key} -o UserKnownHostsFile=${file()} root@${host.address} true`,
      );
    });

    it("its key itself is learned by the command that is named", async () => {
      const refusal = await person.refusal(
        /authority at \S+known:1 does not count, because dockroute cannot check/,
      );
      await compare(host, refusal);
      await person.types(commandIn(refusal, "ssh-keyscan"));
      await person.getsIn();
    });

    it("a host that shows nothing but the certificate: it shows its key too by the list that is named", async () => {
      await sshd(
        "HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub",
        "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com",
      );
      const refusal = await person.refusal(/allows only algorithms that dockroute does not know/);
      await addToList(host, refusal);
      await person.getsIn();
      assert.match(
        await host.run("sshd -T | grep -i ^hostkeyalgorithms"),
        /cert-v01@openssh\.com,ssh-ed25519$/m,
      );
    });
  });
});
