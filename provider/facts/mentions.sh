#!/bin/sh
# The lines of /etc that name an address of docker0's network: file, line and the address alone, as a line may hold a
# password. Lines that are comments do not count, nor do backups of packages and the files of Docker and of dockroute.
export LC_ALL=C
IFS=' ./'
# shellcheck disable=SC2046 # the words of the line are what is wanted
set -- $(ip -4 -o addr show dev docker0 2>/dev/null | head -n 1)
while [ $# -gt 0 ] && [ "$1" != inet ]; do shift; done
[ $# -gt 5 ] || exit 0
start="$2."
[ "$6" -lt 16 ] || start="$2.$3."
[ "$6" -lt 24 ] || start="$2.$3.$4."
# shellcheck disable=SC2016 # awk's own words
grep -rlZIsF --exclude-dir=docker --exclude-dir=dockroute --exclude='*~' --exclude='*.bak' --exclude='*.dpkg-*' \
  -e "$start" /etc | xargs -0 -r awk -v start="$start" '
  /^[ \t]*[#;]/ { next }
  { for (line = $0; match(line, /[0-9]+\.[0-9.]*(\/[0-9]+)?/); line = substr(line, RSTART + RLENGTH)) {
      found = substr(line, RSTART, RLENGTH)
      # hosts.allow and smb.conf write "172.17." for the network.
      if (found == start ? start ~ /\..*\./ : index(found, start) == 1 && found ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]/)
        print FILENAME ":" FNR ":" found
  } }' | head -n 100
