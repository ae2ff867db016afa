# conntrack, as provider/facts/conntrack-forget.sh.
use strict;
use warnings;

sub number { my $sum = 0; $sum = $sum * 256 + $_ for split /\./, shift; return $sum }

# One program where no flow is to be forgotten, which is the rule.
sub forget_flows {
    my ( undef, $from, @ranges ) = @{ $_[0]{words} };
    my ( undef, $list ) = run( '', qw(conntrack -L -s), $from );
    my %found;
    for ( split /\n/, $list // '' ) {
        my ($kind) = /\A(icmp|udp|tcp) / or next;
        my $state = /\Atcp +\d+ +\d+ (SYN_SENT|SYN_RECV) / ? $1 : '';
        next if $kind eq 'tcp' && $state eq '';
        my ($to) = / dst=([0-9.]+)/ or next;
        for my $range (@ranges) {
            my ( $first, $prefix ) = split m{/}, $range;
            my $size = 2**( 32 - ( $prefix // 32 ) );
            next if int( number($to) / $size ) != int( number($first) / $size );
            $found{"$range $kind $state"} = [ '-d', $range, '-p', $kind, $state eq '' ? () : ( '--state', $state ) ];
        }
    }
    run( '', qw(conntrack -D -s), $from, @{ $found{$_} } ) for sort keys %found;
    return [ 0, '', '' ];
}
