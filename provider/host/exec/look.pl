# Answers many questions about a host in one process, each as the program in its argv would: a host pays for every
# program that is started, and Docker's own starts a dozen threads each time. It changes nothing.
#
#   perl -e TEXT MARK QUESTION...    a question is its number, a verb and the verb's words, one a line
#
# Each answer stands between the marks of provider/host/exec/batch.ts. A question gets no answer where this program is not
# sure that it would be the same: dockroute then runs the argv. A test on hosts holds both side by side.
use strict;
use warnings;
use Cwd qw(abs_path);
use Socket qw(AF_UNIX SOCK_STREAM sockaddr_un);

my ( $mark, @questions ) = @ARGV;
my $docker_socket = '/var/run/docker.sock';
my $units = '/etc/systemd/system';

# --- files ---

sub content {
    my ( $path, $most ) = @_;
    open my $file, '<', $path or return;
    my $text = '';
    while ( my $read = sysread $file, my $piece, 65536 ) {
        $text .= $piece;
        return substr $text, 0, $most if defined $most && length $text >= $most;
    }
    return $text;
}

sub missing { my ( $program, $path ) = @_; return ( 1, '', "$program: $path: $!\n" ) }

sub file {
    my ($path) = @_;
    my $text = content($path);
    return defined $text ? ( 0, $text, '' ) : missing( 'cat', $path );
}

sub owner {
    my ($path) = @_;
    my @stat = stat $path or return missing( 'stat', $path );
    return ( 0, sprintf( "%o %d:%d\n", $stat[2] & 07777, $stat[4], $stat[5] ), '' );
}

sub place {
    my ($path) = @_;
    my $real = abs_path($path);
    return defined $real ? ( 0, "$real\n", '' ) : ( 1, '', '' );
}

# Everything below a folder, without what a symbolic link leads to.
sub below {
    my ($folder) = @_;
    opendir my $open, $folder or return;
    my @names = grep { $_ ne '.' && $_ ne '..' } readdir $open;
    return map { my $path = "$folder/$_"; ( $path, -l $path || !-d _ ? () : below($path) ) } @names;
}

# A place is a folder, or a folder and how the names in it begin: "/etc/systemd/system dockroute".
sub in_place {
    my ( $folder, $begin ) = split / /, shift;
    return grep { !defined $begin || m{/\Q$begin\E[^/]*\z} } below($folder);
}

# As `head -v` prints them.
sub files {
    my @texts;
    for my $path ( grep { !-l && -f _ } map { in_place($_) } @_ ) {
        my $text = content( $path, 100000 );
        push @texts, "==> $path <==\n$text" if defined $text;
    }
    return ( 0, join( "\n", @texts ), '' );
}

sub links { return ( 0, join( '', map { "$_\n" } grep { -l } in_place(@_) ), '' ) }

# "eth0/rp_filter:1": a setting of each link.
sub settings {
    my ( $folder, $name ) = @_;
    opendir my $open, $folder or return missing( 'grep', $folder );
    my @lines;
    for my $link ( grep { !/\A\./ } readdir $open ) {
        my $value = content("$folder/$link/$name");
        push @lines, "$link/$name:$value" if defined $value;
    }
    return ( 0, join( '', @lines ), '' );
}

sub variable { my ($name) = @_; return defined $ENV{$name} ? ( 0, "$ENV{$name}\n", '' ) : ( 1, '', '' ) }

sub path_of {
    my ($program) = @_;
    for ( split /:/, $ENV{PATH} ) { return "$_/$program" if -x "$_/$program" && !-d _ }
    return;
}

sub program { return path_of(@_) ? ( 0, '', '' ) : ( 127, '', '' ) }

# --- other programs ---

# Both streams of a program, and its code.
sub run {
    my ( $input, @argv ) = @_;
    path_of( $argv[0] ) or return ( 127, '', "$argv[0]: not found\n" );
    pipe my $in,  my $to_in  or return;
    pipe my $out, my $to_out or return;
    pipe my $err, my $to_err or return;
    my $pid = fork;
    return if !defined $pid;
    if ( $pid == 0 ) {
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $to_out;
        open STDERR, '>&', $to_err;
        exec {$argv[0]} @argv or exit 127;
    }
    close $_ for $in, $to_out, $to_err;
    syswrite $to_in, $input;
    close $to_in;
    my %text = ( fileno $out, '', fileno $err, '' );
    my %open = ( fileno $out, $out, fileno $err, $err );
    while (%open) {
        my $ready = '';
        vec( $ready, $_, 1 ) = 1 for keys %open;
        select $ready, undef, undef, undef;
        for ( grep { vec $ready, $_, 1 } keys %open ) {
            sysread( $open{$_}, $text{$_}, 65536, length $text{$_} ) or delete $open{$_};
        }
    }
    waitpid $pid, 0;
    return ( $? & 127 ? undef : $? >> 8, @text{ fileno $out, fileno $err } );
}

my %ran;

sub once { my @argv = @_; return @{ $ran{"@argv"} ||= [ run( '', @argv ) ] } }

# `ip -batch` answers all of iproute2's questions: one line of JSON each, and a line on the other stream for a failure.
my %way;

sub ask_ip {
    my @asked = map { my ( undef, $verb, @words ) = split /\n/; $verb eq 'ip' ? "@words" : () } @questions;
    my ( $code, $out, $err ) = run( join( '', map { "$_\n" } @asked ), qw(ip -j -4 -force -batch -) );
    my @lines = grep { /\A\[/ } split /\n/, $out;
    my ( %failed, $said );
    for ( split /^/, $err ) {
        if   (/\ACommand failed -:(\d+)/) { $failed{$1} = $said; $said = '' }
        else                              { $said .= $_ }
    }
    return if @lines != @asked - keys %failed;
    for my $at ( 0 .. $#asked ) {
        my $why = $failed{ $at + 1 };
        $way{ $asked[$at] } = defined $why ? [ 2, '', $why ] : [ 0, shift(@lines) . "\n", '' ];
    }
    return;
}

sub ip {
    ask_ip() if !%way;
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

sub nft_text { return once(qw(nft -s -t -y list ruleset)) }

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
    # A table that iptables cannot print is a comment here and an error there.
    return if $text =~ /^# Table `?\Q$table\E'? is incompatible/m;
    my ($rules) = $text =~ /^\*\Q$table\E\n(.*?)^COMMIT$/ms;
    return ( 0, join( '', map { "-P $_ ACCEPT\n" } @{ $builtin{$table} } ), '' ) if !defined $rules;
    $rules =~ s/^:(\S+) - .*$/-N $1/mg;
    $rules =~ s/^:(\S+) (\S+) .*$/-P $1 $2/mg;
    return ( 0, $rules, '' );
}

# --- systemd ---

my @properties = qw(Id LoadState ExecStart FragmentPath DropInPaths EnvironmentFiles MainPID Listen ActiveState
  ActiveEnterTimestampMonotonic);

# A unit's properties as systemctl prints them.
sub unit {
    my ( $name, @wanted ) = @_;
    my ( $code, $text ) = once( qw(systemctl show docker.service docker.socket firewalld.service -p),
        join ',', @properties );
    return '' if !defined $code || $code != 0;
    my ($block) = grep { /^Id=\Q$name\E$/m } split /\n\n/, $text;
    return '' if !defined $block;
    return join '', map { "$_\n" } grep { my ($key) = split /=/; grep { $_ eq $key } @wanted } split /\n/, $block;
}

sub firewalld {
    my @wanted = qw(Id ActiveState ActiveEnterTimestampMonotonic);
    return ( 0, join( "\n", map { unit( $_, @wanted ) } 'docker.service', 'firewalld.service' ), '' );
}

sub docker_installed {
    my $text = unit( 'docker.service', 'LoadState' );
    return if $text eq '';
    my @programs = map { /path=([^ ;]*)/g } grep { !/init\.d/ } split /\n/, unit( 'docker.service', 'ExecStart' );
    return ( 0, $text . ( ( grep { -x } @programs ) || path_of('dockerd') ? '' : "no dockerd\n" ), '' );
}

# As provider/facts/dockerd.sh.
sub dockerd {
    return if other_docker();
    my $shown = join '',
      map { unit( $_, qw(FragmentPath DropInPaths EnvironmentFiles MainPID Listen) ) } 'docker.service', 'docker.socket';
    return if $shown eq '';
    my ( $pid, @places ) = (0);
    for ( split /\n/, $shown ) {
        my ( $name, $value ) = split /=/, $_, 2;
        $pid = $value if $name eq 'MainPID';
        push @places, $value =~ s/ \(.*//r if $name eq 'FragmentPath' || $name eq 'EnvironmentFiles';
        push @places, split / /, $value if $name eq 'DropInPaths';
    }
    my @lines;
    for my $place ( grep { -r } @places ) {
        for ( grep { !/\A[ \t]*[#;]/ } split /\n/, content($place) // '' ) {
            push @lines, "flag=$1 $place\n" while /(?:\A|[ \t="'])(-[-A-Za-z][-A-Za-z0-9]*)/g;
        }
    }
    if ( ( readlink("/proc/$pid/exe") // '' ) !~ m{/dockerd} ) {
        my ($child) = split /\n/, content('/run/docker.pid') // '';
        $pid = $child if defined $child && ( content("/proc/$child/cgroup") // '' ) =~ /docker\.service/;
    }
    push @lines, map { "argv=$_\n" } split /\0/, content("/proc/$pid/cmdline") // '';
    return ( 0, join( '', $shown, @lines ), '' );
}

# --- Docker ---

# The command docker may speak to another daemon than the one behind the socket.
sub other_docker {
    return 1 if ( $ENV{DOCKER_HOST} // '' ) ne '' || ( $ENV{DOCKER_CONTEXT} // 'default' ) ne 'default';
    my $config = content( ( $ENV{DOCKER_CONFIG} // "$ENV{HOME}/.docker" ) . '/config.json' ) // '';
    return $config =~ /"currentContext"\s*:\s*"(?!default")[^"]/;
}

my %said;

sub get {
    my ($path) = @_;
    return $said{$path} if exists $said{$path};
    socket my $docker, AF_UNIX, SOCK_STREAM, 0 or return;
    connect $docker, sockaddr_un($docker_socket) or return;
    syswrite $docker, "GET $path HTTP/1.0\r\nHost: docker\r\n\r\n";
    my $text = '';
    1 while sysread $docker, $text, 65536, length $text;
    my ($body) = $text =~ m{\AHTTP/1\.\d 200 .*?\r\n\r\n(.*)\z}s;
    $said{$path} = defined $body ? $body =~ s/\s*\z/\n/r : undef;
    return $said{$path};
}

sub docker {
    my ($path) = @_;
    return if other_docker() || !defined path_of('docker');
    my $text = get($path);
    return defined $text ? ( 0, $text, '' ) : ();
}

# Only the answer about a single network tells which containers are in it.
sub networks {
    my ( undef, $list ) = docker('/networks');
    return if !defined $list;
    my @all = map { get("/networks/$_") // () } $list =~ /"Id":"([0-9a-z]+)"/g;
    return ( 0, join( '', @all ), '' );
}

# --- the answers ---

my %verbs = (
    file => \&file, owner => \&owner, place => \&place, files => \&files, links => \&links, settings => \&settings,
    variable => \&variable, program => \&program, ip => \&ip, rules => \&rules, nft => \&nft_text,
    'nft-table' => \&nft_table, 'nft-json' => \&nft_json, iptables => \&iptables, firewalld => \&firewalld,
    'docker-installed' => \&docker_installed, dockerd => \&dockerd, docker => \&docker, networks => \&networks,
);

$SIG{PIPE} = 'IGNORE';
select STDERR;
$| = 1;
for (@questions) {
    my ( $number, $verb, @words ) = split /\n/;
    my ( $code, $out, $err ) = eval { $verbs{$verb}->(@words) };
    next if !defined $code;
    print STDOUT "\n$mark begin $number\n$out\n$mark end $number $code\n";
    print STDERR "\n$mark begin $number\n$err\n$mark end $number $code\n";
}
