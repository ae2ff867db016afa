#!/bin/sh
# What docker.service runs, a line for each fact: its files (systemd's words), the words of these files that look like
# flags, the command line of the dockerd that runs, and the daemon that the command docker speaks to.
export LC_ALL=C
shown=$(systemctl show docker.service docker.socket -p FragmentPath -p DropInPaths -p EnvironmentFiles -p MainPID -p Listen)
echo "$shown"
pid=
set --
while IFS='=' read -r name value; do
  case $name in
  MainPID) pid=$value ;;
  FragmentPath | EnvironmentFiles) set -- "$@" "${value%% (*}" ;;
  DropInPaths) for each in $value; do set -- "$@" "$each"; done ;;
  esac
done <<END
$shown
END
for each; do
  shift
  [ ! -r "$each" ] || set -- "$@" "$each"
done
[ $# = 0 ] || awk '
  /^[ \t]*[#;]/ { next }
  { for (line = $0; match(line, /(^|[ \t="\047])-[-A-Za-z][-A-Za-z0-9]*/); line = substr(line, RSTART + RLENGTH)) {
      word = substr(line, RSTART, RLENGTH)
      sub(/^[^-]/, "", word)
      print "flag=" word " " FILENAME
  } }' "$@"
# A script of somebody that starts dockerd as its child is not dockerd itself.
case $(readlink "/proc/$pid/exe" 2>/dev/null) in
*/dockerd*) ;;
*)
  read -r child 2>/dev/null </run/docker.pid && grep -qs docker.service "/proc/$child/cgroup" && pid=$child
  ;;
esac
[ ! -r "/proc/$pid/cmdline" ] || tr '\0' '\n' <"/proc/$pid/cmdline" | sed 's/^/argv=/'
if [ -n "$DOCKER_HOST" ]; then
  echo "DOCKER_HOST=$DOCKER_HOST"
else
  config=${DOCKER_CONFIG:-$HOME/.docker}/config.json
  context=$DOCKER_CONTEXT
  [ -n "$context" ] || [ ! -r "$config" ] ||
    context=$(sed -n 's/.*"currentContext"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$config")
  case $context in
  "" | default) ;;
  *) echo "context=$context $(docker context inspect --format '{{.Endpoints.docker.Host}}' "$context")" ;;
  esac
fi
