#!/bin/sh
# Writes .env from .env.example with a random value for every secret. Never overwrites: lost secrets cannot be replaced.
set -eu
umask 077
cd "$(dirname "$0")/.."

if [ -e .env ]; then
  echo '.env exists already and stays as it is.' >&2
  exit 1
fi
while IFS= read -r line; do
  case $line in
    PUBLIC_URL=) ;;
    ENCRYPTION_KEY=) line="$line$(openssl rand -base64 32)" ;;
    [A-Z]*=) line="$line$(openssl rand -hex 24)" ;;
  esac
  printf '%s\n' "$line"
done < .env.example > .env.new
mv .env.new .env
