/**
 * The fate of flows that run while the exemption comes and goes: two hosts, one sends, the other counts. With
 * every firewall backend in `npm run test:matrix`.
 */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import type { HostSpec } from "../../lab/lab.js";
import { boxAddress } from "../../lab/probe.js";
import { sleep, until } from "../../lab/run.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { serve } from "../support/doors.js";
import { Driver } from "../support/drive.js";
import { Scene } from "../support/scene.js";

const wish = { source: "172.30.0.0/24", exclude: ["172.30.1.0/24"] };
/** On the receiver nobody answers at this port, and no RST says so. */
const silent = 7999;

/** Sends from inside the box ten times a second, on one flow, until it is stopped. */
const senders = {
  tcp: `my $s = IO::Socket::INET->new(PeerAddr => $to, PeerPort => 7000, Proto => "tcp") or die;
    while (1) { syswrite $s, "x"; sysread($s, my $t, 9) or die; print "x"; select undef, undef, undef, 0.1 }`,
  udp: `my $s = IO::Socket::INET->new(PeerAddr => $to, PeerPort => 7001, LocalPort => 7001, Proto => "udp");
    while (1) { send $s, "x", 0; select undef, undef, undef, 0.1 }`,
  attempt: `IO::Socket::INET->new(PeerAddr => $to, PeerPort => ${silent}, Proto => "tcp", Timeout => 60);`,
} as const;

const pairs: readonly (readonly [sender: HostSpec, receiver: HostSpec])[] = [
  [
    { name: "alpha", image: "docker26" },
    { name: "beta", image: "docker28" },
  ],
  [
    { name: "alpha", image: "docker20" },
    { name: "beta", image: "docker29-nft" },
  ],
  [
    { name: "alpha", image: "docker29-nft" },
    { name: "beta", image: "docker26" },
  ],
  [
    { name: "alpha", image: "docker28", options: ["no nft"] },
    { name: "beta", image: "docker29" },
  ],
];

for (const [at, pair] of pairs.entries()) {
  const [sender] = pair;
  const title = [sender.image, ...(sender.options ?? [])].join(", ");
  if (at === 0 || process.env["DOCKROUTE_MATRIX"] === "all")
    describe(`flows from ${title}, while the exemption comes and goes`, () => flows(`f2fl${at}`, pair));
}

function flows(prefix: string, pair: readonly HostSpec[]): void {
  let scene: Scene;
  let driver: Driver;
  let alpha: Host;
  let beta: Host;
  let outside: Stranger;
  let own = "";
  let to = "";

  before(async () => {
    scene = await Scene.set(prefix, pair);
    driver = new Driver(scene.lab);
    [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    outside = await scene.outside("outside");
    await scene.startBoxes();
    await scene.up();
    [own, to] = [await boxAddress(alpha), await boxAddress(beta)];
    await serve(beta, ["tcp/7000", "udp/7001"]);
    await beta.run(`iptables -I FORWARD -p tcp --dport ${silent} -j DROP`);
  });
  after(async () => {
    await driver?.close();
    await scene?.strike();
  });

  const start = async (kind: keyof typeof senders, target = to): Promise<void> => {
    const script = `use IO::Socket::INET; $| = 1; my ($to) = @ARGV; ${senders[kind]}`;
    const inside = `nsenter -t "$(docker inspect -f '{{.State.Pid}}' box)" -n`;
    await alpha.run([
      ...["sh", "-c", `${inside} setsid perl -e "$1" "$2" </dev/null >/tmp/sent-${kind} 2>&1 &`, "sh"],
      ...[script, target],
    ]);
  };
  const startPing = (target: string): Promise<string> =>
    alpha.run(["docker", "exec", "-d", "box", "ping", "-i", "0.1", target]);
  const stopAll = () =>
    alpha.exec("docker exec box killall ping; for p in $(pgrep -f 'IO::[S]ocket'); do kill $p; done");

  /** The one of the two addresses that each kind of packet has when it comes in at the receiver, from now on. */
  async function sourcesSeen(ms: number): Promise<Readonly<Record<string, readonly string[]>>> {
    const kinds = {
      icmp: "icmp type echo-request",
      udp: "udp dport 7001",
      tcp: "tcp dport 7000",
      attempt: `tcp dport ${silent}`,
    };
    const addresses = { container: own, host: alpha.address };
    const rules = Object.entries(kinds).flatMap(([kind, match]) =>
      Object.entries(addresses).map(
        ([who, address]) => `ip saddr ${address} ip daddr ${to} ${match} counter comment "${kind} ${who}"`,
      ),
    );
    const text = `table ip watch { chain c { type filter hook prerouting priority -400; ${rules.join("; ")}; }; }`;
    await beta.run(["nft", text]);
    await sleep(ms);
    const shown = await beta.run("nft list table ip watch; nft delete table ip watch");
    const counted = [...shown.matchAll(/counter packets (\d+) .* comment "(\w+) (\w+)"/g)];
    return Object.fromEntries(
      Object.keys(kinds).map((kind) => [
        kind,
        counted
          .filter(([, count, which]) => which === kind && Number(count) > 0)
          .map(([, , , who]) => who ?? ""),
      ]),
    );
  }

  /** Entries of flows from the box to outside the plan, each by its id: a new entry would have another one. */
  async function outsideFlows(): Promise<readonly string[]> {
    const shown = await alpha.run(["conntrack", "-L", "-o", "id", "-s", own, "-d", outside.address]);
    return [...shown.matchAll(/^(\w+) .*id=(\d+)/gm)].map(([, kind, id]) => `${kind} ${id}`).sort();
  }
  const echoed = async (): Promise<number> => (await alpha.run("cat /tmp/sent-tcp")).length;
  const lives = async (): Promise<void> => {
    const before = await echoed();
    await until("the established TCP connection to go on", 3000, async () => (await echoed()) > before + 5);
  };

  for (const [what, was, is, change] of [
    ["is added", "host", "container", () => driver.make(masqueradeRule, "alpha", wish)],
    ["is removed", "container", "host", () => driver.remove(masqueradeRule, "alpha", wish)],
  ] as const) {
    it(`when it ${what}: established TCP lives on, all else has its right source at once`, async () => {
      await (was === "host"
        ? driver.remove(masqueradeRule, "alpha", wish)
        : driver.make(masqueradeRule, "alpha", wish));
      await start("tcp");
      await start("udp");
      await startPing(to);
      await startPing(outside.address);
      await start("attempt");
      assert.deepEqual(await sourcesSeen(2500), { icmp: [was], udp: [was], tcp: [was], attempt: [was] });
      const others = await outsideFlows();
      assert(others.some((line) => line.startsWith("icmp")));
      await change();
      // A retry of the attempt comes after 1, 2, 4, 8 s.
      assert.deepEqual(await sourcesSeen(9000), { icmp: [is], udp: [is], tcp: [was], attempt: [is] });
      await lives();
      assert.deepEqual(await outsideFlows(), others);
      await stopAll();
    });
  }

  it("without the program conntrack, preview names the fate of the flows", async () => {
    await alpha.run("mv /usr/sbin/conntrack /usr/sbin/conntrack.away");
    await alpha.run("systemctl stop dockroute-repair.timer; nft delete table ip dockroute 2>/dev/null || :");
    const { text } = await scene.preview();
    await alpha.run(
      "mv /usr/sbin/conntrack.away /usr/sbin/conntrack; systemctl start dockroute-repair.timer",
    );
    assert.match(
      text,
      /alpha: the program conntrack .* is not installed, so flows between containers .* keep their source address/,
    );
  });
}
