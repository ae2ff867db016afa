/** The dockerd of docker.service, as hosts described it: Debian's docker.io and Docker's own packages. */
import assert from "node:assert/strict";
import { dockerd as dockerdFact, isOff, setting } from "../../../provider/facts/dockerd.js";
import { listens, otherDaemon } from "../../../provider/facts/dockerd-sockets.js";
import { images, readFrom, said, shown } from "../../support/recorded.js";

const own = "/etc/systemd/system/docker.service.d/own.conf";

/** Debian's docker.io with flags from /etc/default/docker. */
const byDefaults = `MainPID=659
EnvironmentFiles=/etc/default/docker (ignore_errors=yes)
FragmentPath=/usr/lib/systemd/system/docker.service
DropInPaths=

Listen=/run/docker.sock (Stream)
FragmentPath=/usr/lib/systemd/system/docker.socket
DropInPaths=
flag=--bip /etc/default/docker
flag=--iptables /etc/default/docker
flag=-H /usr/lib/systemd/system/docker.service
flag=--containerd /usr/lib/systemd/system/docker.service
flag=-s /usr/lib/systemd/system/docker.service
argv=/usr/sbin/dockerd
argv=-H
argv=fd://
argv=--containerd=/run/containerd/containerd.sock
argv=--bip
argv=172.20.0.1/24
argv=--iptables=false
`;

/** The same package with a drop-in that takes flags from a second file. */
const byDropIn = `MainPID=702
EnvironmentFiles=/etc/default/docker (ignore_errors=yes)
EnvironmentFiles=/etc/sysconfig/docker (ignore_errors=yes)
FragmentPath=/usr/lib/systemd/system/docker.service
DropInPaths=${own}

Listen=/run/docker.sock (Stream)
FragmentPath=/usr/lib/systemd/system/docker.socket
DropInPaths=
flag=--fixed-cidr /etc/sysconfig/docker
flag=--live-restore /etc/sysconfig/docker
flag=-H /usr/lib/systemd/system/docker.service
flag=--containerd /usr/lib/systemd/system/docker.service
flag=-s /usr/lib/systemd/system/docker.service
flag=-H ${own}
flag=--containerd ${own}
argv=/usr/sbin/dockerd
argv=-H
argv=fd://
argv=--containerd=/run/containerd/containerd.sock
argv=--live-restore
argv=--fixed-cidr=172.17.5.0/24
`;

const settingsOf = (text: string, file?: string) => ({
  dockerd: readFrom(dockerdFact, said(text)),
  file: { text: file },
});
/** A dockerd with these words on its command line. */
const running = (words: string, more = "") =>
  ["MainPID=7", "Listen=/run/docker.sock (Stream)", "argv=/usr/bin/dockerd", more]
    .concat(words.split(" ").map((word) => `argv=${word}`))
    .join("\n");

describe("dockerd", () => {
  for (const image of images) {
    it(`runs on ${image} with the flags of its unit, and is the one that docker asks`, () => {
      const dockerd = shown(image, "fresh", dockerdFact);
      assert.equal(dockerd.state, "runs");
      assert.deepEqual(dockerd.flags.get("host")?.values, ["fd://"]);
      assert.match(dockerd.flags.get("host")?.file ?? "", /\/lib\/systemd\/system\/docker\.service$/);
      assert.deepEqual(dockerd.sockets, ["unix:///run/docker.sock"]);
      const file = {};
      assert.deepEqual(listens({ dockerd, file }), ["unix:///run/docker.sock"]);
      assert.equal(otherDaemon({ dockerd, file }), undefined);
      assert.ok(!isOff("iptables", { dockerd, file }));
    });
  }

  it("has each flag with the file that holds it, the last one where several do", () => {
    assert.deepEqual(setting("bip", settingsOf(byDefaults)), {
      values: ["172.20.0.1/24"],
      text: "--bip=172.20.0.1/24",
      place: "/etc/default/docker",
    });
    const { dockerd } = settingsOf(byDropIn);
    assert.deepEqual(
      [...dockerd.flags].map(([name, { file }]) => [name, file]),
      [
        ["host", own],
        ["containerd", own],
        ["live-restore", "/etc/sysconfig/docker"],
        ["fixed-cidr", "/etc/sysconfig/docker"],
      ],
    );
  });

  const read: readonly (readonly [words: string, name: string, values: readonly unknown[], text: string])[] =
    [
      ["--bip=172.17.0.1/16", "bip", ["172.17.0.1/16"], "--bip=172.17.0.1/16"],
      ["--bip 172.17.0.1/16", "bip", ["172.17.0.1/16"], "--bip=172.17.0.1/16"],
      ["-b none", "bridge", ["none"], "-b=none"],
      [
        "-Hfd:// -H tcp://0.0.0.0:2375",
        "host",
        ["fd://", "tcp://0.0.0.0:2375"],
        "-H=fd:// -H=tcp://0.0.0.0:2375",
      ],
      ["--live-restore --bip 10.0.0.1/8", "live-restore", [true], "--live-restore"],
      ["--live-restore --bip 10.0.0.1/8", "bip", ["10.0.0.1/8"], "--bip=10.0.0.1/8"],
      ["--ip-masq=false", "ip-masq", [false], "--ip-masq=false"],
      ["--bip=", "bip", [""], "--bip="],
    ];
  for (const [words, name, values, text] of read) {
    it(`reads ${name} of ${words}`, () => {
      const found = setting(name, settingsOf(running(words)));
      assert.deepEqual([found?.values, found?.text], [values, text]);
      assert.equal(found?.place, "the command line of the dockerd that runs");
    });
  }

  it("has a key of daemon.json as it has the flag, and the flag first", () => {
    const keys = '{"iptables":false,"dns":["10.0.0.1","10.0.0.2"],"hosts":["tcp://:1"]}';
    const { values, place } = setting("dns", settingsOf(running("-D"), keys)) ?? assert.fail("dns is set");
    assert.deepEqual([values, place], [["10.0.0.1", "10.0.0.2"], "/etc/docker/daemon.json"]);
    assert.deepEqual(setting("host", settingsOf("", keys))?.values, ["tcp://:1"]);
    assert.equal(setting("bip", settingsOf(running("-D"), keys)), undefined);
    for (const [words, file, off] of [
      ["-D", keys, true],
      ["--iptables=false", "{}", true],
      ["--iptables=F", "{}", true],
      ["--iptables", keys, false],
      ["--iptables=1", "{}", false],
      ["-D", "{}", false],
    ] as const) {
      assert.equal(isOff("iptables", settingsOf(running(words), file)), off, words);
    }
    assert.ok(isOff("iptables", settingsOf(byDefaults)));
  });

  const second = { by: "DOCKER_HOST", endpoint: "unix:///run/second.sock" };
  const asked: readonly (readonly [what: string, words: string, more: string, other: unknown])[] = [
    ["the socket of systemd", "-H fd://", "", undefined],
    ["no flag", "-D", "", undefined],
    ["its socket's other name", "-H fd://", "DOCKER_HOST=unix:///var/run/docker.sock", undefined],
    [
      "a port that the daemon has",
      "-H fd:// -H tcp://0.0.0.0:2375",
      "DOCKER_HOST=tcp://localhost:2375",
      undefined,
    ],
    ["another socket", "-H fd://", "DOCKER_HOST=unix:///run/second.sock", second],
    [
      "a second socket of the daemon",
      "-H fd:// -H unix:///run/second.sock",
      "DOCKER_HOST=unix:///run/second.sock",
      undefined,
    ],
    [
      "another machine by a context",
      "-H fd://",
      "context=remote tcp://10.1.1.1:2375",
      { by: 'the context "remote"', endpoint: "tcp://10.1.1.1:2375" },
    ],
    [
      "a daemon elsewhere alone",
      "-H tcp://127.0.0.1:1",
      "",
      { by: "", endpoint: "unix:///var/run/docker.sock" },
    ],
  ];
  for (const [what, words, more, other] of asked) {
    it(`is ${other === undefined ? "" : "not "}the daemon that docker asks: ${what}`, () => {
      assert.deepEqual(otherDaemon(settingsOf(running(words, more))), other);
    });
  }

  it("listens on the addresses of systemd's socket units, as far as they are known", () => {
    const two =
      "MainPID=7\nListen=/run/docker.sock (Stream)\nListen=[::]:2375 (Stream)\nargv=x\nargv=-H\nargv=fd://";
    assert.deepEqual(listens(settingsOf(two)), ["unix:///run/docker.sock", "tcp://[::]:2375"]);
    assert.equal(otherDaemon(settingsOf(`${two}\nDOCKER_HOST=tcp://127.0.0.1:2375`)), undefined);
    assert.equal(otherDaemon(settingsOf("MainPID=7\nargv=x\nargv=-H\nargv=fd://")), undefined);
  });

  it("is not started by docker.service where that has neither process nor socket", () => {
    assert.equal(otherDaemon(settingsOf("MainPID=0\nListen=/run/docker.sock (Stream)")), undefined);
    assert.equal(otherDaemon(settingsOf("MainPID=0\n")), "not docker.service");
    assert.equal(otherDaemon(settingsOf("")), undefined);
  });
});
