#!/bin/sh
# Made by dockroute. Takes back a change of this host that nobody confirmed:
#   make the state new
# Begun by ana@laptop, pid 4711, to make the state new
# Token 0123456789abcdef
# Run by a timer, at boot before Docker starts, by dockroute, or by hand:
#   sh /etc/dockroute/pending/undo
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin LC_ALL=C
export PATH LC_ALL
umask 022
cd /
by=${1:-hand}
# Only one at a time; who comes second finds nothing left to do.
[ -d /etc/dockroute/pending ] || exit 0
holds() { for fd in "/proc/$1/fd/"*; do [ ! "$fd" -ef "$2" ] || return 0; done; return 1; }
end() { ! holds "$1" "$3" || { kill -s TERM -- "-$2"; sleep 1; ! holds "$1" "$3" || { kill -s KILL -- "-$2"; return 1; }; }; } 2>/dev/null
exec 8</etc/dockroute/pending
flock -w 30 8 || { ! read -r shell group </etc/dockroute/pending/turn || end "$shell" "$group" /etc/dockroute/pending; flock -w 600 8; } || exit 1
[ -e /etc/dockroute/pending/undo ] || exit 0
# The unit for boot has its turn only after a boot: then no timer runs.
[ "$by" != boot ] || ! systemctl -q is-active 'dockroute-undo-*.timer' || exit 0
if [ "$by" = timer ] && read -r shell group </etc/dockroute/pending/maker && holds "$shell" /run/dockroute.lock; then
end "$shell" "$group" /run/dockroute.lock || rm -f /run/dockroute.lock
fi 2>/dev/null
failures=
failed() { failures="$failures; $1"; }
run() {
  # At boot Docker waits for this program, so this program must not wait for Docker.
  if [ "$by" = boot ] && [ "$1" = systemctl ]; then shift; set -- systemctl --no-block "$@"; fi
  timeout 300 "$@" 8<&- 9>&-
}

printf '%s' 'old
' | run tee /root/state || failed 'write the old state'

# What became of it, for the next one who comes. Then nothing of it is left.
[ -z "$failures" ] && result=undone || result="not undone in full, these steps failed: ${failures#; }"
printf '%s\n' "$(date -u +%FT%TZ) by ${by%-rest}: $result: "'make the state new' >/etc/dockroute/last-undo
[ -z "$failures" ] || exit 1
rm -f /etc/dockroute/pending/undo && sync /etc/dockroute/pending
dockroute_clean_up() {
systemctl stop 'dockroute-undo-*.timer' 2>/dev/null
rm -f /etc/systemd/system/multi-user.target.wants/dockroute-undo.service /etc/systemd/system/dockroute-undo.service
[ ! -e /etc/dockroute/pending/made-wants ] || rmdir /etc/systemd/system/multi-user.target.wants 2>/dev/null
[ -e /etc/systemd/system/dockroute-undo.service ] || [ -L /etc/systemd/system/multi-user.target.wants/dockroute-undo.service ] || rm -rf /etc/dockroute/pending
rmdir /etc/dockroute 2>/dev/null
[ ! -d /etc/dockroute/pending ]
}
dockroute_clean_up || dockroute_clean_up
exit 0
