#!/bin/sh
# Puts the host's bridges into the sets of our nft tables: "guarded" are Docker's; "open" are those into which Docker
# itself lets everybody, and those of other programs. $1: table, $2 and $3: the sets' names, $4: Docker's template.
# A bridge in neither is one that came since. A Docker that does not run is not asked: systemd would start it, which at
# boot waits for this very script.
docker_bridges() {
  text=
  [ "$state" = active ] && ids=$(timeout 9 docker network ls -q -f driver=bridge) || return
  # shellcheck disable=SC2086 # a word for each network
  text=$(timeout 9 docker network inspect -f "$1" $ids) || text=
}
# Those that Docker does not know. A name of Docker's own form may be one that it is about to make.
others() {
  for name in $bridges; do
    case $text$guarded in *"\"$name\""*) ;; *) echo "$name" ;; esac
  done | grep -vxE 'docker0|br-[0-9a-f]{12}'
}
state=$(systemctl is-active docker.service)
# Before Docker is asked: what comes while it answers belongs to nobody yet.
bridges=$(cd /sys/class/net && for each in */bridge; do [ -e "$each" ] && echo "${each%/bridge}"; done)
docker_bridges "$4"
guarded=
[ -n "$text" ] || guarded=$(nft list set ip "$1" "$3"; nft list set ip6 "$1" "$3")
opened=$(nft list set ip "$1" "$2")
for name in $(others); do
  case $opened in *"\"$name\""*) continue ;; esac
  # Docker makes a bridge before it lists the network.
  sleep 1
  docker_bridges "$4"
  break
done
{
  if [ -n "$text" ]; then
    for family in ip ip6; do printf "flush set $family $1 %s\n" "$2" "$3"; done
    printf '%s\n' "$text"
  fi
  case $state$text in
    active | activating | reloading | deactivating) ;; # Docker does not answer, and may be making bridges
    *) others | while read -r name; do
      for family in ip ip6; do echo "add element $family $1 $2 { \"$name\" }"; done
    done ;;
  esac
} | nft -f -
