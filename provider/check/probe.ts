/** One look from a stand at others: ICMP, TCP, UDP, the largest packet that gets through in one piece. */
import { z } from "zod";
import type { Answer, Command } from "../engine/command.js";
import type { Stand } from "./endpoint.js";

/**
 * All targets side by side, so it takes as long as the slowest; it ends as soon as all have answered. When an echo
 * came back is asked of the kernel (SIOCGSTAMP): this program may be busy with another one just then.
 */
const asker = String.raw`
use strict; use Socket; use POSIX (); use Fcntl;
my ($nonce, $me, $limit, @targets) = @ARGV;
my %clock = (x86_64 => 228, aarch64 => 113, riscv64 => 113, ppc64le => 246, s390x => 260, i686 => 265, armv7l => 263);
my $call = $clock{(POSIX::uname())[4]};
my $fine = eval { require Time::HiRes; 1 };
sub now { return Time::HiRes::time() if $fine; my $b = "\0" x 16; return time unless $call && syscall($call, 0, $b) == 0; my ($s, $n) = unpack "l! l!", $b; $s + $n / 1e9 }
my @t = map { my ($ip, $tcp, $udp) = split /:/; { ip => $ip, tcpport => $tcp, udpport => $udp, seen => {} } } @targets;
socket(my $icmp, PF_INET, SOCK_RAW, 1) or die "icmp: $!";
setsockopt($icmp, 0, 10, pack "i", 3);
setsockopt($icmp, SOL_SOCKET, SO_RCVBUF, pack "i", 1 << 20);
my $stamp = "\0" x 16; ioctl $icmp, 0x8906, $stamp;
my $id = $$ & 0xffff;
sub sum { my $s = unpack "%32n*", length($_[0]) % 2 ? "$_[0]\0" : $_[0]; $s = ($s >> 16) + ($s & 0xffff) while $s >> 16; ~$s & 0xffff }
sub echo {
  my ($at, $seq, $size) = @_;
  my $data = "$nonce $me $at $seq $size " . sprintf("%.6f ", now());
  $data .= "." x ($size - 28 - length $data) if $size > 28 + length $data;
  my $head = pack("C C n n n", 8, 0, 0, $id, $seq);
  $head = pack("C C n n n", 8, 0, sum($head . $data), $id, $seq);
  defined send($icmp, $head . $data, 0, sockaddr_in(0, inet_aton $t[$at]{ip})) or $t[$at]{err}{icmp} ||= "$!";
}
my $begun = now();
for my $at (0 .. $#t) {
  my $t = $t[$at];
  socket($t->{udp}, PF_INET, SOCK_DGRAM, 17);
  connect($t->{udp}, sockaddr_in($t->{udpport}, inet_aton $t->{ip})) or $t->{err}{udp} = "$!";
  my $mtu = getsockopt($t->{udp}, 0, 14); $t->{mtu} = $mtu ? unpack("i", $mtu) : 1500;
  echo($at, 0, 0);
  socket($t->{tcp}, PF_INET, SOCK_STREAM, 6);
  fcntl($t->{tcp}, F_SETFL, O_NONBLOCK); $t->{tcpbegun} = now();
  connect($t->{tcp}, sockaddr_in($t->{tcpport}, inet_aton $t->{ip})) or $!{EINPROGRESS} or $t->{err}{tcp} = "$!";
}
my @ladder = (9000, 8981, 8951, 1500, 1492, 1480, 1472, 1460, 1450, 1440, 1420, 1400, 1380, 1350, 1300, 1280, 1200, 1000, 576);
my ($round, $next) = (0, 0);
while (now() - $begun < $limit) {
  if (now() >= $next && $round < 4) {
    for my $at (0 .. $#t) {
      my $t = $t[$at];
      echo($at, $round, 0) if $round && ($round < 3 || !defined $t->{rtt});
      send($t->{udp}, "$nonce $me $at", 0) unless $t->{udpsource};
      if ($round == 0) { echo($at, 100, $t->{mtu}) } elsif (($t->{big} || 0) < $t->{mtu}) {
        echo($at, 100 + $_, $ladder[$_]) for grep { $ladder[$_] < $t->{mtu} } 0 .. $#ladder; echo($at, 100, $t->{mtu});
      }
    }
    $next = now() + (0.02, 0.1, 0.3, 9)[$round++];
  }
  last if $round >= 2 && !grep { !(defined $_->{rtt} && $_->{udpsource} && $_->{tcpsource} && ($_->{big} || 0) >= $_->{mtu}) } @t;
  my ($read, $write) = ("", ""); vec($read, fileno $icmp, 1) = 1;
  for (@t) {
    vec($read, fileno $_->{udp}, 1) = 1;
    next if $_->{tcpsource} || $_->{err}{tcp};
    vec($_->{open} ? $read : $write, fileno $_->{tcp}, 1) = 1;
  }
  my $wait = $begun + $limit - now(); $wait = $next - now() if $round < 4 && $next - now() < $wait;
  next unless select($read, $write, undef, $wait > 0 ? $wait : 0) > 0;
  hear() if vec($read, fileno $icmp, 1);
  for my $t (@t) {
    if (vec($read, fileno $t->{udp}, 1)) { if (defined recv($t->{udp}, my $text, 99, 0)) { $t->{udpsource} = $text } else { $t->{err}{udp} = "$!" } }
    next if $t->{tcpsource} || $t->{err}{tcp};
    if (!$t->{open} && vec($write, fileno $t->{tcp}, 1)) {
      my $error = unpack "i", getsockopt($t->{tcp}, SOL_SOCKET, SO_ERROR);
      if ($error) { $! = $error; $t->{err}{tcp} = "$!" } else { $t->{open} = 1; $t->{tcprtt} = now() - $t->{tcpbegun} }
    } elsif ($t->{open} && vec($read, fileno $t->{tcp}, 1)) {
      my $got = sysread $t->{tcp}, my $text, 99;
      if ($got) { chomp $text; $t->{tcpsource} = $text } else { $t->{err}{tcp} = defined $got ? "closed" : "$!" }
    }
  }
}
sub hear {
  my $who = recv($icmp, my $packet, 65535, 0) or return;
  my $at = (unpack("C", $packet) & 15) * 4;
  my ($type, $code) = unpack "C C", substr $packet, $at, 2;
  if ($type == 0 && substr($packet, $at + 8) =~ /^$nonce \S+ (\d+) (\d+) (\d+) ([\d.]+) /) {
    my $t = $t[$1] or return; my ($s, $us) = ioctl($icmp, 0x8906, $stamp) ? unpack("l! l!", $stamp) : (now(), 0);
    my $took = $s + $us / 1e6 - $4;
    if ($2 >= 100) { $t->{big} = $3 if $3 > ($t->{big} || 0) } elsif (!defined $t->{rtt} || $took < $t->{rtt}) { $t->{rtt} = $took }
  } elsif ($type == 3 || $type == 11) {
    my $to = inet_ntoa(substr $packet, $at + 24, 4);
    $_->{seen}{"$type/$code/" . inet_ntoa((sockaddr_in($who))[1])} = 1 for grep { $_->{ip} eq $to } @t;
  }
}
sub text { my $text = defined $_[0] ? $_[0] : ""; $text =~ s/[^\w .\/-]//g; $text }
print join("\t", "answer", map({ text($_) } defined $_->{rtt} ? sprintf("%.3f", $_->{rtt} * 1000) : "", $_->{tcpsource}, $_->{udpsource}, $_->{big} || 0, $_->{mtu}, $_->{err}{icmp}, $_->{err}{tcp}, $_->{err}{udp}), join(" ", sort keys %{ $_->{seen} })), "\n" for @t;
`;

export interface Probed {
  /** Milliseconds, the least of three. */
  readonly roundTrip?: number;
  /** The source addresses that the other side saw. */
  readonly tcp?: string;
  readonly udp?: string;
  /** The largest packet that was answered without being cut, and the largest that the link here takes. */
  readonly largest: number;
  readonly mtu: number;
  /** What the kernel said: "tcp: No route to host". */
  readonly errors: readonly string[];
  /** ICMP errors that came back: who said what. */
  readonly said: readonly { readonly by: string; readonly what: string }[];
}

/** @param seconds how long to wait for what does not answer */
export function probe(
  nonce: string,
  me: string,
  from: Stand,
  targets: readonly Stand[],
  seconds: number,
): Command {
  const words = targets.map(({ address, tcp, udp }) => `${address}:${tcp}:${udp}`);
  const argv = ["nsenter", `--net=/proc/${from.pid}/ns/net`, "perl", "-e", asker, nonce, me, `${seconds}`];
  return { why: "knock at the other hosts' parts", argv: [...argv, ...words] };
}

const codes: Readonly<Record<string, string>> = {
  "3/0": "network unreachable",
  "3/1": "host unreachable",
  "3/2": "protocol unreachable",
  "3/3": "port unreachable",
  "3/4": "the packet is too big",
  "3/9": "network forbidden",
  "3/10": "host forbidden",
  "3/13": "forbidden by a filter",
  "11/0": "it went round in circles",
};

const text = z.string();
const number = z.coerce.number();
const row = z.tuple([text, text, text, number, number, text, text, text, text]);

/** As many as there were targets, in their order. */
export function readProbe({ stdout }: Answer): readonly Probed[] {
  return stdout.split("\n").flatMap((line): Probed[] => {
    const [word, ...cells] = line.split("\t");
    const read = row.safeParse(cells);
    if (word !== "answer" || !read.success) return [];
    const [rtt, tcp, udp, largest, mtu, ...said] = read.data;
    const icmps = said[3].split(" ").filter(Boolean);
    return [
      {
        ...(rtt === "" ? {} : { roundTrip: Number(rtt) }),
        ...(tcp === "" ? {} : { tcp }),
        ...(udp === "" ? {} : { udp }),
        ...{ largest, mtu },
        errors: ["icmp", "tcp", "udp"].flatMap((name, at) => (said[at] ? [`${name}: ${said[at]}`] : [])),
        said: icmps.map((text) => {
          const [type = "", code = "", by = ""] = text.split("/");
          return { by, what: codes[`${type}/${code}`] ?? `ICMP ${type}/${code}` };
        }),
      },
    ];
  });
}
