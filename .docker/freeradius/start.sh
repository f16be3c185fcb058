#!/bin/sh
# Starts FreeRADIUS on the module the connector ships, with this database put in.
set -eu

export RADIUS_FOLDER="${RADIUS_FOLDER:-/etc/usher-radius}"
export RADIUS_RUN="${RADIUS_RUN:-/tmp/usher-radius}"
# Where the stock queries and filters of the package are.
export RADIUS_STOCK="${RADIUS_STOCK:-/etc/freeradius/mods-config}"

mkdir -p "$RADIUS_RUN"
sed 's/^\tradius_db = .*/\tradius_db = "$ENV{RADIUS_DATABASE}"/' \
  "$RADIUS_FOLDER/sql-postgresql.conf" > "$RADIUS_RUN/sql.conf"
exec freeradius -f -l stdout -d "$RADIUS_FOLDER"
