#!/bin/sh
# Makes Docker's network $1 with the further words, those of `docker network create`, in place of the one of this name if
# there is one, and puts the containers on it that hang on that name. The standard input has the words that make the old
# network again if Docker refuses the new one, a line each. Without further words it makes none, and puts the containers
# on it that are bound to one that is no more.
name=$1
shift
# The id of each container, that of its network, its static address and its aliases, a line each.
hanging() {
  ids=$(docker ps -aq --no-trunc --filter "network=$name") || return
  line='{{.Id}}|{{with index .NetworkSettings.Networks "'$name'"}}{{.NetworkID}}|{{with .IPAMConfig}}{{.IPv4Address}}{{end}}|'
  # shellcheck disable=SC2086 # a word for each container
  [ -z "$ids" ] || docker inspect -f "$line{{range .Aliases}}{{.}} {{end}}{{end}}" $ids
}
put_on() {
  failed=0
  while IFS='|' read -r id bound address aliases; do
    if [ -z "$id" ] || [ "$bound" = "$now" ]; then continue; fi
    docker network disconnect -f "$name" "$id" >/dev/null 2>&1
    set --
    # Docker itself adds the container's short id.
    for each in $aliases; do case $id in "$each"*) ;; *) set -- "$@" --alias "$each" ;; esac; done
    # A static address may lie outside the new subnet: an address of Docker's choice is better than none.
    { [ -n "$address" ] && docker network connect --ip "$address" "$@" "$name" "$id" 2>/dev/null; } ||
      docker network connect "$@" "$name" "$id" || failed=1
  done <<END
$all
END
  return $failed
}
all=$(hanging) || exit
now=$(docker network inspect -f '{{.Id}}' "$name" 2>/dev/null)
if [ $# -eq 0 ]; then
  put_on
  exit
fi
if [ -n "$now" ]; then
  for each in $(echo "$all" | cut -d '|' -f 1); do docker network disconnect -f "$name" "$each"; done
  if ! docker network rm "$name" >/dev/null; then
    now=
    put_on
    exit 1
  fi
fi
now=
status=0
docker network create "$@" >/dev/null || status=$?
if [ $status -ne 0 ]; then
  set --
  while read -r word; do set -- "$@" "$word"; done
  [ $# -gt 0 ] && docker network create "$@" >/dev/null || exit $status
fi
put_on || status=1
exit $status
