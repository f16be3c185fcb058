#!/bin/sh
# Makes certificate and database on an empty volume, then serves LDAP over TLS only.
set -eu
umask 077

etc=${LDAP_ETC:-/etc/usher-ldap}
data=${LDAP_DATA:-/var/lib/usher-ldap}
port=${LDAP_PORT:-1636}

if [ ! -f "$data/tls.crt" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=openldap \
    -addext 'subjectAltName=DNS:openldap,DNS:localhost,IP:127.0.0.1' \
    -keyout "$data/tls.key" -out "$data/tls.new"
  # The certificate comes last: with it, the key is there too.
  mv "$data/tls.new" "$data/tls.crt"
fi

sed "s|@DATA@|$data|g" "$etc/slapd.conf" > "$data/slapd.conf"

if [ ! -f "$data/seeded" ]; then
  rm -rf "$data/db"
  mkdir "$data/db"
  hash=$(printf '%s' "$LDAP_USHER_PASSWORD" | slappasswd -n -T /dev/stdin)
  sed "s|@PASSWORD@|$hash|" "$etc/seed.ldif" | slapadd -q -f "$data/slapd.conf"
  touch "$data/seeded"
fi
unset LDAP_USHER_PASSWORD

socket=$(printf '%s' "$data/ldapi" | sed 's|/|%2F|g')
exec slapd -d 0 -f "$data/slapd.conf" -h "ldaps://0.0.0.0:$port/ ldapi://$socket"
