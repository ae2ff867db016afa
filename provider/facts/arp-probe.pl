# Asks by ARP who has the addresses of a range on a link, and prints "ADDRESS MAC" for each that answers. The question has
# no sender's address (RFC 5227), so nobody's table changes.
use strict;
use warnings;

my ( $link, $range ) = @ARGV;
my ( $first, $prefix ) = split m{/}, $range;
my $from = unpack 'N', pack 'C4', split /\./, $first;
my $last = $from + 2**( 32 - $prefix ) - 1;

sub word_of {
    my ($name) = @_;
    open my $file, '<', "/sys/class/net/$link/$name" or exit 0;
    my $word = <$file>;
    chomp $word;
    return $word;
}

# AF_PACKET, SOCK_RAW and ETH_P_ARP: the module Socket is not everywhere, and does not know them.
my $arp = unpack 'S', pack 'n', 0x0806;
socket my $wire, 17, 3, $arp or die "no socket: $!\n";
bind $wire, pack 'S S i S C C a8', 17, $arp, word_of('ifindex'), 0, 0, 0, '' or die "not on $link: $!\n";
my $mac = pack 'H12', word_of('address') =~ s/://gr;
my %found;

sub listen_for {
    my ($seconds) = @_;
    while (1) {
        my $ready = '';
        vec( $ready, fileno $wire, 1 ) = 1;
        my $left;
        ( my $count, $left ) = select $ready, undef, undef, $seconds;
        return if !$count;
        $seconds = $left;
        sysread $wire, my $frame, 1500 or return;
        next if length $frame < 42;
        my ( $operation, $sender, $address ) = unpack 'x20 n a6 N', $frame;
        next if $operation != 2 || $address < $from || $address > $last;
        $found{$address} = join ':', unpack '(H2)6', $sender;
    }
    return;
}

for my $round ( 1 .. 2 ) {
    for my $address ( $from .. $last ) {
        next if $found{$address};
        my $frame = pack 'H12 a6 n n n C C n a6 N a6 N', 'f' x 12, $mac, 0x0806, 1, 0x0800, 6, 4, 1, $mac, 0, '', $address;
        syswrite $wire, pack 'a60', $frame;
        listen_for(0.001) if $address % 8 == 0;
    }
    listen_for(0.4);
}
print join( '.', unpack 'C4', pack 'N', $_ ), " $found{$_}\n" for sort { $a <=> $b } keys %found;
