# nftables: one listing of all rules as text answers most questions.
use strict;
use warnings;

# Every line is that of a table, of something in it, or a remark.
sub nft_text {
    my @found = once(qw(nft -s -t -y list ruleset));
    return @found if !defined $found[0] || $found[0] != 0;
    return $found[1] =~ /^(?!table .* \{(?: #.*)?$|\t|\}$|#|$)/m ? () : @found;
}

sub has_table { my ( undef, $text ) = nft_text(); return $text =~ /^table \Q$_[0]\E \{/m }

sub nft_table {
    my ($table) = @_;
    my ( $code, undef, $err ) = nft_text();
    return ( $code, '', $err ) if !defined $code || $code != 0;
    return has_table($table) ? ( 0, '', '' ) : ( 1, '', "Error: No such file or directory\n" );
}

# Both of dockroute's own tables at once, a line of JSON each.
sub nft_json {
    my ($table) = @_;
    my @found = nft_table($table);
    return @found if !defined $found[0] || $found[0] != 0;
    my @ours = grep { has_table($_) } 'ip dockroute', 'ip6 dockroute';
    my ( $code, $out, $err ) = once( qw(nft -j), join '; ', map { "list table $_" } @ours );
    my @lines = split /^/, $out;
    return if !defined $code || $code != 0 || @lines != @ours;
    my ($at) = grep { $ours[$_] eq $table } 0 .. $#ours;
    return ( 0, $lines[$at], '' );
}
