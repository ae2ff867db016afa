# The state of docker.service and firewalld.service in systemd, by one question, and the dockerd that it started.
use strict;
use warnings;

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
