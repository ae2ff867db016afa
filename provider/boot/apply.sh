#!/bin/sh
# Made by dockroute; changes by hand are undone. See docs/hosts.md of dockroute.
# Loads every script under /etc/dockroute/scripts, in the order of their numbers, and under /etc/dockroute/parts, where
# dockroute 0.1.0 kept them. With "repair" it loads only if something is not as the last load left it.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# A change by pulumi up may be taking away what would be loaded here, so this waits for its end, but no longer than
# 25 s: a change that takes more time may be one that hangs, and must not keep the host without its routes and rules.
# Each change looks at them again before it ends. Only root may open the file: a reader could take the lock as well.
while :; do
  umask 077
  exec 9>>/run/dockroute.lock
  umask 022
  flock -w 25 9 || break
  # After a wait it may be the lock of a file that its holder has removed: then it is taken anew.
  # shellcheck disable=SC3013 # dash, bash and busybox know -ef
  [ /run/dockroute.lock -ef /proc/self/fd/9 ] && trap 'rm -f /run/dockroute.lock' EXIT && break
done
last=/run/dockroute.loaded
# As they are before the scripts run: one that comes meanwhile is a change for the next repair.
bridges=$(echo /sys/class/net/*/bridge)
look() {
  # A bridge that comes or goes may be a new network of Docker's, which the guard has to know.
  echo "$bridges"
  ip -4 route show proto 219
  nft -s 'list table ip dockroute; list tables' || iptables -w -t nat -S
  iptables -w -t raw -S
  iptables -w -S
  cat /proc/sys/net/ipv4/ip_forward /etc/dockroute/scripts/* /etc/dockroute/parts/*
  for device in dr-wg dr-vx; do [ ! -e /sys/class/net/$device ] || look_at_link $device; done
} 2>&1
# Endpoints and handshakes of peers change by themselves, and `wg show DEVICE dump` would print the private key.
look_at_link() {
  ip -o -4 addr show dev "$1"
  cat "/sys/class/net/$1/mtu" "/sys/class/net/$1/flags"
  if [ "$1" = dr-vx ]; then bridge fdb show dev "$1"; ip -4 neigh show dev "$1" nud permanent; return; fi
  # wireguard-go gives its peers in another order each time.
  for what in public-key listen-port allowed-ips persistent-keepalive; do wg show "$1" $what | sort; done
}
if [ "$1" = repair ] && [ -e "$last" ] && [ "$(look)" = "$(cat "$last")" ]; then exit 0; fi
status=0
for script in /etc/dockroute/scripts/* /etc/dockroute/parts/*; do
  case $script in *.dockroute-new) continue ;; esac # a file whose writing was cut short
  [ -e "$script" ] || continue
  # A shell of its own: a script that fails does not stop the others. Not behind ||, which would switch its `set -e` off.
  # shellcheck disable=SC1090
  ( . "$script" ) 9>&-
  # shellcheck disable=SC2181
  [ $? -eq 0 ] || { echo "dockroute: ${script##*/} failed" >&2; status=1; }
done
# The next repair tries a failed script again.
if [ $status -eq 0 ]; then look >"$last"; else rm -f "$last"; fi
exit $status
