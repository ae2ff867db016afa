/** D: hosts that are not as most are. Refused before anything is risked, with the place and the reason, or it works. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.js";
import { converge, remove } from "../../provider/engine/converge.js";
import { Rollout } from "../../provider/engine/rollout.js";
import { Hosts } from "../../provider/host/hosts.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";

const daemonJson = "/etc/docker/daemon.json";

describe("D: a host of another kind", function () {
  this.timeout(300_000);
  let lab: Lab;
  const alpha = () => lab.host("alpha");

  before(async () => {
    lab = await Lab.up({
      prefix: "atvar",
      hosts: [{ name: "alpha", image: "docker28+e2fsprogs+fish+tcsh" }],
    });
    await alpha().run(`echo '{ "log-level": "info" }' >${daemonJson}; cp -a /etc/docker /srv/docker-before`);
  });
  after(() => lab?.down());

  /** Does for docker0 as a first up, or a destroy, does. */
  async function bridge(verb: "make" | "remove", user = "root"): Promise<void> {
    const { privateKeyFile, knownHostsFile } = lab;
    const connection = JSON.stringify({ privateKeyFile, knownHostsFile, dialErrorLimit: 1 });
    const hosts = new Hosts(
      (key) => (key === "dockroute:connection" ? connection : undefined),
      () => {},
    );
    const inputs = { host: "alpha", endpoint: `${user}@${alpha().address}:22`, bip: "172.30.1.1/24" };
    const host = hosts.get("alpha", inputs.endpoint);
    try {
      if (verb === "make") await converge(dockerBridge, inputs, host, new Rollout(1));
      else await remove(dockerBridge, inputs, host, new Rollout(1), () => {});
    } finally {
      await hosts.close();
    }
  }
  const messageOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => assert.fail("it went well"),
      (error: unknown) => String(error),
    );
  /** dockerd, its file and docker0: they must be the same after a refusal. */
  const standing = () =>
    alpha().run(
      `systemctl show docker -p MainPID; stat -L -c '%a %u:%g' ${daemonJson}; cat ${daemonJson}; ip -4 -o addr show docker0; ls -A /etc/docker; ls -d /etc/dockroute /run/dockroute.lock 2>&1 || :`,
    );

  /** Nothing came of it but the things that the message names; `undo` brings the host back as before. */
  async function refused(spoil: string, undo: string, ...words: readonly RegExp[]): Promise<void> {
    await alpha().run(spoil);
    try {
      const before = await standing();
      const message = await messageOf(bridge("make"));
      for (const word of words) assert.match(message, word);
      const after = await standing();
      // A change that was begun restarts nothing, or Docker with its old file.
      assert.equal(after.replace(/MainPID=\d+/, ""), before.replace(/MainPID=\d+/, ""), message);
      assert.equal(after.split("\n")[0], before.split("\n")[0], "Docker was restarted");
    } finally {
      await alpha().run(undo);
    }
  }

  it("D1: root has no need of sudo, another user has it without a password", async () => {
    await alpha().run("chmod 0 /usr/bin/sudo");
    await bridge("make").finally(() => alpha().run("chmod 4755 /usr/bin/sudo"));
    await bridge("remove", "admin");
    assert.doesNotMatch(await alpha().run("ip -4 addr show docker0"), /172\.30\./);
  });

  const sudoers = "/etc/sudoers.d/variety";
  const sudo: readonly (readonly [what: string, spoil: string, undo: string, said: RegExp])[] = [
    [
      "wants a password",
      `echo 'admin ALL=(ALL) PASSWD: ALL' >${sudoers}`,
      `rm ${sudoers}`,
      /no root shell.*password.*NOPASSWD/s,
    ],
    [
      "wants a terminal and a password",
      `printf 'Defaults requiretty\\nadmin ALL=(ALL) PASSWD: ALL\\n' >${sudoers}`,
      `rm ${sudoers}`,
      /no root shell.*(tty|password).*NOPASSWD/s,
    ],
    [
      "sudo is not there",
      "chmod 0 /usr/bin/sudo",
      "chmod 4755 /usr/bin/sudo",
      /no root shell.*sudo.*NOPASSWD/s,
    ],
    [
      "the password has expired",
      "chage -d 0 admin",
      "chage -d 20000 admin",
      /no root shell.*password.*Give admin a new password/is,
    ],
  ];
  for (const [what, spoil, undo, said] of sudo) {
    it(`D2: ${what}: said at once, nothing hangs`, async () => {
      await alpha().run(spoil);
      const began = Date.now();
      const message = await messageOf(bridge("make", "admin")).finally(() => alpha().run(undo));
      assert.match(message, /^Unreachable: alpha \(admin@/);
      assert.match(message, said);
      assert.ok(Date.now() - began < 30_000, `${Date.now() - began} ms`);
    });
  }

  it("D4: Docker is stopped: said before anything is touched", async () => {
    await alpha().run("systemctl stop docker.socket docker.service");
    const message = await messageOf(bridge("make")).finally(() =>
      alpha().run("systemctl start docker.service"),
    );
    assert.match(
      message,
      /alpha\/bridge cannot be changed now: Docker does not answer here.*Nothing was changed/,
    );
    assert.equal((await alpha().exec("test -e /etc/dockroute")).code, 1);
  });

  it("D4: there is no docker: said before anything is touched", async () => {
    await alpha().run("chmod 0 /usr/bin/docker");
    const message = await messageOf(bridge("make")).finally(() => alpha().run("chmod 755 /usr/bin/docker"));
    assert.match(message, /Docker does not answer here: is it installed/);
  });

  it("D5: daemon.json is a symbolic link: it stays one, and its target is written and restored", async () => {
    await alpha().run(
      `mkdir -p /srv/conf; cp -a ${daemonJson} /srv/conf/daemon.json; ln -sf /srv/conf/daemon.json ${daemonJson}; chmod 640 /srv/conf/daemon.json`,
    );
    const before = await alpha().run("cat /srv/conf/daemon.json; stat -c '%a %u:%g' /srv/conf/daemon.json");
    await bridge("make");
    assert.equal((await alpha().run(`readlink ${daemonJson}`)).trim(), "/srv/conf/daemon.json");
    assert.match(await alpha().run("cat /srv/conf/daemon.json"), /"bip": ?"172\.30\.1\.1\/24"/);
    await bridge("remove");
    assert.equal(
      await alpha().run("cat /srv/conf/daemon.json; stat -c '%a %u:%g' /srv/conf/daemon.json"),
      before,
    );
    await alpha().run(`rm ${daemonJson}; cp -a /srv/docker-before/daemon.json ${daemonJson}`);
  });

  it("D5: daemon.json is a mount of its own: refused before the restart, by its path", () =>
    refused(
      `cp -a ${daemonJson} /srv/own.json; mount --bind /srv/own.json ${daemonJson}`,
      `umount ${daemonJson}`,
      /could not make sure that daemon\.json can be replaced.*\/etc\/docker\/daemon\.json is a mount of its own/s,
      /Nothing was changed\./,
    ));

  it("D5: daemon.json is immutable: refused before the restart, by its path", () =>
    refused(
      `chattr +i ${daemonJson}`,
      `chattr -i ${daemonJson}`,
      /could not make sure that daemon\.json can be replaced.*\/etc\/docker\/daemon\.json.*not permitted/s,
      /Nothing was changed\./,
    ));

  it("D5: /etc/docker cannot be written to: refused before the restart, by its path", () =>
    refused(
      "mount --bind /etc/docker /etc/docker; mount -o remount,ro,bind /etc/docker",
      "umount /etc/docker",
      /\/etc\/docker.*Read-only file system/s,
      /Nothing was changed\./,
    ));

  it("D5: /etc cannot be written to: refused before anything is touched", () =>
    refused(
      "mount --bind /etc /etc; mount -o remount,ro,bind /etc",
      "umount -l /etc",
      /\/etc\/docker.*Read-only file system.*Nothing was changed\./s,
    ));

  it("D6: the disk is full where daemon.json lies: the old file is byte for byte there, and nothing beside it", () =>
    refused(
      "cp -a /etc/docker/. /srv/full; mount -t tmpfs -o size=8k,nr_inodes=9 none /etc/docker; cp -a /srv/full/daemon.json /etc/docker/; head -c 9000 /dev/zero >/etc/docker/ballast || :",
      "umount /etc/docker",
      /No space left on device.*in \/etc\/docker/s,
      /Nothing was changed\./,
    ));

  const chatter =
    'echo noise; printf \'\\033[2J{"not":"ours"}\'; echo more noise >&2; export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8';
  for (const [what, spoil, undo] of [
    [
      "bash that talks before it is asked",
      `cp -a /root/.bashrc /srv/bashrc; printf '%s\\n' "${chatter.replaceAll('"', '\\"').replaceAll("$", "\\$")}" >/root/.bashrc`,
      "cp -a /srv/bashrc /root/.bashrc",
    ],
    ["plain sh", "usermod -s /bin/sh root", "usermod -s /bin/bash root"],
    ["fish", "usermod -s /usr/bin/fish root", "usermod -s /bin/bash root"],
    ["csh", "usermod -s /bin/tcsh root", "usermod -s /bin/bash root"],
  ] as const) {
    it(`D7: root's shell is ${what}: it works`, async () => {
      await alpha().run(spoil);
      await bridge("make").finally(() => alpha().run(undo));
      assert.match(await alpha().run("ip -4 addr show docker0"), /172\.30\.1\.1\/24/);
      await bridge("remove");
    });
  }

  it("E5: a docker0 that was given its address by hand is adopted without a restart, and stays so", async () => {
    const written = '{ "log-level": "info", "bip": "172.30.1.1/24" }';
    await alpha().run(`echo '${written}' >${daemonJson}; systemctl restart docker`);
    const before = await standing();
    await bridge("make");
    const own = (text: string) => text.split("\n").filter((line) => !line.includes("dockroute"));
    assert.deepEqual(own(await standing()), own(before));
    await bridge("remove");
    assert.equal(await standing(), before);
    await alpha().run(`cp -a /srv/docker-before/daemon.json ${daemonJson}; systemctl restart docker`);
  });

  it("D7: a shell that lets nobody in is said to be one", async () => {
    await alpha().run("usermod -s /usr/sbin/nologin admin");
    const message = await messageOf(bridge("make", "admin")).finally(() =>
      alpha().run("usermod -s /bin/bash admin"),
    );
    assert.match(message, /no root shell.*not available.*Give admin a login shell/s);
  });

  const files: readonly (readonly [what: string, text: string | undefined])[] = [
    ["with CRLF and tabs", '{\r\n\t"debug": true\r\n}\r\n'],
    ["in one line", '{"debug":true}'],
    ["that is empty", ""],
    ["that is not there", undefined],
  ];
  for (const [what, text] of files) {
    it(`D9: a daemon.json ${what} has every byte back after destroy`, async () => {
      await alpha().run(text === undefined ? `rm -f ${daemonJson}` : `cat >${daemonJson}`, {
        input: text ?? "",
      });
      // The lab's Docker needs the keys of its file; its driver is found without.
      await bridge("make");
      assert.match(await alpha().run(`cat ${daemonJson}`), /"bip": ?"172\.30\.1\.1\/24"/);
      await bridge("remove");
      const left = await alpha().exec(["cat", daemonJson]);
      assert.equal(left.code === 0 ? left.stdout : undefined, text);
    });
  }

  for (const [what, text] of [
    ["with comments", '{ // mine\n"debug": true }'],
    ["with a byte order mark", '\ufeff{"debug":true}'],
    ["with a key twice", '{"debug":true,"debug":false}'],
  ] as const) {
    it(`D9: a daemon.json ${what}, with which Docker would not start, is refused as it stands`, async () => {
      await alpha().run(`cat >${daemonJson}`, { input: text });
      const message = await messageOf(bridge("make"));
      assert.match(
        message,
        /Refused: alpha: alpha\/bridge was refused, nothing was changed:\n - bip: \/etc\/docker\/daemon\.json (is not plain JSON|has the key "debug" twice).*by hand first/,
      );
      assert.equal(await alpha().run(`cat ${daemonJson}`), text);
      await alpha().run(`cp -a /srv/docker-before/daemon.json ${daemonJson}`);
    });
  }
});
