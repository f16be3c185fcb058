#!/bin/sh
# Runs once, on an empty volume: a database for RADIUS, an account that writes it and one that may only read.
# The tables are made by the gateway when it first opens the target.
set -eu

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set=usher_password="$RADIUS_USHER_PASSWORD" \
  --set=freeradius_password="$RADIUS_FREERADIUS_PASSWORD" <<'SQL'
CREATE ROLE usher LOGIN PASSWORD :'usher_password';
CREATE ROLE freeradius LOGIN PASSWORD :'freeradius_password';
CREATE DATABASE radius OWNER usher;
REVOKE CONNECT ON DATABASE radius FROM PUBLIC;
GRANT CONNECT ON DATABASE radius TO freeradius;
\connect radius
ALTER SCHEMA public OWNER TO usher;
GRANT USAGE ON SCHEMA public TO freeradius;
ALTER DEFAULT PRIVILEGES FOR ROLE usher IN SCHEMA public GRANT SELECT ON TABLES TO freeradius;
SQL
