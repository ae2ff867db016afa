# Probes other endpoints from the network namespace of one: ICMP, TCP, UDP, and the largest packet that gets
# through in one piece. Run it by nsenter in that namespace.
#
#   probe.pl NONCE NAME SECONDS PID:FD:ADDRESS ADDRESS:TCP-PORT:UDP-PORT...
#
# All targets are probed side by side, so it takes as long as the slowest, at most SECONDS; it ends as soon as all
# have answered. It prints a line of fields for each target, in their order: "answer", round trip in ms, the source
# that TCP saw, the one that UDP saw, the largest echo, the link's MTU, the kernel's errors by ICMP, TCP and UDP,
# and ICMP errors as type/code/sender. The last line is "gone" where PID is no endpoint of ours any more, or its
# container has stopped: then nothing above counts.
use strict;
use warnings;
use Socket;
use POSIX ();
use Fcntl;

# Numbers that Socket and POSIX do not name in every version (linux/in.h, linux/sockios.h).
my ($IPPROTO_IP, $PROTO_ICMP, $PROTO_TCP, $PROTO_UDP) = (0, 1, 6, 17);
my ($IP_MTU_DISCOVER, $IP_PMTUDISC_PROBE, $IP_MTU) = (10, 3, 14);
my $SIOCGSTAMP = 0x8906;
my ($ECHO_REPLY, $UNREACHABLE, $ECHO_REQUEST, $TIME_EXCEEDED) = (0, 3, 8, 11);
my $HEADERS = 28;    # IP and ICMP, without options

# Echoes of this number and above measure size, those below the round trip.
my $SIZED = 100;

# Sizes to try where the link's own MTU does not get through: those of jumbo frames, PPPoE, VXLAN, WireGuard, IPv6.
my @LADDER = (
    9000, 8981, 8951, 1500, 1492, 1480, 1472, 1460, 1450, 1440,
    1420, 1400, 1380, 1350, 1300, 1280, 1200, 1000, 576,
);

# Seconds from each round of packets to the next. A lost packet is sent again; the last round waits for the end.
my @PAUSES = (0.02, 0.1, 0.3, 9);

# clock_gettime, for a perl-base without Time::HiRes.
my %CLOCK_GETTIME = (
    x86_64 => 228, aarch64 => 113, riscv64 => 113, ppc64le => 246, s390x => 260, i686 => 265, armv7l => 263,
);
my $clock_gettime = $CLOCK_GETTIME{(POSIX::uname())[4]};
my $has_hires = eval { require Time::HiRes; 1 };

my ($nonce, $name, $limit, $own, @words) = @ARGV;
my @targets = map {
    my ($address, $tcp_port, $udp_port) = split /:/;
    { address => $address, tcp_port => $tcp_port, udp_port => $udp_port, largest => 0, errors => {}, refusals => {} }
} @words;

socket(my $icmp, PF_INET, SOCK_RAW, $PROTO_ICMP) or die "icmp: $!\n";
# Sent whole or not at all, and also where the kernel has learned of a smaller MTU.
setsockopt($icmp, $IPPROTO_IP, $IP_MTU_DISCOVER, pack "i", $IP_PMTUDISC_PROBE);
setsockopt($icmp, SOL_SOCKET, SO_RCVBUF, pack "i", 1 << 20);
# The first call switches time stamps on: when an echo came back is asked of the kernel, because this program may
# be busy with another target just then.
my $stamp = "\0" x 16;
ioctl $icmp, $SIOCGSTAMP, $stamp;
my $echo_id = $$ & 0xffff;

my $begun = now();
begin($_) for 0 .. $#targets;
my ($round, $next_round) = (0, 0);
while (now() - $begun < $limit) {
    if ($round < @PAUSES && now() >= $next_round) {
        send_round($_, $round) for 0 .. $#targets;
        $next_round = now() + $PAUSES[$round++];
    }
    last if $round >= 2 && !grep { !is_done($_) } @targets;
    wait_and_receive();
}
print_answer($_) for @targets;
print "gone\n" unless is_here(split /:/, $own);

# The same two questions as in endpoint.pl.
sub is_here {
    my ($pid, $fd, $address) = @_;
    my $file = readlink "/proc/$pid/fd/$fd";
    return 0 unless defined $file && index($file, "/run/dockroute-check.$nonce.") == 0;
    open my $table, "<", "/proc/$pid/net/fib_trie" or return 0;
    return scalar grep { /\|-- \Q$address\E$/ } <$table>;
}

sub now {
    return Time::HiRes::time() if $has_hires;
    my $time = "\0" x 16;
    return time unless $clock_gettime && syscall($clock_gettime, 0, $time) == 0;
    my ($seconds, $nanoseconds) = unpack "l! l!", $time;
    return $seconds + $nanoseconds / 1e9;
}

sub begin {
    my ($at) = @_;
    my $target = $targets[$at];
    my $peer = inet_aton $target->{address};
    socket($target->{udp}, PF_INET, SOCK_DGRAM, $PROTO_UDP) or die "udp: $!\n";
    connect($target->{udp}, sockaddr_in($target->{udp_port}, $peer)) or $target->{errors}{udp} = "$!";
    my $mtu = getsockopt $target->{udp}, $IPPROTO_IP, $IP_MTU;
    $target->{mtu} = $mtu ? unpack("i", $mtu) : 1500;
    send_echo($at, 0, 0);
    socket($target->{tcp}, PF_INET, SOCK_STREAM, $PROTO_TCP) or die "tcp: $!\n";
    fcntl $target->{tcp}, F_SETFL, O_NONBLOCK;
    connect($target->{tcp}, sockaddr_in($target->{tcp_port}, $peer))
        or $!{EINPROGRESS}
        or $target->{errors}{tcp} = "$!";
    return;
}

# An echo of $size bytes with its headers; 0 means as small as its text.
sub send_echo {
    my ($at, $sequence, $size) = @_;
    my $target = $targets[$at];
    my $data = sprintf "%s %s %d %d %d %.6f ", $nonce, $name, $at, $sequence, $size, now();
    $data .= "." x ($size - $HEADERS - length $data) if $size > $HEADERS + length $data;
    my $head = pack "C C n n n", $ECHO_REQUEST, 0, 0, $echo_id, $sequence;
    $head = pack "C C n n n", $ECHO_REQUEST, 0, checksum($head . $data), $echo_id, $sequence;
    defined send($icmp, $head . $data, 0, sockaddr_in(0, inet_aton $target->{address}))
        or $target->{errors}{icmp} ||= "$!";
    return;
}

sub checksum {
    my ($packet) = @_;
    $packet .= "\0" if length($packet) % 2;
    my $sum = unpack "%32n*", $packet;
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}

# All probes without an answer yet, once more. The sizes below the MTU are tried only once the MTU failed.
sub send_round {
    my ($at, $number) = @_;
    my $target = $targets[$at];
    send_echo($at, $number, 0) if $number > 0 && ($number < 3 || !defined $target->{round_trip});
    send $target->{udp}, "$nonce $name $at", 0 unless $target->{udp_source};
    return if $target->{largest} >= $target->{mtu};
    if ($number > 0) {
        $LADDER[$_] < $target->{mtu} && send_echo($at, $SIZED + $_, $LADDER[$_]) for 0 .. $#LADDER;
    }
    send_echo($at, $SIZED, $target->{mtu});
    return;
}

sub is_done {
    my ($target) = @_;
    return
           defined $target->{round_trip}
        && $target->{udp_source}
        && $target->{tcp_source}
        && $target->{largest} >= $target->{mtu};
}

sub wait_and_receive {
    my ($readable, $writable) = ("", "");
    vec($readable, fileno $icmp, 1) = 1;
    for my $target (@targets) {
        vec($readable, fileno $target->{udp}, 1) = 1;
        next if $target->{tcp_source} || $target->{errors}{tcp};
        if   ($target->{connected}) { vec($readable, fileno $target->{tcp}, 1) = 1 }
        else                        { vec($writable, fileno $target->{tcp}, 1) = 1 }
    }
    my $wait = $begun + $limit - now();
    $wait = $next_round - now() if $round < @PAUSES && $next_round - now() < $wait;
    return unless select($readable, $writable, undef, $wait > 0 ? $wait : 0) > 0;

    receive_icmp() if vec($readable, fileno $icmp, 1);
    for my $target (@targets) {
        receive_udp($target) if vec($readable, fileno $target->{udp}, 1);
        my $tcp = fileno $target->{tcp};
        next if $target->{tcp_source} || $target->{errors}{tcp};
        if (!$target->{connected}) { finish_connect($target) if vec($writable, $tcp, 1) }
        elsif (vec($readable, $tcp, 1)) { receive_tcp($target) }
    }
    return;
}

sub receive_udp {
    my ($target) = @_;
    if (defined recv($target->{udp}, my $source, 99, 0)) { $target->{udp_source} = $source }
    else                                                 { $target->{errors}{udp} = "$!" }
    return;
}

sub finish_connect {
    my ($target) = @_;
    my $error = unpack "i", getsockopt($target->{tcp}, SOL_SOCKET, SO_ERROR);
    if ($error) { $target->{errors}{tcp} = POSIX::strerror($error) }
    else        { $target->{connected} = 1 }
    return;
}

sub receive_tcp {
    my ($target) = @_;
    my $got = sysread $target->{tcp}, my $source, 99;
    if ($got) {
        chomp $source;
        $target->{tcp_source} = $source;
    }
    else { $target->{errors}{tcp} = defined $got ? "closed" : "$!" }
    return;
}

sub receive_icmp {
    my $sender = recv $icmp, my $packet, 65535, 0;
    return unless defined $sender && length $sender && length $packet;
    my $start = (unpack("C", $packet) & 15) * 4;
    return if length($packet) < $start + 8;
    my ($type, $code) = unpack "C C", substr $packet, $start, 2;
    if ($type == $ECHO_REPLY && substr($packet, $start + 8) =~ /^\Q$nonce\E \S+ (\d+) (\d+) (\d+) ([\d.]+) /) {
        receive_echo($targets[$1], $2, $3, $4) if $1 < @targets;
    }
    elsif (($type == $UNREACHABLE || $type == $TIME_EXCEEDED) && length($packet) >= $start + $HEADERS) {
        # The packet that met the error is quoted: its destination tells which target it was for.
        my $about = inet_ntoa(substr $packet, $start + 24, 4);
        my $by = inet_ntoa((sockaddr_in($sender))[1]);
        $_->{refusals}{"$type/$code/$by"} = 1 for grep { $_->{address} eq $about } @targets;
    }
    return;
}

sub receive_echo {
    my ($target, $sequence, $size, $sent) = @_;
    if ($sequence >= $SIZED) {
        $target->{largest} = $size if $size > $target->{largest};
        return;
    }
    my ($seconds, $microseconds) = ioctl($icmp, $SIOCGSTAMP, $stamp) ? unpack("l! l!", $stamp) : (now(), 0);
    my $took = $seconds + $microseconds / 1e6 - $sent;
    $target->{round_trip} = $took if !defined $target->{round_trip} || $took < $target->{round_trip};
    return;
}

# A text from the wire is untrusted: only characters that cannot break the line.
sub plain {
    my ($text) = @_;
    $text = "" unless defined $text;
    $text =~ s{[^\w ./-]}{}g;
    return $text;
}

sub print_answer {
    my ($target) = @_;
    my $round_trip = defined $target->{round_trip} ? sprintf("%.3f", $target->{round_trip} * 1000) : "";
    my @fields = (
        $round_trip, @$target{qw(tcp_source udp_source largest mtu)},
        @{ $target->{errors} }{qw(icmp tcp udp)}, join(" ", sort keys %{ $target->{refusals} }),
    );
    return print join("\t", "answer", map { plain($_) } @fields), "\n";
}
