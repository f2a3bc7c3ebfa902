#!/bin/sh
# Succeeds if the database accepts the login. It connects to the container's own address: the loopback address accepts
# any password, and the server that runs during initialisation listens on a socket only.
set -u
address=$(hostname -i | cut -d' ' -f1)
PATH=/usr/lib/postgresql/${PG_MAJOR:-}/bin:$PATH
export PATH

# It tries often until the first login, because `up` waits for it; after that every five seconds.
[ ! -e /tmp/answered ] || sleep 5
# pg_isready gets no password: with one it would try to log in as root, and the server would log the refusal each time.
until pg_isready -q -h "$address" &&
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") psql -h "$address" -U "$POSTGRES_USER" -d postgres -qtAc 'SELECT 1'; do
  [ ! -e /tmp/answered ] || exit 1
  sleep 0.1
done
touch /tmp/answered
