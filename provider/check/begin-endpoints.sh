#!/bin/sh
# Starts probe endpoints on a host, and prints a line for each, in the order of the words: the line of endpoint.pl,
# or "failed". With no perl it prints "no perl" alone.
#
#   sh -c FILE dockroute-check LISTENER NONCE SECONDS ENDPOINT...
#
# LISTENER is the text of endpoint.pl. ENDPOINT is one of
#   in PID ADDRESS                   in a container's network namespace, where that address is
#   stand-in BRIDGE ADDRESS GATEWAY  in a namespace of its own with a veth on the bridge; ADDRESS has its prefix
#
# The namespace of a stand-in and its veth live as long as the one process in it.
listener=$1 nonce=$2 seconds=$3
shift 3

# The text comes by stdin, so that the host's process list shows `perl - listen ...` and not all of it.
run_perl() {
  printf '%s' "$listener" | "$@"
}

# Runs ip in the network namespace of process $1.
ip_in() {
  namespace=/proc/$1/ns/net
  shift
  nsenter --net="$namespace" ip "$@"
}

# Gives the namespace of process $1 a veth on the bridge $2, the address $3 and the gateway $4.
connect() {
  ip link add "vethdr$1" type veth peer name eth0 netns "$1" &&
    ip link set "vethdr$1" master "$2" up &&
    ip_in "$1" address add "$3" dev eth0 &&
    ip_in "$1" link set lo up &&
    ip_in "$1" link set eth0 up &&
    ip_in "$1" route add default via "$4"
}

stand_in() {
  made=$(run_perl unshare --net perl - listen "$nonce" "$seconds") || return
  pid=${made#endpoint }
  pid=${pid%% *}
  notes=${made#endpoint "$pid" }
  notes=${notes%% *}
  if connect "$pid" "$@"; then
    echo "$made"
  else
    run_perl perl - end "$nonce" "$pid:$notes:-"
    return 1
  fi
}

command -v perl >/dev/null || {
  echo "no perl"
  exit
}
while [ $# -gt 0 ]; do
  case $1 in
    in)
      run_perl nsenter --net="/proc/$2/ns/net" perl - listen "$nonce" "$seconds" "$3" || echo failed
      shift 3
      ;;
    stand-in)
      stand_in "$2" "$3" "$4" || echo failed
      shift 4
      ;;
  esac
done
