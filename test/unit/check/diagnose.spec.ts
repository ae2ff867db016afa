import assert from "node:assert/strict";
import { grown, readSnapshot, type Snapshot } from "../../../provider/check/counters.js";
import { diagnose, type Evidence, type Side } from "../../../provider/check/diagnose.js";
import { type ProbeEndpoint, readEndpoints, readGone, readNotes } from "../../../provider/check/endpoint.js";
import { matches, type Packet } from "../../../provider/check/packet.js";
import { readProbe } from "../../../provider/check/probe.js";

const answer = (stdout: string) => ({ code: 0, stdout, stderr: "" });

/** As a host of the lab with docker28 printed it, shortened. */
const iptables = (jump: number, drop: number, policy: number) => `*raw
:PREROUTING ACCEPT [541:110880]
:DOCKROUTE-172.30.1.0_24 - [0:0]
[${jump}:7604] -A PREROUTING -d 172.30.1.0/24 -m comment --comment dockroute -j DOCKROUTE-172.30.1.0_24
[${drop}:0] -A PREROUTING -d 172.30.1.2/32 ! -i docker0 -j DROP
[0:0] -A DOCKROUTE-172.30.1.0_24 -s 172.30.0.0/24 -i eth0 -j ACCEPT
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [${policy}:0]
[64:15206] -A FORWARD -j DOCKER-USER
COMMIT
`;
const nft = (drop: number) => `table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		counter packets 64 bytes 15206 jump DOCKER-USER
	}
}
table ip docker-bridges {
	chain filter-forward-in__docker0 {
		ct state established,related counter packets 26 bytes 7249 accept
		ip daddr 172.30.2.2 tcp dport 80 counter packets 0 bytes 0 accept
		counter packets ${drop} bytes 0 drop comment "UNPUBLISHED PORT DROP"
	}
}
`;
const neighbour = "172.30.1.2 dev docker0  FAILED\n";
const facts = (via: string, forward = 1, reverse = 0, neighbours = neighbour) => [
  `${forward}\nTcpExt: SyncookiesSent IPReversePathFilter PFMemallocDrop\nTcpExt: 7 ${reverse} 9\nIpExt: InNoRoutes\nIpExt: 3\n`,
  `x from y via ${via} dev eth0 \n    cache iif docker0 \n`,
  `${via} dev eth0 lladdr 02:d0:03:00:00:01 REACHABLE\n${neighbours}`,
];
const snapshot = (rules: string, rest: readonly string[] = []): Snapshot =>
  readSnapshot([answer(""), answer(rules), ...rest.map(answer)]);

describe("a snapshot of the counters", () => {
  it("counts each rule once, also where nft shows the tables of iptables again", () => {
    const { counters, forwards, neighbours, route, reversePath } = snapshot(
      iptables(32, 0, 0) + nft(3),
      facts("10.0.0.1"),
    );
    assert.deepEqual(
      counters
        .filter(({ drops }) => drops)
        .map(({ tool, table, chain, rule }) => [tool, table, chain, rule].join(" ")),
      [
        "iptables raw PREROUTING -d 172.30.1.2/32 ! -i docker0 -j DROP",
        "iptables filter FORWARD the policy DROP",
        'nft ip docker-bridges filter-forward-in__docker0 drop comment "UNPUBLISHED PORT DROP"',
      ],
    );
    assert.equal(counters.filter(({ rule }) => rule.includes("DOCKER-USER")).length, 1);
    assert.equal(forwards, true);
    assert.equal(reversePath, 0);
    assert.equal(neighbours.get("10.0.0.1"), "REACHABLE");
    assert.match(route, /via 10\.0\.0\.1 dev eth0/);
  });

  it("shows what grew", () => {
    const rules = grown(snapshot(iptables(1, 0, 0)), snapshot(iptables(1, 4, 0))).map(({ rule }) => rule);
    assert.deepEqual(rules, ["-d 172.30.1.2/32 ! -i docker0 -j DROP"]);
  });
});

describe("a rule", () => {
  const packet: Packet = {
    ...{ source: "172.30.0.2", destination: "172.30.1.2", in: "eth0", out: "docker0" },
    protocols: ["udp"],
  };
  const cases: readonly [string, boolean, ("iptables" | "nft")?][] = [
    ["-d 172.30.1.2/32 ! -i docker0 -j DROP", true],
    ["-d 172.30.1.3/32 -j DROP", false],
    ["! -s 172.30.0.0/24 -j DROP", false],
    ["-i eth+ -p udp -j DROP", true],
    ["-p tcp -m tcp --dport 80 -j DROP", false],
    ["the policy DROP", true],
    ['iifname != "docker0" ip daddr 172.30.1.2 drop', true, "nft"],
    ["ip saddr { 172.30.7.0/24, 172.30.0.0/24 } drop", true, "nft"],
    ["ip saddr != 172.30.0.0/24 drop", false, "nft"],
    ['oifname "br-*" drop', false, "nft"],
  ];
  for (const [rule, holds, tool = "iptables" as const] of cases) {
    it(`${rule}: ${holds ? "fits" : "does not fit"}`, () => {
      const counter = { tool, table: "", chain: "", rule, packets: 1, drops: true };
      assert.equal(matches(counter, packet), holds);
    });
  }
});

describe("a diagnosis", () => {
  const side = (name: string, more: Partial<Side> = {}): Side => ({
    name,
    address: name === "alpha" ? "172.30.0.2" : "172.30.1.2",
    bridge: "docker0",
    gateway: name === "alpha" ? "10.0.0.1" : "10.0.0.2",
    before: snapshot(iptables(0, 0, 0), facts(name === "alpha" ? "10.0.0.2" : "10.0.0.1")),
    after: snapshot(iptables(0, 0, 0), facts(name === "alpha" ? "10.0.0.2" : "10.0.0.1")),
    drift: [],
    wasReachedByUp: true,
    ...more,
  });
  const evidence = (more: Partial<Evidence> = {}): Evidence => ({
    from: side("alpha"),
    to: side("beta"),
    probed: { largest: 0, mtu: 1500, errors: [], refusals: [] },
    arrived: [],
    lost: ["icmp", "tcp", "udp"],
    ...more,
  });

  it("blames a rule of Docker's on the rule of ours that is not before it", () => {
    const after = snapshot(iptables(0, 5, 0), facts("10.0.0.1"));
    const drift = ["beta/forward: raw PREROUTING jump to DOCKROUTE-172.30.1.0_24: absent"];
    const reason = diagnose(evidence({ to: side("beta", { after, drift }) }));
    assert.equal(reason.where, "beta");
    assert.match(reason.why, /^iptables raw PREROUTING: `-d 172\.30\.1\.2.*because .*absent$/);
    assert.match(reason.todo, /`pulumi up` .*dockroute-repair on the host/);
    const never = diagnose(evidence({ to: side("beta", { after, drift, wasReachedByUp: false }) }));
    assert.equal(never.todo, "run `pulumi up`: none has reached this host yet");
  });

  it("follows the answer where the packet had arrived", () => {
    const arrived = [{ protocol: "udp", origin: "alpha", source: "172.30.0.2" }];
    const after = snapshot(iptables(0, 0, 3), facts("10.0.0.2"));
    const reason = diagnose(evidence({ arrived, from: side("alpha", { after }) }));
    assert.deepEqual([reason.where, reason.why.split(":")[0]], ["alpha", "the answer is lost"]);
  });

  it("names a route that leads elsewhere, forwarding that is off, and rp_filter", () => {
    const showing = (rest: readonly string[]) => ({ after: snapshot(iptables(0, 0, 0), rest) });
    assert.match(
      diagnose(evidence({ from: side("alpha", showing(facts("10.0.0.254"))) })).why,
      /not through 10\.0\.0\.2/,
    );
    assert.match(
      diagnose(evidence({ from: side("alpha", showing(facts("10.0.0.2", 0))) })).why,
      /ip_forward is 0/,
    );
    const reason = diagnose(evidence({ to: side("beta", showing(facts("10.0.0.1", 1, 4))) }));
    assert.match(reason.why, /rp_filter/);
  });

  it("suspects a rule of somebody else's that counts nothing, on either host, and no other", () => {
    const foreign = (rule: string, hook = "forward") =>
      `table inet fw {\n\tchain c {\n\t\ttype filter hook ${hook} priority -10; policy accept;\n\t\t${rule}\n\t}\n}\n`;
    const withRule = (text: string, via: string) => ({
      after: snapshot(iptables(0, 0, 0) + text, facts(via)),
    });
    const at = (name: string, text: string) =>
      diagnose(
        evidence(
          name === "alpha"
            ? { from: side("alpha", withRule(text, "10.0.0.2")) }
            : { to: side("beta", withRule(text, "10.0.0.1")) },
        ),
      );
    const rule = "ip saddr 172.30.0.0/24 drop";
    for (const host of ["alpha", "beta"]) {
      const { where, why } = at(host, foreign(rule));
      assert.deepEqual([where, why.split(" fits")[0]], [host, `nft inet fw c: \`${rule}\``]);
    }
    assert.equal(at("beta", foreign("ip saddr 172.30.7.0/24 drop")).where, "beta");
    assert.match(at("beta", foreign("ip saddr 172.30.7.0/24 drop")).why, /does not answer on docker0/);
    assert.doesNotMatch(at("beta", foreign(rule, "input")).why, /inet fw/);
    assert.doesNotMatch(at("beta", foreign("tcp dport 22 drop")).why, /inet fw/);
    assert.doesNotMatch(at("beta", foreign("meta l4proto sctp drop")).why, /inet fw/);
    const closed = foreign("ip saddr 10.9.0.0/16 accept").replace("policy accept", "policy drop");
    assert.match(at("beta", closed).why, /`policy drop` drops what no rule of that chain accepts/);
  });

  it("blames the wire where nothing came in", () => {
    const to = side("beta", { after: snapshot(iptables(0, 0, 0), facts("10.0.0.1", 1, 0, "")) });
    assert.equal(diagnose(evidence({ to })).where, "the wire");
  });
});

describe("a probe endpoint", () => {
  const nonce = "dockroute-0123456789ab";
  const namespaces = [
    { container: { name: "box", pid: 900 }, address: "172.30.1.2", bridge: "docker0" },
    {
      ...{ container: { name: "dead", pid: 901 }, address: "172.30.1.140", bridge: "br-0123456789ac" },
      network: "other",
    },
    {
      ...{ container: { name: "db", pid: 902 }, address: "172.30.1.130", bridge: "br-0123456789ab" },
      network: "side",
    },
  ] as const;
  const begun = answer("endpoint 1430 6 52377 55416\nfailed\nendpoint 1431 6 52378 55417\n");
  const first: ProbeEndpoint = { ...namespaces[0], nonce, pid: 1430, notes: 6, tcp: 52377, udp: 55416 };
  const second: ProbeEndpoint = { ...namespaces[2], nonce, pid: 1431, notes: 6, tcp: 52378, udp: 55417 };

  it("is read, in the order of the networks", () => {
    assert.deepEqual(readEndpoints(nonce, namespaces, begun), [first, second]);
    assert.match(String(readEndpoints(nonce, namespaces, answer("no perl\n"))), /no program perl/);
    const failed = { code: 0, stdout: "failed\nfailed\nendpoint 1431 6 1 2\n", stderr: "unshare: no\n" };
    assert.equal(
      readEndpoints(nonce, namespaces, failed),
      "no probe endpoint started on docker0: unshare: no",
    );
  });

  it("notes who arrived, also who got no answer by TCP", () => {
    const text =
      "icmp alpha 172.30.0.2\ntcp ? 172.30.0.2\n" +
      "   1: 02011EAC:CC99 02001EAC:B5F0 03 00000000:00000000 01:00000018 00000000     0        0 0\n";
    const notes = readNotes(first, answer(text));
    assert(notes !== "gone");
    assert.deepEqual(
      notes.map(({ protocol, source }) => `${protocol} ${source}`),
      ["icmp 172.30.0.2", "tcp 172.30.0.2", "tcp 172.30.0.2"],
    );
  });

  it("is gone where the host has no process of that number with its notes, or cannot tell", () => {
    assert.equal(readNotes(first, answer("icmp alpha 172.30.0.2\ngone 1430\n")), "gone");
    assert.equal(readNotes(first, { code: 127, stdout: "", stderr: "perl: not found\n" }), "gone");
    assert.deepEqual(readGone([first, second], answer("gone 1431\n")), [second]);
    assert.deepEqual(readGone([first, second], answer("")), []);
    assert.deepEqual(readGone([first], { code: undefined, stdout: "", stderr: "" }), [first]);
    assert.equal(readProbe(answer("answer\t\t\t\t0\t1500\t\t\t\t\ngone\n")), "gone");
    const stderr = "nsenter: cannot open /proc/1430/ns/net: No such file or directory\n";
    assert.equal(readProbe({ code: 1, stdout: "", stderr }), "gone");
  });

  it("reports what each target answered", () => {
    const rows = [
      "0.446\t172.30.0.2\t172.30.0.2\t1500\t1500\t\t\t\t",
      "\t\t\t0\t1500\t\tNo route to host\t\t3/1/172.30.0.1",
    ];
    const seen = { roundTrip: 0.446, tcp: "172.30.0.2", udp: "172.30.0.2" };
    assert.deepEqual(readProbe(answer(rows.map((row) => `answer\t${row}\n`).join(""))), [
      { ...seen, largest: 1500, mtu: 1500, errors: [], refusals: [] },
      {
        ...{ largest: 0, mtu: 1500, errors: ["tcp: No route to host"] },
        refusals: [{ by: "172.30.0.1", what: "host unreachable" }],
      },
    ]);
  });
});
