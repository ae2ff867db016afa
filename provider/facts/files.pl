# Files and settings, as coreutils and findutils show them.
use strict;
use warnings;

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
    my $real = eval { require Cwd; Cwd::abs_path($path) };
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

# As `head -v` prints them. A private key is read by nobody.
sub files {
    my @texts;
    for my $path ( grep { !/\.key\z/ && !-l && -f _ } map { in_place($_) } @_ ) {
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
