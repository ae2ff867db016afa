/** Settings of dockerd that cannot stand beside a bridge's keys, in the words that a person reads. */
import assert from "node:assert/strict";
import { dockerd as dockerdFact } from "../../../provider/facts/dockerd.js";
import type { BridgeSeen } from "../../../provider/resources/bridge/index.js";
import { readFrom, said } from "../../support/recorded.js";
import { daemonJson, disruptive, fresh, refusals, wish } from "../../support/recorded-bridge.js";

const dropIn = "/etc/systemd/system/docker.service.d/bridge.conf";
const restartAnew = "remove the flag, then run `systemctl daemon-reload` and `systemctl restart docker`";

/** A host whose dockerd has these words on its command line, each flag in the drop-in. */
function flagged(words: string, more: readonly string[] = [], keys = "{}"): BridgeSeen {
  const argv = words.split(" ");
  const flags = argv.filter((word) => word.startsWith("-")).map((word) => word.replace(/=.*/, ""));
  const lines = [
    "MainPID=7",
    ...["Listen=/run/docker.sock (Stream)", ...flags.map((word) => `flag=${word} ${dropIn}`)],
    ...["argv=/usr/bin/dockerd", ...argv.map((word) => `argv=${word}`), ...more],
  ];
  return {
    ...fresh,
    file: { ...fresh.file, text: keys },
    dockerd: readFrom(dockerdFact, said(lines.join("\n"))),
  };
}
const withKeys = (keys: object): BridgeSeen => flagged("-H fd://", [], JSON.stringify(keys));
const nftables = (seen: BridgeSeen): BridgeSeen => ({
  ...seen,
  daemon: { ...seen.daemon, firewall: "nftables" },
});

const beside = (flag: string, key: string) =>
  `dockerd has the flag ${flag} (in ${dropIn}), and does not start with that and "${key}" in ${daemonJson}, which ` +
  `dockroute sets; ${restartAnew}`;
const outside = (text: string, place: string, harm: string, what: string) =>
  `dockerd has ${text} (in ${place}), which is not in docker0's network 172.30.16.0/24, so ${harm}; make it ${what}, or ` +
  "remove it, before the next up, and leave the restart of Docker to dockroute";
const noAddress = ["its containers would get no address", "a range in 172.30.16.0/24"] as const;
const noStart = ["dockerd would not start", "an address in 172.30.16.0/24 other than 172.30.16.1"] as const;

const table: readonly (readonly [what: string, seen: BridgeSeen, reasons: readonly string[]])[] = [
  ["nothing: the flags of the package", flagged("-H fd:// --containerd=/run/containerd/containerd.sock"), []],
  ["--bip", flagged("--bip=172.20.0.1/24"), [beside("--bip=172.20.0.1/24", "bip")]],
  [
    "--default-address-pool",
    flagged("--default-address-pool base=10.99.0.0/16,size=24"),
    [beside("--default-address-pool=base=10.99.0.0/16,size=24", "default-address-pools")],
  ],
  [
    "the flags of the nftables backend, where that is in use",
    nftables(flagged("--allow-direct-routing --bridge-accept-fwmark=1")),
    [
      beside("--allow-direct-routing", "allow-direct-routing"),
      beside("--bridge-accept-fwmark=1", "bridge-accept-fwmark"),
    ],
  ],
  ["nothing: the same flags with iptables", flagged("--allow-direct-routing --bridge-accept-fwmark=1"), []],
  [
    "--bridge",
    flagged("-b cbr0"),
    [
      `dockerd has -b=cbr0 (in ${dropIn}): Docker's bridge is cbr0 and not docker0, and it takes no bip beside that; ` +
        restartAnew,
    ],
  ],
  [
    'the key "bridge"',
    withKeys({ bridge: "none" }),
    [
      `dockerd has "bridge": "none" (in ${daemonJson}): Docker has no bridge at all, and it takes no bip beside that; ` +
        "remove that key",
    ],
  ],
  ['nothing: an empty key "bridge"', withKeys({ bridge: "" }), []],
  [
    "--fixed-cidr and --default-gateway of another network",
    flagged("--fixed-cidr=172.17.5.0/24 --default-gateway=172.17.5.254"),
    [
      outside("--fixed-cidr=172.17.5.0/24", dropIn, ...noAddress),
      outside("--default-gateway=172.17.5.254", dropIn, ...noStart),
    ],
  ],
  [
    "the same as keys",
    withKeys({ "fixed-cidr": "172.17.5.0/24", "default-gateway": "172.17.5.254" }),
    [
      outside('"fixed-cidr": "172.17.5.0/24"', daemonJson, ...noAddress),
      outside('"default-gateway": "172.17.5.254"', daemonJson, ...noStart),
    ],
  ],
  [
    "a range that is larger than docker0's network",
    withKeys({ "fixed-cidr": "172.30.16.0/20" }),
    [outside('"fixed-cidr": "172.30.16.0/20"', daemonJson, ...noAddress)],
  ],
  [
    "nothing: keys in docker0's new network, one with host bits",
    withKeys({ "fixed-cidr": "172.30.16.200/25", "default-gateway": "172.30.16.9" }),
    [],
  ],
  [
    "another config file",
    flagged("--config-file /srv/docker/daemon.json"),
    [
      `dockerd has the flag --config-file=/srv/docker/daemon.json (in ${dropIn}), so it does not read ${daemonJson}, where ` +
        `dockroute writes docker0's address; move its content to ${daemonJson} and ${restartAnew}`,
    ],
  ],
  ["nothing: daemon.json by its flag", flagged(`--config-file=${daemonJson}`), []],
  [
    "live-restore as a flag",
    { ...flagged("--live-restore"), daemon: { ...fresh.daemon, liveRestore: true } },
    [
      `dockerd has the flag --live-restore (in ${dropIn}), and with it ignores a new bip while a container runs; write ` +
        `"live-restore": true into ${daemonJson} instead, which can be off for one restart`,
    ],
  ],
  ["nothing: what Docker can live with", flagged("--iptables=false --ip-masq=false --ip-forward=false"), []],
  [
    "another daemon by DOCKER_HOST",
    flagged("-H fd://", ["DOCKER_HOST=unix:///run/second.sock"]),
    [
      "by DOCKER_HOST=unix:///run/second.sock in the login's environment the command docker speaks to another daemon than " +
        "the one that docker.service starts; take DOCKER_HOST out of /etc/environment or the shell's start files of this login",
    ],
  ],
  [
    "another daemon by a context",
    flagged("-H fd://", ["context=remote tcp://10.1.1.1:2375"]),
    [
      'by the context "remote" (tcp://10.1.1.1:2375) the command docker speaks to another daemon than the one that ' +
        "docker.service starts; run `docker context use default` as the user that Docker is asked by",
    ],
  ],
  [
    "a daemon of nobody's service",
    { ...fresh, dockerd: readFrom(dockerdFact, said("MainPID=0\n")) },
    [
      "docker.service does not run here, so the Docker that answers is started by something else and its restart would be " +
        "none of docker.service; start Docker by docker.service, or leave this host out",
    ],
  ],
];

describe("a bridge beside dockerd's own settings", () => {
  for (const [what, seen, reasons] of table) {
    it(`is refused for ${what}`, () => assert.deepEqual(refusals(wish, seen), reasons));
  }

  it("needs no pools of its own where dockerd has them by a flag", () => {
    const { pools: _, ...own } = wish;
    assert.deepEqual(refusals(own, flagged("--default-address-pool base=10.99.0.0/16,size=24")), []);
  });

  it("names the other daemon also where that one does not answer", () => {
    const { version: _, ...silent } = fresh.daemon;
    const other = flagged("-H fd://", ["DOCKER_HOST=unix:///run/second.sock"]);
    assert.deepEqual(disruptive.notReady({ ...other, daemon: silent }), []);
    assert.equal(disruptive.notReady({ ...fresh, daemon: silent }).length, 1);
  });
});
