# The files and links that a batch writes.
use strict;
use warnings;
use Fcntl;
use IO::Handle;

# Beside its target first, whole and on the disk: then a reader and a power cut see the old bytes or the new ones. Owner
# and mode come before the text, so that no moment shows it to others.
sub write_beside {
    my ( $path, $mode, $owner ) = @{ $_[0]{words} }[ 1 .. 3 ];
    my $beside = "$path.dockroute-new";
    my ($folder) = $path =~ m{\A(.*)/};
    make_folder($folder) or return "$folder: $!";
    unlink $beside;
    sysopen my $file, $beside, O_WRONLY | O_CREAT | O_EXCL, 0600 or return "$beside: $!";
    chown split( /:/, $owner ), $beside or return "$beside: $!";
    chmod oct $mode, $beside or return "$beside: $!";
    print {$file} $_[0]{input} // '' or return "$beside: $!";
    $file->flush && $file->sync && close $file or return "$beside: $!";
    return;
}

sub make_folder {
    my ($path) = @_;
    return 1 if $path eq '' || -d $path;
    return make_folder( $path =~ s{/[^/]*\z}{}r ) && mkdir $path, 0755;
}

sub sync_folder {
    my ($folder) = @_;
    open my $open, '<', $folder or return;
    return $open->sync;
}

# All files of a round: they are beside their targets before the first one takes its place.
sub write_files {
    my @commands = @_;
    my %wrong = map { $_->{number} => scalar write_beside($_) } @commands;
    my %folders;
    for ( grep { !defined $wrong{ $_->{number} } } @commands ) {
        my $path = $_->{words}[1];
        $wrong{ $_->{number} } = "$path: $!" if !rename "$path.dockroute-new", $path;
        push @{ $folders{ $path =~ s{/[^/]*\z}{}r } }, $_->{number};
    }
    # The new name is the folder's: without this a power cut could bring the old bytes back.
    for my $folder ( keys %folders ) {
        sync_folder($folder) or $wrong{$_} //= "$folder: $!" for @{ $folders{$folder} };
    }
    return map { defined $wrong{ $_->{number} } ? [ 1, '', "$wrong{$_->{number}}\n" ] : [ 0, '', '' ] } @commands;
}

# A link that leads elsewhere is replaced.
sub make_link {
    my ( $target, $path ) = @{ $_[0]{words} }[ 1, 2 ];
    my ($folder) = $path =~ m{\A(.*)/};
    return [ 0, '', '' ] if ( readlink($path) // '' ) eq $target;
    unlink $path;
    return [ 0, '', '' ] if make_folder($folder) && symlink( $target, $path ) && sync_folder($folder);
    return [ 1, '', "$path: $!\n" ];
}

