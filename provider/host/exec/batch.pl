# Runs a batch of commands in one process, and answers its questions as the programs in their argv would. A host pays for
# every program that is started: a file is written here in place of four programs, all routes go to iproute2 at once, and
# Docker's socket is asked in place of Docker's program, which starts a dozen threads each time.
#
#   DOCKROUTE_BATCH=BATCH perl -e TEXT MARK, or perl -e TEXT MARK <BATCH
#
# TEXT is this file and those that perl.ts names after it: write.pl, and the words of each foreign program in provider/facts.
#
# The batch is a list of fields, "5:hello". A command is its number, the number of its section ("" for a question), the
# count of its words, the words, how many texts follow (0 or 1) and the text for its input. The first word is a verb of
# this program, or "run" before an argv.
#
# Sections are independent of each other, and the first failure in one ends it. So they go side by side: the first commands
# of all, then the second ones. A step that several of them need is done once, and their files are written together.
#
# Each answer stands between the marks of provider/host/exec/batch.ts. A question gets no answer where this program is not
# sure that it would be the same: dockroute then runs the argv. A test on hosts holds both side by side.
use strict;
use warnings;
use IO::Handle;

my $mark = shift @ARGV;
my ( @changes, @questions );

# --- the batch ---

sub fields {
    local $/;
    my $text = delete $ENV{DOCKROUTE_BATCH} // <STDIN>;
    my @fields;
    while ( $text =~ /\G(\d+):/gc ) {
        push @fields, substr $text, pos $text, $1;
        pos($text) += $1;
    }
    return @fields;
}

sub read_batch {
    my @fields = fields();
    while (@fields) {
        my ( $number, $section, $count ) = splice @fields, 0, 3;
        my @words = splice @fields, 0, $count;
        my ($input) = splice @fields, 0, shift @fields;
        my $command = { number => $number, section => $section, words => \@words, input => $input };
        push @{ $section eq '' ? \@questions : \@changes }, $command;
    }
    return;
}

sub answer {
    my ( $command, $code, $out, $err ) = @_;
    print STDOUT "\n$mark begin $command->{number}\n$out\n$mark end $command->{number} $code\n";
    print STDERR "\n$mark begin $command->{number}\n$err\n$mark end $command->{number} $code\n";
    STDOUT->flush;
    return;
}

# Names the commands that are under way, for the case that their answers never come. False if nobody listens any more.
sub begin { print STDOUT map { "\n$mark begin $_->{number}\n" } @_; return STDOUT->flush }

# --- other programs ---

# The bound of provider/host/exec/running.ts, which is that of all answers together.
sub most_bytes { return 32 * 1024 * 1024 }

# Both streams of a program, and its code. It gets no code if it has printed too much.
sub run {
    my ( $input, @argv ) = @_;
    path_of( $argv[0] ) or return ( 127, '', "$argv[0]: not found\n" );
    pipe my $in,  my $to_in  or return;
    pipe my $out, my $to_out or return;
    pipe my $err, my $to_err or return;
    my $pid = fork;
    return if !defined $pid;
    if ( $pid == 0 ) {
        $SIG{PIPE} = 'DEFAULT';
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $to_out;
        open STDERR, '>&', $to_err;
        exec {$argv[0]} @argv or exit 127;
    }
    close $_ for $in, $to_out, $to_err;
    my $left = $input;
    my %text = ( fileno $out, '', fileno $err, '' );
    my %open = ( fileno $out, $out, fileno $err, $err );
    while (%open) {
        # A program may print before it has read all: neither waits for the other.
        if ( defined $left && $left eq '' ) { close $to_in; $left = undef }
        my ( $ready, $takes ) = ( '', '' );
        vec( $ready, $_, 1 ) = 1 for keys %open;
        vec( $takes, fileno $to_in, 1 ) = 1 if defined $left;
        select $ready, $takes, undef, undef;
        if ( defined $left && vec $takes, fileno $to_in, 1 ) {
            my $taken = syswrite $to_in, $left, 4096;
            $left = defined $taken ? substr $left, $taken : '';
        }
        for ( grep { vec $ready, $_, 1 } keys %open ) {
            sysread( $open{$_}, $text{$_}, 65536, length $text{$_} ) or delete $open{$_};
            next if length $text{$_} <= most_bytes();
            kill 'KILL', $pid;
            %open = ();
        }
    }
    waitpid $pid, 0;
    return ( $? & 127 ? undef : $? >> 8, @text{ fileno $out, fileno $err } );
}

my %ran;

sub once { my @argv = @_; return @{ $ran{"@argv"} ||= [ run( '', @argv ) ] } }

sub run_argv {
    my ($command) = @_;
    my ( undef, $count, @words ) = @{ $command->{words} };
    my ( $code, $out, $err ) = run( $command->{input} // '', splice @words, 0, $count );
    $code //= 137;
    # More facts about a failure.
    ( undef, my $more, my $besides ) = run( '', @words ) if $code != 0 && @words;
    return [ $code, $out, join '', $err, grep { defined } $more, $besides ];
}

# --- changes ---

# The same words with the same input in one round: several sections need it.
sub key { my ($command) = @_; return join "\0", @{ $command->{words} }, $command->{input} // '' }

sub make_round {
    my @round = @_;
    my ( %first, %result );
    $first{ key($_) } //= $_ for @round;
    my @distinct = grep { $first{ key($_) } == $_ } @round;
    begin(@round);
    for my $verb (qw(write ip)) {
        my @together = grep { $_->{words}[0] eq $verb } @distinct or next;
        my @results = $verb eq 'write' ? write_files(@together) : change_ip(@together);
        $result{ key( $together[$_] ) } = $results[$_] for 0 .. $#together;
    }
    my %alone = ( link => \&make_link, 'forget-flows' => \&forget_flows );
    $result{ key($_) } //= ( $alone{ $_->{words}[0] } // \&run_argv )->($_) for @distinct;
    answer( $_, @{ $result{ key($_) } } ) for @round;
    return grep { $result{ key($_) }[0] != 0 } @round;
}

sub make_changes {
    my ( %sections, %failed );
    push @{ $sections{ $_->{section} } }, $_ for @changes;
    my @order = sort { $a <=> $b } keys %sections;
    while ( my @round = map { @{ $sections{$_} } ? shift @{ $sections{$_} } : () } grep { !$failed{$_} } @order ) {
        $failed{ $_->{section} } = 1 for make_round(@round);
    }
    return;
}

# --- the answers ---

my %verbs = (
    file => \&file, owner => \&owner, place => \&place, files => \&files, links => \&links, settings => \&settings,
    variable => \&variable, program => \&program, ip => \&ip, rules => \&rules, nft => \&nft_text,
    'nft-table' => \&nft_table, 'nft-json' => \&nft_json, iptables => \&iptables, firewalld => \&firewalld,
    'docker-installed' => \&docker_installed, dockerd => \&dockerd, docker => \&docker, info => \&info, networks => \&networks,
);

# The words of all questions with this verb.
sub asked {
    my ($verb) = @_;
    return map { my ( $first, @words ) = @{ $_->{words} }; $first eq $verb ? [@words] : () } @questions;
}

sub answer_question {
    my ($question) = @_;
    my ( $verb, @words ) = @{ $question->{words} };
    begin($question) or exit 1;
    my ( $code, $out, $err ) = $verb eq 'run' ? @{ run_argv($question) } : eval { $verbs{$verb}->(@words) };
    answer( $question, $code, $out, $err ) if defined $code;
    return;
}

sub main {
    local $SIG{PIPE} = 'IGNORE';
    STDERR->autoflush(1);
    read_batch();
    make_changes();
    answer_question($_) for @questions;
    return;
}
