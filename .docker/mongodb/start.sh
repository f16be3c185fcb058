#!/bin/bash
# Starts MongoDB with the replica set's shared key in a file only its own user can read, as mongod demands.
set -euo pipefail

keyfile=/tmp/keyfile
install -m 0400 -o mongodb -g mongodb /dev/null "$keyfile"
printf '%s' "$MONGODB_KEYFILE_SECRET" > "$keyfile"
unset MONGODB_KEYFILE_SECRET

exec docker-entrypoint.sh mongod --replSet rs0 --keyFile "$keyfile" --bind_ip_all
