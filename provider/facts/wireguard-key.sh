#!/bin/sh
# A new private key in the file $1, which root alone can read. A key that is there already is kept. Nothing is printed.
set -e
umask 077
folder=${1%/*}
if ! wg pubkey <"$1" >/dev/null 2>&1; then
  mkdir -p "$folder"
  chmod 755 "$folder"
  wg genkey >"$folder/new.key"
  sync "$folder/new.key"
  mv "$folder/new.key" "$1"
  sync "$folder"
fi
chown 0:0 "$1"
chmod 600 "$1"
