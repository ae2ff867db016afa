/** The doors of a container that are open to a caller: "icmp", "tcp/81", "udp/53". */
import type { Host, Stranger } from "../../lab/host.js";
import type { Result } from "../../lab/run.js";

type Exec = (words: readonly string[]) => Promise<Result>;

/** Perl is on every Debian; the containers' own programs know no UDP. */
const server = `
use IO::Socket::INET;
for my $door (@ARGV) {
  next if fork;
  my ($proto, $port) = split m{/}, $door;
  if ($proto eq "tcp") {
    my $listener = IO::Socket::INET->new(Proto => "tcp", LocalPort => $port, Listen => 9, ReuseAddr => 1) or exit;
    while (my $one = $listener->accept) { next if fork; while (sysread $one, my $text, 99) { syswrite $one, $text } exit }
  }
  my $socket = IO::Socket::INET->new(Proto => "udp", LocalPort => $port) or exit;
  while (defined(my $peer = recv $socket, my $text, 99, 0)) { send $socket, $text, 0, $peer }
  exit;
}`;

const scanner = `
use IO::Socket::INET; use IO::Select;
my ($to, $from, @doors) = @ARGV;
my @own = $from ? (LocalAddr => $from) : ();
$| = 1;
for my $door (@doors) {
  next if fork;
  my ($proto, $port) = split m{/}, $door;
  if ($proto eq "icmp") {
    my @by = $from ? ("-I", $from) : ();
    print "$door\\n" if system("ping -q -c 1 -W 2 @by $to >/dev/null 2>&1") == 0;
  } elsif ($proto eq "tcp") {
    print "$door\\n" if IO::Socket::INET->new(PeerAddr => $to, PeerPort => $port, Proto => "tcp", Timeout => 2, @own);
  } elsif (my $socket = IO::Socket::INET->new(PeerAddr => $to, PeerPort => $port, Proto => "udp", @own)) {
    my $text = "";
    send $socket, "x", 0;
    recv $socket, $text, 9, 0 if IO::Select->new($socket)->can_read(2);
    print "$door\\n" if $text eq "x";
  }
  exit;
}
1 while wait != -1;`;

/** Opens the doors inside the container: anybody who gets there is answered. */
export async function serve(host: Host, doors: readonly string[], box = "box"): Promise<void> {
  const inside = `nsenter -t "$(docker inspect -f '{{.State.Pid}}' ${box})" -n`;
  const script = `${inside} setsid perl -e "$1" ${doors.join(" ")} </dev/null >/dev/null 2>&1 &`;
  await host.run(["sh", "-c", script, "sh", server]);
}

/** From inside a container, by the host's own perl. */
export function inBox(host: Host, box = "box"): Exec {
  return (words) =>
    host.exec([
      ...["sh", "-c", `exec nsenter -t "$(docker inspect -f '{{.State.Pid}}' ${box})" -n "$@"`, "sh"],
      ...words,
    ]);
}

export function onHost(host: Host): Exec {
  return (words) => host.exec(words);
}

export function atStranger(stranger: Stranger): Exec {
  return (words) => stranger.exec(words);
}

/** The doors that open at this address, sorted. */
export async function open(
  exec: Exec,
  to: string,
  doors: readonly string[],
  from = "",
): Promise<readonly string[]> {
  const { stdout } = await exec(["perl", "-e", scanner, to, from, ...doors]);
  return stdout.split("\n").filter(Boolean).sort();
}
