#!/bin/sh
# Puts the text on the standard input into the file $1, with the mode $2 and the owner $3. It is written beside the target
# and renamed over it: a reader and a power cut see the old bytes or the new ones.
beside=$1.dockroute-new
# Owner and mode come first, so that no moment shows the text to others; dd makes no file of its own.
install -D -m "$2" -o "${3%:*}" -g "${3#*:}" /dev/null "$beside" || exit
dd status=none conv=nocreat,fsync "of=$beside" || exit
mv -T "$beside" "$1" || exit
# The new name is the folder's: without this a power cut could bring the old bytes back.
sync "${1%/*}"
