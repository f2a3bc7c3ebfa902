#!/bin/sh
# Succeeds if the database accepts the login. It connects to the container's own address: the loopback address accepts
# any password, and the server that runs during initialisation listens on a socket only.
set -u
address=$(hostname -i)
address=${address%% *}
PATH=/usr/lib/postgresql/${PG_MAJOR:-}/bin:$PATH
export PATH
# The file has one line, without an end of line.
IFS= read -r password <"$POSTGRES_PASSWORD_FILE" || :

log_in() { PGPASSWORD=$password psql -h "$address" -U "$POSTGRES_USER" -d postgres -qtAc 'SELECT 1'; }

# After the first login it tries every five seconds, with few processes, because it runs as long as the container does.
if [ -e /tmp/answered ]; then
  sleep 5
  log_in || exit 1
  exit 0
fi
# Until then it tries often, because `up` waits for it. pg_isready gets no password: with one it would try to log in as
# root, and the server would log the refusal each time.
until pg_isready -q -h "$address" && log_in; do
  sleep 0.1
done
: >/tmp/answered
