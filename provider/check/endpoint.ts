/**
 * A stand: a place in a host's part from which packets are sent and where they are answered. It is a running
 * container's network namespace, where there is a container on docker0, else a namespace of its own with a veth
 * on docker0. Perl does it, which every Debian and Ubuntu has (perl-base is Essential); beside it nsenter, unshare, ip.
 *
 * Nothing has to be tidied up: the namespace and its veth live as long as the one process in it, which ends
 * itself after some seconds whatever becomes of us, and its notes are a file that has no name any more.
 */
import type { Answer, Command } from "../engine/command.js";

/** How long a stand lives when nobody takes it down. */
const seconds = 45;

/** Listens by TCP and UDP and on ICMP, notes who came, and answers each with the address it saw. */
const answerer = String.raw`
use strict; use Socket; use POSIX ();
my ($nonce, $seconds) = @ARGV;
socket(my $icmp, PF_INET, SOCK_RAW, 1) or die "icmp: $!";
my ($udp, $tcp);
socket($udp, PF_INET, SOCK_DGRAM, 17) && bind($udp, sockaddr_in(0, INADDR_ANY)) or die "udp: $!";
socket($tcp, PF_INET, SOCK_STREAM, 6) && bind($tcp, sockaddr_in(0, INADDR_ANY)) && listen($tcp, 256) or die "tcp: $!";
my $path = "/run/dockroute-check.$$";
open(my $log, "+>", $path) or die "$path: $!"; unlink $path;
my $child = fork; die "fork: $!" unless defined $child;
if ($child) {
  print join(" ", "stand", $child, fileno($log), (sockaddr_in(getsockname $tcp))[0], (sockaddr_in(getsockname $udp))[0]), "\n";
  POSIX::_exit(0) if close STDOUT;
}
POSIX::setsid(); open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
alarm $seconds; $SIG{PIPE} = "IGNORE";
sub from { inet_ntoa((sockaddr_in($_[0]))[1]) }
sub note { syswrite $log, join(" ", @_) . "\n" }
while (1) {
  my $read = ""; vec($read, fileno $_, 1) = 1 for $icmp, $udp, $tcp;
  next unless select($read, undef, undef, undef) > 0;
  if (vec($read, fileno $icmp, 1) && (my $who = recv($icmp, my $packet, 65535, 0))) {
    my $at = (unpack("C", $packet) & 15) * 4;
    note("icmp", $1, from($who)) if ord(substr $packet, $at, 1) == 8 && substr($packet, $at + 8) =~ /^$nonce (\S+) /;
  }
  if (vec($read, fileno $udp, 1) && (my $who = recv($udp, my $text, 2048, 0))) {
    if ($text =~ /^$nonce (\S+) /) { note("udp", $1, from($who)); send($udp, from($who), 0, $who) }
  }
  if (vec($read, fileno $tcp, 1) && (my $who = accept(my $one, $tcp))) {
    note("tcp", "?", from($who)); syswrite $one, from($who) . "\n"; close $one;
  }
}
`;

/**
 * Finds a container on docker0, or makes a namespace, and one in each user-defined network of the part; starts the
 * answerer in each and prints what it is: kind, name, address, link, network, and on the next line the stand.
 */
const begin = `
command -v perl >/dev/null || { echo "lacks perl"; exit; }
all=$(docker ps -q --no-trunc 2>/dev/null)
[ -z "$all" ] || all=$(docker inspect --format '{{$p := .State.Pid}}{{$n := .Name}}{{range $k, $v := .NetworkSettings.Networks}}{{$p}} {{$v.IPAddress}} {{$n}} {{$k}}{{println}}{{end}}' $all 2>/dev/null | grep -v '^$')
stand() { nsenter --net="/proc/$pid/ns/net" perl -e "$code" "$nonce" "$seconds"; }
code=$1 nonce=$2 seconds=$3
at=$(echo "$all" | awk '$4 == "bridge" && $1 > 0 && $2 { at = $0 } END { print at }')
if [ -n "$at" ]; then
  echo "$at" | { read -r pid address name network; echo "container $name $address docker0 -"; stand; }
else
  made=$(unshare --net perl -e "$1" "$2" "$3") || exit
  pid=\${made#stand }; pid=\${pid%% *}
  in="nsenter --net=/proc/$pid/ns/net ip"
  ip link add "vethdr$pid" type veth peer name eth0 netns "$pid" && ip link set "vethdr$pid" master docker0 up &&
    $in address add "$4" dev eth0 && $in link set lo up && $in link set eth0 up && $in route add default via "$5" ||
    { kill "$pid"; exit 1; }
  echo "namespace - \${4%/*} docker0 -"
  echo "$made"
fi
echo "$all" | awk -v first="$6" -v last="$7" -v most="$8" '
  $4 != "bridge" && $1 > 0 && split($2, b, ".") == 4 { n = ((b[1] * 256 + b[2]) * 256 + b[3]) * 256 + b[4]
    if (n >= first && n <= last) { if (!($4 in at)) names[++count] = $4; at[$4] = $0 } }
  END { for (i = 1; i <= count && i <= most; i++) print at[names[i]] }' |
while read -r pid address name network; do
  link=$(ip -4 route get "$address" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  echo "container $name $address \${link:-none} $network"
  stand </dev/null
done
ip -j -4 addr show | tr -d '\\n'
`;

/** User-defined networks of a host that take part: every two stands are a direction. */
const mostNetworks = 2;

export interface Stand {
  /** The container's name; undefined where a namespace stands in for one. */
  readonly container?: string;
  readonly address: string;
  /** The host's bridge to it: "docker0". */
  readonly link: string;
  /** The name of its user-defined network; undefined for docker0's own. */
  readonly network?: string;
  readonly pid: number;
  readonly notes: number;
  readonly tcp: number;
  readonly udp: number;
  /** All addresses of the host itself. */
  readonly hostAddresses: readonly string[];
}

/** Where on a host one can stand. */
export interface Place {
  /** The address of a namespace, with its prefix, where there is no container. */
  readonly own: string;
  /** docker0's address. */
  readonly bridge: string;
  /** The first and the last address of the host's part, as numbers. */
  readonly first: bigint;
  readonly last: bigint;
}

export function beginStands(nonce: string, { own, bridge, first, last }: Place): Command {
  const words = [nonce, seconds, own, bridge, first, last, mostNetworks].map(String);
  const argv = ["sh", "-c", begin, "dockroute-check", answerer, ...words];
  return { why: "stand in its part, as a container does", argv };
}

/** The stands, that on docker0 first, or in words why there is none. */
export function readStands({ stdout, stderr }: Answer): readonly Stand[] | string {
  const lines = stdout.trim().split("\n");
  if (lines[0] === "lacks perl") return "it has no program perl, which the check needs (package perl-base)";
  const hostAddresses = [...stdout.matchAll(/"local":"([\d.]+)"/g)].map(([, local]) => local ?? "");
  const found = lines.flatMap((line, at): Stand[] => {
    const [kind, name = "", address = "", link = "", network = "-"] = line.split(" ");
    const [word, ...numbers] = (lines[at + 1] ?? "").split(" ");
    const [pid, notes, tcp, udp] = numbers.map(Number);
    if ((kind !== "container" && kind !== "namespace") || word !== "stand") return [];
    if (pid === undefined || notes === undefined || tcp === undefined || udp === undefined) return [];
    const container = kind === "container" ? { container: name.replace(/^\//, "") } : {};
    const net = network === "-" ? {} : { network };
    return [{ ...container, ...net, address, link, pid, notes, tcp, udp, hostAddresses }];
  });
  if (found[0]?.link === "docker0") return found;
  return `nothing can stand on docker0: ${stderr.trim().split("\n").at(-1) || "no reason was given"}`;
}

/** Who came: protocol, origin's name ("?" by TCP), and the source address as it was seen on arrival. */
export interface Arrival {
  readonly protocol: string;
  readonly origin: string;
  readonly source: string;
}

/** Reads the notes, and who knocked by TCP and is still unanswered. */
export function askArrivals({ pid, notes }: Stand): Command {
  const argv = ["cat", `/proc/${pid}/fd/${notes}`, `/proc/${pid}/net/tcp`];
  return { why: "read who arrived", argv };
}

export function readArrivals({ tcp }: Stand, { stdout }: Answer): readonly Arrival[] {
  const port = tcp.toString(16).toUpperCase().padStart(4, "0");
  return stdout.split("\n").flatMap((line): Arrival[] => {
    const noted = /^(icmp|udp|tcp) (\S+) ([\d.]+)$/.exec(line);
    if (noted) return [{ protocol: noted[1] ?? "", origin: noted[2] ?? "", source: noted[3] ?? "" }];
    // "0: 0100007F:1F90 0200007F:C350 03": state 3 is a first packet whose answer was not confirmed.
    const half = new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} ([0-9A-F]{8}):[0-9A-F]{4} 03 `).exec(line)?.[1];
    if (half === undefined) return [];
    const bytes = half.match(/../g)?.reverse() ?? [];
    return [{ protocol: "tcp", origin: "?", source: bytes.map((hex) => Number.parseInt(hex, 16)).join(".") }];
  });
}

/** Takes it down; with its process go the namespace and its end of the veth. */
export function endStand({ pid }: Stand): Command {
  return { why: "take the stand down", argv: ["kill", `${pid}`] };
}
