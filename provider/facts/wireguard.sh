#!/bin/sh
# The state of the WireGuard device $1 and of the key in the file $2, as lines that begin with a word each. The private key
# is printed nowhere: `wg show DEVICE dump` would, and is never asked for.
export LC_ALL=C
if command -v wg >/dev/null; then echo "installed wg"; fi
if [ -e /sys/module/wireguard ] || modprobe -n -q wireguard 2>/dev/null; then echo "installed kernel"; fi
if command -v wireguard-go >/dev/null; then echo "installed wireguard-go $(command -v wireguard-go)"; fi
if [ -e "$2" ]; then echo "key-file $(stat -c '%a %u:%g' "$2") $(wg pubkey <"$2" 2>/dev/null)"; fi
for what in public-key listen-port peers endpoints allowed-ips persistent-keepalive; do
  wg show "$1" "$what" 2>/dev/null | sed "s/^/$what /"
done
exit 0
