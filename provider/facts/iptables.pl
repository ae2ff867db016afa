# iptables, by what iptables-save prints of all tables.
use strict;
use warnings;

my %builtin = (
    filter => [qw(INPUT FORWARD OUTPUT)],
    raw    => [qw(PREROUTING OUTPUT)],
    nat    => [qw(PREROUTING INPUT OUTPUT POSTROUTING)],
);

# A table as `iptables -S` prints it, from what iptables-save prints of all.
sub iptables {
    my ($table) = @_;
    my ( $code, $text, $err ) = once('iptables-save');
    return ( $code, '', $err ) if !defined $code || $code != 0;
    return if $text =~ /^(?![#*:]|-A |COMMIT$|$)/m;
    # A table that iptables cannot print is a comment here and an error there.
    return if $text =~ /^# Table `?\Q$table\E'? is incompatible/m;
    my ($rules) = $text =~ /^\*\Q$table\E\n(.*?)^COMMIT$/ms;
    return ( 0, join( '', map { "-P $_ ACCEPT\n" } @{ $builtin{$table} } ), '' ) if !defined $rules;
    $rules =~ s/^:(\S+) - .*$/-N $1/mg;
    $rules =~ s/^:(\S+) (\S+) .*$/-P $1 $2/mg;
    return ( 0, $rules, '' );
}
