# iproute2, as one program for all that a batch asks of it, and one for all that it changes.
use strict;
use warnings;

# The reasons that lines of a batch of iproute2 failed, by their numbers.
sub failed_lines {
    my ($err) = @_;
    my ( %failed, $said );
    for ( split /^/, $err ) {
        if   (/\ACommand failed -:(\d+)/) { $failed{$1} = $said // $_; $said = undef }
        else                              { $said .= $_ }
    }
    return %failed;
}

# `ip -batch` answers all of iproute2's questions: one line of JSON each, and a line on the other stream for a failure.
my ( $is_asked, %way );

sub ask_ip {
    $is_asked = 1;
    my @asked = map { "@$_" } asked('ip');
    my ( $code, $out, $err ) = run( join( '', map { "$_\n" } @asked ), qw(ip -j -4 -force -batch -) );
    my @lines = grep { /\A\[/ } split /\n/, $out;
    my %failed = failed_lines($err);
    return if @lines != @asked - keys %failed;
    for my $at ( 0 .. $#asked ) {
        my $why = $failed{ $at + 1 };
        $way{ $asked[$at] } = defined $why ? [ 2, '', $why ] : [ 0, shift(@lines) . "\n", '' ];
    }
    return;
}

sub ip {
    ask_ip() if !$is_asked;
    return @{ $way{"@_"} || [] };
}

# The policy rules, and the routes of the tables that they name beside the kernel's own.
sub rules {
    my ( $code, $text ) = once(qw(ip -4 rule show));
    return ( $code, $text, '' ) if !defined $code || $code != 0;
    my %tables = map { $_ => 1 } grep { !/\A(local|main|default)\z/ } $text =~ / lookup (\S+)/g;
    for my $table ( sort keys %tables ) {
        my ( undef, $routes ) = once( qw(ip -4 route show table), $table );
        $text .= join '', map { "table $table $_" } split /^/, $routes;
    }
    return ( 0, $text, '' );
}

# The changes that iproute2 makes: one program for all.
sub change_ip {
    my @commands = @_;
    my @lines = map { my ( undef, @words ) = @{ $_->{words} }; "@words" } @commands;
    my ( $code, undef, $err ) = run( join( '', map { "$_\n" } @lines ), qw(ip -force -batch -) );
    my %failed = failed_lines($err);
    # It ends with 1 if a line failed, and with something else if it could not do its work.
    my $broken = defined $code && ( $code == 0 || %failed ) ? undef : [ $code // 137, '', $err ];
    return map { $broken // ( defined $failed{$_} ? [ 2, '', $failed{$_} ] : [ 0, '', '' ] ) } 1 .. @commands;
}
