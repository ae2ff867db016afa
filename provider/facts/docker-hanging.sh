#!/bin/sh
# A line of JSON for each container, running or not, that hangs on the network $1 by its name.
ids=$(docker ps -aq --no-trunc --filter "network=$1") || exit
[ -n "$ids" ] || exit 0
line='{{with index .NetworkSettings.Networks "'$1'"}}{"container":{{json $.Name}},"networkId":{{json .NetworkID}}}{{end}}'
# shellcheck disable=SC2086 # a word for each container
docker inspect --type container --format "$line" $ids
