/**
 * Looks at a mesh with what busybox cannot send: UDP, and packets that must not be cut. The programs are the
 * host's, run in the container's network namespace, so the packets are the container's own.
 */
import type { Host, Stranger } from "../../lab/host.js";
import { fromBox, type Target } from "../../lab/probe.js";
import type { Result } from "../../lab/run.js";
import type { Place } from "./mesh.js";

/** The port of the echo, and the one that a box may publish for it. */
export const udpPort = 82;
export const udpHostPort = 8082;

export interface UdpTarget {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** In the container's network, with the host's programs. */
export function inNetworkOf(host: Host, words: readonly string[], box = "box"): Promise<Result> {
  const enter = `exec nsenter -t "$(docker inspect -f '{{.State.Pid}}' "$0")" -n -- "$@"`;
  return host.exec(["sh", "-c", enter, box, ...words]);
}

const echo = `
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => ${udpPort}, Proto => "udp") or die $!;
alarm 30;
while (my $peer = $s->recv(my $text, 100)) {
  my ($port, $address) = sockaddr_in($peer);
  $s->send($text eq "end" ? "ended" : inet_ntoa($address), 0, $peer);
  exit if $text eq "end";
}`;

const ask = `
use IO::Socket::INET;
my %left = map { $_ => 1 } @ARGV;
my $word = $ENV{WORD} || "who";
my %socket;
for my $target (@ARGV) {
  my ($address, $port) = split /:/, $target;
  $socket{$target} = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Proto => "udp") or die $!;
}
for my $try (1..8) {
  $socket{$_}->send($word) for keys %left;
  for my $wait (1..20) {
    last unless %left;
    my $bits = "";
    vec($bits, fileno($socket{$_}), 1) = 1 for keys %left;
    last unless select($bits, undef, undef, 0.5) > 0;
    for my $target (keys %left) {
      next unless vec($bits, fileno($socket{$target}), 1);
      my $text = "";
      next unless defined $socket{$target}->recv($text, 100);
      print "$target $text\\n";
      delete $left{$target};
    }
  }
}`;

/** Starts an echo in each box, that answers with the address it saw; gives the function that stops them. */
export async function startEchoes(hosts: readonly Host[], box = "box"): Promise<() => Promise<void>> {
  const running = hosts.map((host) => inNetworkOf(host, ["perl", "-e", echo], box));
  return async () => {
    const end = `127.0.0.1:${udpPort}`;
    await Promise.all(
      hosts.map((host) => inNetworkOf(host, ["env", "WORD=end", "perl", "-e", ask, end], box)),
    );
    await Promise.all(running);
  };
}

/** The source address that each target saw, undefined where nothing came back. */
export async function askUdp(
  exec: (words: readonly string[]) => Promise<Result>,
  targets: readonly UdpTarget[],
): Promise<ReadonlyMap<UdpTarget, string | undefined>> {
  const doors = targets.map(({ address, port }) => `${address}:${port}`);
  const { stdout } = await exec(["perl", "-e", ask, ...doors]);
  const seen = new Map(stdout.split("\n").map((line) => line.split(" ") as [string, string]));
  return new Map(targets.map((target, at) => [target, seen.get(doors[at] ?? "")]));
}

/** UDP in every direction; [] where each is seen as itself. */
export async function udpAmiss(
  all: readonly Place[],
  published = false,
  box = "box",
): Promise<readonly string[]> {
  const stop = await startEchoes(
    all.map(({ host }) => host),
    box,
  );
  try {
    const found = await Promise.all(
      all.map(async (from) => {
        const peers = all.filter((peer) => peer !== from);
        const inBox = peers.map(({ host, box }) => ({ name: host.name, address: box, port: udpPort }));
        const onHost = published
          ? peers.map(({ host }) => ({
              name: `${host.name}, published`,
              address: host.address,
              port: udpHostPort,
            }))
          : [];
        const answers = await askUdp((words) => inNetworkOf(from.host, words, box), [...inBox, ...onHost]);
        return [...answers].flatMap(([target, seen]) => {
          const wanted = target.port === udpPort ? from.box : from.host.address;
          if (seen === wanted) return [];
          return [`UDP from box ${from.host.name} to ${target.name}: seen as ${seen}, not as ${wanted}`];
        });
      }),
    );
    return found.flat();
  } finally {
    await stop();
  }
}

/** Packets of these sizes, IP header and all, that no router may cut. */
export async function uncutAmiss(
  all: readonly Place[],
  sizes: (from: Place, to: Place) => readonly number[],
): Promise<readonly string[]> {
  const found = await Promise.all(
    all.map(async (from) => {
      const asked = all
        .filter((to) => to !== from)
        .flatMap((to) => sizes(from, to).map((size) => ({ to, size })));
      const script = asked.map(
        ({ to, size }, at) => `(ping -M do -c 1 -W 3 -s ${size - 28} ${to.box} >/dev/null && echo ${at}) &`,
      );
      const { stdout } = await inNetworkOf(from.host, ["sh", "-c", `${script.join("\n")}\nwait`]);
      const came = new Set(stdout.split("\n"));
      return asked
        .filter((_, at) => !came.has(String(at)))
        .map(({ to, size }) => `${size} bytes from box ${from.host.name} to box ${to.host.name}: no answer`);
    }),
  );
  return found.flat();
}

/** Boxes that a machine outside does not see under their host's address. */
export async function notMasqueraded(all: readonly Place[], outside: Stranger, box = "box") {
  const target: Target = { name: "outside", address: outside.address, port: 81 };
  const seen = await Promise.all(
    all.map(async ({ host }) => {
      const [tcp, icmp] = await fromBox(host, [target, { name: "outside", address: outside.address }], box);
      return { host, source: tcp?.source, pinged: icmp?.reached === true };
    }),
  );
  return seen
    .filter(({ host, source, pinged }) => source !== host.address || !pinged)
    .map(({ host, source, pinged }) => `${host.name} is seen as ${source}, its ping is answered: ${pinged}`);
}
