#!/bin/sh
# Made by dockroute; changes by hand are undone. See docs/hosts.md of dockroute.
# Loads every part under /etc/dockroute/parts; with "repair", only where something is not as the last load left it.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# Not in the middle of a change by pulumi up: it may be taking away what would be loaded here.
# Who has waited may hold the lock of a file that its holder has removed: then it is taken anew.
while :; do
  exec 9>>/run/dockroute.lock
  flock -w 25 9 || break
  [ /run/dockroute.lock -ef /proc/self/fd/9 ] && trap 'rm -f /run/dockroute.lock' EXIT && break
done
last=/run/dockroute.loaded
look() {
  ip -4 route show proto 219
  nft -s 'list table ip dockroute; list tables' || iptables -w -t nat -S
  iptables -w -t raw -S
  iptables -w -S
  cat /proc/sys/net/ipv4/ip_forward /etc/dockroute/parts/*
} 2>&1
if [ "$1" = repair ] && [ -e "$last" ] && [ "$(look)" = "$(cat "$last")" ]; then exit 0; fi
status=0
for part in /etc/dockroute/parts/*; do
  case $part in *.dockroute-new) continue ;; esac # a file whose writing was cut short
  [ -e "$part" ] || continue
  ( . "$part" ) 9>&-
  [ $? -eq 0 ] || { echo "dockroute: ${part##*/} failed" >&2; status=1; }
done
# What failed is tried again at the next look.
if [ $status -eq 0 ]; then look >"$last"; else rm -f "$last"; fi
exit $status
