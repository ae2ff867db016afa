#!/bin/sh
# Deletes the entries of flows from the range $1 to one of the further ranges that survive it: ICMP, UDP, and TCP without
# an answer. Established TCP keeps its entry, because it would stall without. One list of all flows tells whether there
# is such an entry, so that a host with many peers starts no program for each of them.
from=$1
shift
conntrack -L -s "$from" 2>/dev/null | awk -v ranges="$*" '
  function number(address, part) {
    split(address, part, ".")
    return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
  }
  BEGIN {
    count = split(ranges, range, " ")
    for (at = 1; at <= count; at++) {
      slash = index(range[at], "/")
      size[at] = slash ? 2 ^ (32 - substr(range[at], slash + 1)) : 1
      start[at] = int(number(slash ? substr(range[at], 1, slash - 1) : range[at]) / size[at])
    }
  }
  {
    if ($1 == "icmp" || $1 == "udp") kind = $1
    else if ($1 == "tcp" && ($4 == "SYN_SENT" || $4 == "SYN_RECV")) kind = "tcp --state " $4
    else next
    if (!match($0, / dst=[0-9.]+/)) next
    to = number(substr($0, RSTART + 5, RLENGTH - 5))
    for (at = 1; at <= count; at++) if (int(to / size[at]) == start[at]) found[range[at] " " kind]
  }
  END { for (each in found) print each }' | while read -r to kind; do
  # shellcheck disable=SC2086 # the words of a kind
  conntrack -D -s "$from" -d "$to" -p $kind >/dev/null 2>&1
done
:
