# Docker, by its socket.
use strict;
use warnings;

my $docker_socket = '/var/run/docker.sock';
my $docker_json   = '/etc/docker/daemon.json';

# The command docker may speak to another daemon than the one behind the socket.
sub other_docker {
    return 1 if ( $ENV{DOCKER_HOST} // '' ) ne '' || ( $ENV{DOCKER_CONTEXT} // 'default' ) ne 'default';
    my $config = content( ( $ENV{DOCKER_CONFIG} // "$ENV{HOME}/.docker" ) . '/config.json' ) // '';
    return $config =~ /"currentContext"\s*:\s*"(?!default")[^"]/;
}

my ( %said, $server, $peer );

sub get {
    my ($path) = @_;
    return $said{$path} if exists $said{$path};
    # AF_UNIX and SOCK_STREAM: the module Socket is not everywhere.
    socket my $docker, 1, 1, 0 or return;
    connect $docker, pack 'S a*', 1, $docker_socket or return;
    # SOL_SOCKET and SO_PEERCRED: the process that made the socket.
    $peer = unpack 'i', getsockopt( $docker, 1, 17 ) // '';
    syswrite $docker, "GET $path HTTP/1.0\r\nHost: docker\r\n\r\n";
    my $text = '';
    1 while length $text <= most_bytes() && sysread $docker, $text, 65536, length $text;
    return $said{$path} = undef if length $text > most_bytes();
    ($server) = $text =~ m{\A[^\n]*\n(?:[^\r\n]+\r?\n)*?Server: (\S+)}i if !defined $server;
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

# For /info dockerd starts runc and docker-init, which is half of what a look at a host costs. What dockroute reads in it
# follows from dockerd's command line and daemon.json, if the file is older than the process. Then both are the answer;
# /info is asked in every other case.
sub info {
    return if other_docker() || !defined path_of('docker');
    my ( $version, $pid ) = ( version(), dockerd_pid() );
    my $argv = content("/proc/$pid/cmdline") // '';
    my @argv = split /\0/, $argv;
    return docker('/info')
      if !defined $version || !is_plain( $pid, $argv ) || !is_older( $docker_json, $pid );
    return ( 0, join( '', "dockerd $version\n", ( map { "argv=$_\n" } @argv ), "\n", content($docker_json) // '' ), '' );
}

# Of the daemon that answers on the socket. Podman calls itself Libpod.
sub version {
    get('/networks');
    my ($version) = ( $server // '' ) =~ m{\ADocker/(\S+)};
    return $version;
}

# docker.service's own dockerd, run by root, which nothing but its flags and /etc/docker/daemon.json sets up. systemd
# makes the socket of docker.socket.
sub is_plain {
    my ( $pid, $argv ) = @_;
    return 0 if ( readlink("/proc/$pid/exe") // '' ) !~ m{\A/usr/(?:local/)?s?bin/dockerd\z} || ( stat "/proc/$pid" )[4] != 0;
    return 0 if !defined $peer || ( $peer != 1 && $peer != $pid );
    return 0 if $argv =~ /\n|\0(?:-p|--pidfile|--config-file|--default-address-pool)/;
    return 0 if ( content("/proc/$pid/environ") // '' ) =~ /(?:\A|\0)DOCKER_/;
    return unit( 'firewalld.service', 'ActiveState' ) !~ /=(?:active|reloading)$/m;
}

# The file and its folder are as they were when this dockerd wrote its PID file, which it does as soon as
# it has read daemon.json. A clock that was set back since would show: the process would have started before that.
sub is_older {
    my ( $file, $pid ) = @_;
    my $began = '/run/docker.pid';
    my $since = ( stat $began )[9];
    return 0 if !defined $since || ( content($began) // '' ) !~ /\A$pid\s*\z/ || -l $file;
    my ($ticks) = ( content("/proc/$pid/stat") // '' ) =~ /\A.*\) (?:\S+ ){19}(\d+)/s;
    my ($up) = ( content('/proc/uptime') // '' ) =~ /\A(\S+)/;
    return 0 if !defined $ticks || !defined $up || time - $up + $ticks / 100 < $since - 5;
    my ($folder) = $file =~ m{\A(.*)/};
    my @there = grep { -e } $file, $folder;
    return 0 if !-d $folder;
    my $last = ( sort { $b <=> $a } map { ( stat $_ )[10] } @there )[0];
    return $last < $since if $last != $since;
    # In the same second only a program tells.
    my ( $code, $newer ) = once( 'find', @there, qw(-maxdepth 0 -cnewer), $began );
    return defined $code && $code == 0 && $newer eq '';
}
