/** Containers that talk with each other throughout a change, and a count of what was lost between them. */
import type { Host } from "../../lab/host.js";
import { sleep, until } from "../../lab/run.js";
import type { Place } from "./mesh.js";
import { inNetworkOf } from "./packets.js";

const port = 7100;

/** Echoes whatever comes, on any number of connections, until it is interrupted. */
const echo = `
use IO::Socket::INET; use IO::Select;
$SIG{INT} = sub { exit };
my $door = IO::Socket::INET->new(LocalPort => ${port}, Listen => 100, ReuseAddr => 1) or die $!;
my $all = IO::Select->new($door);
while (1) {
  for my $socket ($all->can_read) {
    if ($socket == $door) { $all->add(scalar $door->accept); next }
    if (sysread($socket, my $text, 100)) { syswrite $socket, $text; next }
    $all->remove($socket); close $socket;
  }
}`;

/** Both print how much was sent, how much came back, and how many segments the kernel had to send again. */
const client = `
use IO::Socket::INET;
my ($to) = @ARGV;
my ($end, $sent, $echoed, $again) = (0, 0, 0, 0);
$SIG{INT} = sub { $end = 1 };
sub dial { IO::Socket::INET->new(PeerAddr => $to, PeerPort => ${port}, Proto => "tcp") }
sub once {
  my ($socket) = @_;
  $sent++;
  return 0 unless defined $socket && syswrite($socket, "x");
  my $got;
  do { $got = sysread($socket, my $text, 9) } until defined $got || !$!{EINTR};
  return 0 unless $got;
  return ++$echoed;
}
# struct tcp_info: tcpi_total_retrans
sub retransmitted { my ($socket) = @_; $socket ? unpack("x100 L", getsockopt($socket, 6, 11)) : 0 }
`;
const oneStream = `${client}
my $socket = dial();
until ($end) { once($socket) or last; select undef, undef, undef, 0.02 }
print "$sent $echoed ", retransmitted($socket), "\\n";`;
const newStreams = `${client}
until ($end) {
  my $socket = dial();
  once($socket);
  $again += retransmitted($socket);
  close $socket if $socket;
  select undef, undef, undef, 0.1;
}
print "$sent $echoed $again\\n";`;

/** Ends a talker, and returns what it lost. */
type End = () => Promise<readonly string[]>;

/**
 * The box of each host pings that of each other host every 20 ms, keeps a TCP connection busy and opens new ones.
 *
 * @returns a function that ends it all and returns a line for each talker that lost something. [] if nothing was lost
 */
export async function talk(all: readonly Place[]): Promise<() => Promise<readonly string[]>> {
  const hosts = all.map(({ host }) => host);
  const doors = await Promise.all(hosts.map((host) => start(host, "echo", ["perl", "-e", echo])));
  await Promise.all(
    hosts.map((host) =>
      until(`an echo in the box of ${host.name}`, 10_000, async () => {
        const probe = [
          "perl",
          "-MIO::Socket::INET",
          "-e",
          `exit !IO::Socket::INET->new("127.0.0.1:${port}")`,
        ];
        return (await inNetworkOf(host, probe)).code === 0;
      }),
    ),
  );
  const talkers = await Promise.all(
    all.flatMap((from) => all.filter((to) => to !== from).flatMap((to) => talkersOf(from.host, to))),
  );
  return async (): Promise<readonly string[]> => {
    const lost = await Promise.all(talkers.map((end) => end()));
    await Promise.all(doors.map((stop) => stop()));
    return lost.flat();
  };
}

function talkersOf(from: Host, { host: { name: peer }, box: address }: Place): readonly Promise<End>[] {
  const talker = async (
    what: string,
    argv: readonly string[],
    lostIn: (text: string) => string | undefined,
  ): Promise<End> => {
    const stop = await start(from, `${what.replace(/ /g, "-")}-${peer}`, argv);
    return async () => {
      const lost = lostIn(await stop());
      return lost === undefined ? [] : [`${what} from ${from.name} to ${peer}: ${lost}`];
    };
  };
  return [
    talker("ping", ["ping", "-n", "-i", "0.02", address], lostPings),
    talker("one stream", ["perl", "-e", oneStream, address], lostSegments),
    talker("new streams", ["perl", "-e", newStreams, address], lostSegments),
  ];
}

/** Starts a program in the network of the box; the function returned interrupts it and returns its output. */
async function start(host: Host, name: string, argv: readonly string[]): Promise<() => Promise<string>> {
  const file = `/run/talk-${name}.pid`;
  const noted = ["sh", "-c", 'echo $$ >"$0"; exec "$@"', file, ...argv];
  const running = inNetworkOf(host, noted);
  await until(
    `${name} on ${host.name}`,
    10_000,
    async () => (await host.exec(["test", "-s", file])).code === 0,
  );
  return async () => {
    await host.run(["sh", "-c", 'kill -INT "$(cat "$0")"; rm "$0"', file]);
    const { stdout, stderr } = await running;
    return `${stdout}${stderr}`;
  };
}

/** The last one may have been under way when the program was interrupted. */
function lostPings(text: string): string | undefined {
  const numbers = [...text.matchAll(/icmp_seq=(\d+) ttl=/g)].map(([, number]) => Number(number));
  const last = Math.max(0, ...numbers);
  const missing = Array.from({ length: last }, (_, at) => at + 1).filter(
    (number) => !numbers.includes(number),
  );
  if (last < 100) return `no more than ${last} answers: ${text.slice(-300)}`;
  const which = missing.slice(0, 20).join(", ");
  return missing.length === 0 ? undefined : `${missing.length} of ${last} without an answer: ${which}`;
}

function lostSegments(text: string): string | undefined {
  const [sent = 0, echoed = 0, again = 0] = text.trim().split(" ").map(Number);
  if (sent >= 20 && echoed === sent && again === 0) return undefined;
  return `${sent} sent, ${echoed} echoed, ${again} segments sent again: ${text.slice(-300)}`;
}

/** Long enough that each talker has something to lose before and after a change. */
export const breath = (): Promise<void> => sleep(3000);
