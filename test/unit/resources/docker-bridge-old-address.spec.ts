/** Things on a host that know docker0's old address or network: refused, or named with their place. */
import assert from "node:assert/strict";
import type { Container } from "../../../provider/facts/docker-containers.js";
import type { DockerNetwork } from "../../../provider/facts/docker-networks.js";
import { dockerd as dockerdFact } from "../../../provider/facts/dockerd.js";
import { policy as policyFact } from "../../../provider/facts/ip-rules.js";
import { readTable } from "../../../provider/facts/iptables.js";
import { mentions as mentionsFact } from "../../../provider/facts/mentions.js";
import type { BridgeSeen } from "../../../provider/resources/bridge/index.js";
import { readFrom, said } from "../../support/recorded.js";
import {
  daemonJson,
  disruptive,
  fresh,
  ours,
  refusals,
  reported,
  warnings,
  wish,
} from "../../support/recorded-bridge.js";

const box: Container = { name: "box", returns: true, published: [], dns: [], hosts: [], variables: [] };
const withBox = (more: Partial<Container>): BridgeSeen => ({ ...fresh, containers: [{ ...box, ...more }] });
const stopped = (more: Partial<Container>): BridgeSeen => ({ ...fresh, stopped: [{ ...box, ...more }] });
const withKeys = (keys: object): BridgeSeen => ({
  ...fresh,
  file: { ...fresh.file, text: JSON.stringify(keys) },
});
const withNetwork = (more: Partial<DockerNetwork>): BridgeSeen => ({
  ...fresh,
  dockerNetworks: [...(fresh.dockerNetworks ?? []), { ...reported, ...more }],
});
const withAddresses = (...addresses: readonly string[]): BridgeSeen => ({
  ...fresh,
  links: fresh.links.map((link) => (link.name === "docker0" ? { ...link, addresses } : link)),
});
const published = [
  { address: "172.17.0.1", port: "5432" },
  { address: "127.0.0.1", port: "80" },
  { address: "", port: "81" },
];

const ofPort =
  "the container box is published on 172.17.0.1:5432, docker0's own address, and does not start once docker0 has another; " +
  "make it anew with `-p 127.0.0.1:PORT:PORT` or another address of the host that stays";
const ofDns =
  "the container box has --dns 172.17.0.1, docker0's own address, and resolves no names once docker0 has another; make it " +
  "anew with the address of a resolver that stays";
const ofKey = (text: string, harm: string, place = daemonJson) =>
  `dockerd has ${text} (in ${place}), and docker0 no longer has 172.17.0.1 after this change: ${harm}; write an address ` +
  "that stays, the host's own or docker0's new 172.30.16.1, before the next up";

const refused: readonly (readonly [what: string, seen: BridgeSeen, reasons: readonly string[]])[] = [
  ["a port published on it", withBox({ published }), [ofPort]],
  ["the same of a container that Docker starts again", stopped({ published }), [ofPort]],
  ["nothing: one that stays stopped", stopped({ published, returns: false }), []],
  ["nothing: a port published elsewhere", withBox({ published: published.slice(1) }), []],
  ["a container's resolver", withBox({ dns: ["9.9.9.9", "172.17.0.1"] }), [ofDns]],
  [
    "the resolver of all containers",
    withKeys({ dns: ["172.17.0.1"] }),
    [ofKey('"dns": ["172.17.0.1"]', "containers resolve no names then")],
  ],
  ["nothing: a longer address", withKeys({ dns: ["172.17.0.10"] }), []],
  [
    "the address on which ports are published",
    withKeys({ ip: "172.17.0.1" }),
    [ofKey('"ip": "172.17.0.1"', "no container that publishes a port starts then")],
  ],
  [
    "the address of dockerd's metrics",
    withKeys({ "metrics-addr": "172.17.0.1:9323" }),
    [ofKey('"metrics-addr": "172.17.0.1:9323"', "dockerd does not start then")],
  ],
  [
    "the host's own resolver",
    { ...fresh, resolvers: ["172.17.0.1"] },
    [
      "the host's resolver is 172.17.0.1 (in /etc/resolv.conf), docker0's own address, and neither the host nor its " +
        "containers resolve names once docker0 has another; write an address that stays",
    ],
  ],
  [
    "a network that publishes on it",
    withNetwork({ bindingIpv4: "172.17.0.1" }),
    [
      "the network app publishes ports on 172.17.0.1 (com.docker.network.bridge.host_binding_ipv4), docker0's own address, " +
        "and its containers do not start once docker0 has another; make it anew with an address that stays",
    ],
  ],
  [
    "a port published on a second address of docker0",
    {
      ...withAddresses("172.17.0.1/16", "192.0.2.1/32"),
      containers: [{ ...box, published: [{ address: "192.0.2.1", port: "80" }] }],
    },
    [ofPort.replace("172.17.0.1:5432", "192.0.2.1:80")],
  ],
  [
    "the resolver by a flag",
    {
      ...fresh,
      dockerd: readFrom(
        dockerdFact,
        said(
          "MainPID=7\nListen=/run/docker.sock (Stream)\nflag=--dns /etc/default/docker\nargv=x\nargv=--dns=172.17.0.1",
        ),
      ),
    },
    [ofKey("--dns=172.17.0.1", "containers resolve no names then", "/etc/default/docker")],
  ],
];

describe("docker0's old address", () => {
  for (const [what, seen, reasons] of refused) {
    it(`is refused for ${what}`, () => assert.deepEqual(refusals(wish, seen), reasons));
  }

  const told = (seen: BridgeSeen) =>
    warnings(wish, seen).filter((text) => text.includes("still name the old one"));
  const named = (...places: readonly string[]) => [
    "docker0's network 172.17.0.0/16 becomes 172.30.16.0/24, and these still name the old one, which dockroute does not " +
      `change: ${places.join("; ")}`,
  ];
  const rule = "-s 172.17.0.0/16 -p tcp -m tcp --dport 5432 -j ACCEPT";
  const filter = readTable(
    said(
      [
        `-P INPUT ACCEPT\n-A INPUT ${rule}`,
        "-A INPUT -s 172.18.0.0/16 -j ACCEPT",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
        "-A DOCKER-USER -s 172.17.0.9/32 -j DROP",
      ].join("\n"),
    ),
  );
  const nat = readTable(
    said(
      [
        "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        "-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
        "-A POSTROUTING -s 172.17.0.0/16 -o eth0 -j SNAT --to-source 192.0.2.7",
        "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
      ].join("\n"),
    ),
  );
  const foreign = [
    { table: "inet office", name: "input", rules: ["ip saddr 172.17.0.0/16 accept", "tcp dport 22 accept"] },
  ];
  const cases: readonly (readonly [what: string, seen: BridgeSeen, places: readonly string[]])[] = [
    [
      "rules of iptables that are not Docker's",
      { ...fresh, filter, nat },
      [
        `iptables -t filter: -A INPUT ${rule}`,
        "iptables -t filter: -A DOCKER-USER -s 172.17.0.9/32 -j DROP",
        "iptables -t nat: -A POSTROUTING -s 172.17.0.0/16 -o eth0 -j SNAT --to-source 192.0.2.7",
      ],
    ],
    [
      "rules of nft",
      { ...fresh, foreign },
      ["nft table inet office, chain input: ip saddr 172.17.0.0/16 accept"],
    ],
    [
      "policy rules",
      {
        ...fresh,
        policy: readFrom(
          policyFact,
          said(
            "0:\tfrom all lookup local\n90:\tfrom 172.17.0.0/16 lookup vpn\n91:\tfrom 10.1.0.0/16 lookup vpn\n",
          ),
        ),
      },
      ["the policy rule 90: from 172.17.0.0/16 lookup vpn"],
    ],
    [
      "files of /etc",
      {
        ...fresh,
        mentions: readFrom(
          mentionsFact,
          said("/etc/exports:3:172.17.0.0/16\n/etc/hosts:2:172.170.0.1\n/etc/hosts.allow:1:172.17.\n"),
        ),
      },
      ["/etc/exports, line 3: 172.17.0.0/16", "/etc/hosts.allow, line 1: 172.17."],
    ],
    [
      "other keys of daemon.json",
      withKeys({ "insecure-registries": ["172.17.0.1:5000"], "log-level": "info" }),
      [`${daemonJson}: "insecure-registries": ["172.17.0.1:5000"]`],
    ],
    [
      "settings of containers",
      withBox({ hosts: ["db:172.17.0.1", "x:10.0.0.1"], variables: ["DB_HOST"] }),
      ["--add-host db:172.17.0.1 of the container box", "the variable DB_HOST of the container box"],
    ],
  ];
  for (const [what, seen, places] of cases) {
    it(`is named at preview with its place: ${what}`, () => {
      assert.deepEqual(told(seen), named(...places));
      assert.deepEqual(refusals(wish, seen), []);
    });
  }

  it("is named nowhere on a host that has nothing of it, nor where docker0 keeps it", () => {
    assert.deepEqual(told(fresh), []);
    const kept = { ...ours, filter, nat, containers: [{ ...box, published }] };
    assert.deepEqual(told(kept), []);
    assert.deepEqual(refusals(wish, kept), []);
  });

  it("is told in twenty places at most", () => {
    const lines = Array.from({ length: 25 }, (_, at) => `/etc/hosts:${at + 1}:172.17.0.1`);
    const [text = ""] = told({ ...fresh, mentions: readFrom(mentionsFact, said(lines.join("\n"))) });
    assert.match(text, /line 20: 172\.17\.0\.1; and 5 more$/);
  });

  it("keeps a container down, which is named with Docker's own reason", () => {
    const error = "driver failed programming external connectivity: cannot assign requested address";
    const before = withBox({});
    assert.deepEqual(
      disruptive.unhealthy(before, { ...fresh, containers: [], stopped: [{ ...box, error }] }),
      [`not back yet: box (Docker cannot start it: ${error})`],
    );
    assert.deepEqual(disruptive.unhealthy(before, { ...fresh, containers: [], stopped: [box] }), [
      "not back yet: box",
    ]);
    assert.deepEqual(disruptive.unhealthy(before, before), []);
  });
});
