# A probe endpoint: listens by TCP, UDP and ICMP in one network namespace, notes who came, and answers each with
# the address it saw. Perl does it, because every Debian and Ubuntu has it (perl-base is Essential).
#
#   listen NONCE SECONDS [ADDRESS]   starts an endpoint; prints "endpoint PID FD TCP-PORT UDP-PORT"
#   notes NONCE ENDPOINT             renews it; prints who came, and TCP calls that are still unanswered
#   renew NONCE ENDPOINT...          renews each; prints "gone PID" for one that is no more
#   end NONCE ENDPOINT...            ends each
#
# ENDPOINT is PID:FD:ADDRESS. Nothing has to be tidied up: an endpoint ends itself SECONDS after it was last
# renewed, whatever becomes of the program that started it, and its notes are a file without a name. That file is
# also how an endpoint is told from a process that got the same number later: the kernel still shows the name that
# the file had, with the nonce in it.
use strict;
use warnings;
use Socket;
use POSIX ();

# Numbers that Socket and POSIX do not name in every version.
my ($PROTO_ICMP, $PROTO_TCP, $PROTO_UDP) = (1, 6, 17);
my $ICMP_ECHO_REQUEST = 8;

my ($verb, $nonce, @arguments) = @ARGV;
if ($verb eq "listen") { listen_and_note(@arguments) }
elsif ($verb eq "notes") { print_notes($_) for @arguments }
elsif ($verb eq "renew") { renew($_) for @arguments }
elsif ($verb eq "end") { end($_) for @arguments }
else { die "no verb $verb\n" }

sub notes_path { return "/run/dockroute-check.$nonce" }

# True if process $pid holds our notes. A signal and /proc/PID reach any process of that number: ask this first.
sub is_ours {
    my ($pid, $fd) = @_;
    my $file = readlink "/proc/$pid/fd/$fd";
    return defined $file && index($file, notes_path() . ".") == 0;
}

# True if it can still be reached. An endpoint in a stopped container lives on, in a namespace without an address.
sub has_address {
    my ($pid, $address) = @_;
    open my $table, "<", "/proc/$pid/net/fib_trie" or return 0;
    return scalar grep { /\|-- \Q$address\E$/ } <$table>;
}

sub renew {
    my ($pid, $fd, $address) = split /:/, $_[0];
    return if is_ours($pid, $fd) && has_address($pid, $address) && kill USR1 => $pid;
    return print "gone $pid\n";
}

sub end {
    my ($pid, $fd) = split /:/, $_[0];
    return is_ours($pid, $fd) && kill TERM => $pid;
}

sub print_notes {
    my ($endpoint) = @_;
    my ($pid, $fd) = split /:/, $endpoint;
    for my $path ("/proc/$pid/fd/$fd", "/proc/$pid/net/tcp") {
        open my $file, "<", $path or next;
        while (my $line = <$file>) { print $line }
    }
    # Asked last: where the endpoint ended in between, the file that was read may be another process's.
    return renew($endpoint);
}

sub listen_and_note {
    my ($seconds, $address) = @_;
    # The process that this namespace was found by may have ended since, and its number be another's.
    die "no $address: the container has stopped\n" if defined $address && !has_address("self", $address);
    my ($icmp, $udp, $tcp);
    socket($icmp, PF_INET, SOCK_RAW, $PROTO_ICMP) or die "icmp: $!\n";
    socket($udp, PF_INET, SOCK_DGRAM, $PROTO_UDP) && bind($udp, sockaddr_in(0, INADDR_ANY)) or die "udp: $!\n";
    socket($tcp, PF_INET, SOCK_STREAM, $PROTO_TCP) && bind($tcp, sockaddr_in(0, INADDR_ANY)) && listen($tcp, 256)
        or die "tcp: $!\n";
    my $path = notes_path() . ".$$";
    open(my $notes, "+>", $path) or die "$path: $!\n";
    unlink $path;

    # Before the fork: a renewal may come as soon as the number is printed, and would end a process without this.
    $SIG{USR1} = sub { alarm $seconds };
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if ($child) {
        my ($tcp_port) = sockaddr_in(getsockname $tcp);
        my ($udp_port) = sockaddr_in(getsockname $udp);
        print join(" ", "endpoint", $child, fileno($notes), $tcp_port, $udp_port), "\n";
        # Without the END blocks and the buffers that the child has too.
        POSIX::_exit(close(STDOUT) ? 0 : 1);
    }
    POSIX::setsid();
    open STDIN,  "<", "/dev/null";
    open STDOUT, ">", "/dev/null";
    open STDERR, ">", "/dev/null";
    $SIG{PIPE} = "IGNORE";
    alarm $seconds;
    serve($icmp, $udp, $tcp, $notes) while 1;
    return;
}

sub address_of { return inet_ntoa((sockaddr_in($_[0]))[1]) }

# Waits for a packet on any of the three, notes where it came from, and answers.
sub serve {
    my ($icmp, $udp, $tcp, $notes) = @_;
    my $ready = "";
    vec($ready, fileno $_, 1) = 1 for $icmp, $udp, $tcp;
    return unless select($ready, undef, undef, undef) > 0;

    if (vec($ready, fileno $icmp, 1) && defined(my $peer = recv($icmp, my $packet, 65535, 0))) {
        # The kernel answers the echo; its data begins after the IP header and 8 bytes of ICMP.
        my $start = length $packet ? (unpack("C", $packet) & 15) * 4 : 0;
        my $is_whole = length($packet) > $start + 8;
        my $type = $is_whole ? unpack("C", substr $packet, $start, 1) : -1;
        if ($type == $ICMP_ECHO_REQUEST && substr($packet, $start + 8) =~ /^\Q$nonce\E (\S+) /) {
            note($notes, "icmp", $1, address_of($peer));
        }
    }
    if (vec($ready, fileno $udp, 1) && defined(my $peer = recv($udp, my $text, 2048, 0))) {
        if ($text =~ /^\Q$nonce\E (\S+) /) {
            note($notes, "udp", $1, address_of($peer));
            send $udp, address_of($peer), 0, $peer;
        }
    }
    if (vec($ready, fileno $tcp, 1) && (my $peer = accept my $call, $tcp)) {
        note($notes, "tcp", "?", address_of($peer));
        syswrite $call, address_of($peer) . "\n";
        close $call;
    }
    return;
}

sub note {
    my ($notes, @words) = @_;
    return syswrite $notes, join(" ", @words) . "\n";
}
