#!/bin/sh
# Starts PostgreSQL in a container of LocalPostgres. It runs before the image's own entrypoint, at the first start and
# at every later one, with the arguments for the server. Needs: an image of the official `postgres` kind, a volume at
# /var/lib/postgresql, POSTGRES_USER and POSTGRES_PASSWORD_FILE. POSIX sh, for Debian, Ubuntu and Alpine.
set -eu

volume=/var/lib/postgresql
# A file that marks a data directory which initialise() has completed.
complete=.backstage-database-complete
# A file in the volume that names the container with the lock.
holder=$volume/.backstage-database-holder

say() { printf 'backstage-database: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# An image with USER postgres cannot give itself the rights that it lacks.
need_rights() {
  fail "the image runs as user $(id -u), who may not use $1 of the volume. Give it the volume, while no container uses" \
    "it: docker run --rm --user root --entrypoint chown --volume VOLUME:$volume IMAGE -R $(id -u) $volume"
}

# Runs a command as the image's postgres user. An image with USER postgres already runs as it, and may lack gosu.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then
    "$@"
  elif command -v gosu >/dev/null; then
    gosu postgres "$@"
  elif command -v su-exec >/dev/null; then
    su-exec postgres "$@"
  else
    setpriv --reuid=postgres --regid=postgres --init-groups "$@"
  fi
}

# Succeeds if an interrupted initdb left this data directory, so that no server ever ran on it. PG_VERSION proves
# nothing, because initdb writes it early. In case of doubt, the directory counts as data.
unfinished() {
  [ ! -e "$1/$complete" ] || return 1
  # Each start of a server and each kind of backup writes one of these: the directory was complete at that time.
  for trace in postmaster.opts backup_label backup_label.old backup_manifest tablespace_map recovery.signal \
    standby.signal; do
    [ ! -e "$1/$trace" ] || return 1
  done
  databases=0
  for database in "$1"/base/*; do
    case ${database##*/} in
    *[!0-9]*) continue ;;
    esac
    # PostgreSQL numbers what users create from 16384.
    [ "${database##*/}" -lt 16384 ] || return 1
    databases=$((databases + 1))
  done
  # initdb ends with its third database and a clean shutdown.
  [ "$databases" -ge 3 ] || return 0
  case $(LC_ALL=C pg_controldata "$1" 2>/dev/null) in
  *"state: "*"shut down"*) return 1 ;;
  esac
}

# --- The lock. Two servers on one data directory destroy it, and postmaster.pid does not stop them: in its own
# container each of them is process 1. So a container holds a lock on the volume's root directory, through a file
# descriptor that every later process inherits, until the last of them ends. Nothing is read or written before.
[ -r "$volume" ] || need_rights "$volume"
command -v flock >/dev/null || fail "the image has no program flock, which keeps a second server off the volume."
exec 9<"$volume"
tries=3
until flock -n 9; do
  [ $? = 1 ] || fail "the file system of the volume cannot lock; use a volume of Docker's local driver."
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || fail "the volume is in use by $(cat "$holder" 2>/dev/null || echo "another container")." \
    "Two servers on one data directory destroy it, so this container has neither read nor written anything there." \
    "Use another volume. Or remove the other container: \`docker stop ID\`, then \`docker rm ID\`; the volume stays." \
    "Then this one starts by itself."
  # The previous container may be about to end.
  sleep 1
done

if [ "$(id -u)" = 0 ]; then
  # From here on only root may read it.
  chmod 0400 "$POSTGRES_PASSWORD_FILE" 2>/dev/null || true
else
  [ -w "$volume" ] || need_rights "$volume"
  # A folder that cannot be read might hold data, which would then seem to be absent.
  for folder in "$volume"/* "$volume"/*/*; do
    if [ -d "$folder" ] && ! [ -x "$folder" ]; then
      need_rights "$folder"
    fi
  done
fi
[ -r "$POSTGRES_PASSWORD_FILE" ] || fail "$POSTGRES_PASSWORD_FILE cannot be read by user $(id -u)."
rm -f "$holder"
printf 'container %s of %s, since %s' "$(hostname)" "${BACKSTAGE_DATABASE_OWNER:-an unnamed stack}" \
  "$(date -u '+%Y-%m-%d %H:%M UTC')" >"$holder"

# --- The image.
server=$(command -v postgres) || server=/usr/lib/postgresql/${PG_MAJOR:-}/bin/postgres
[ -x "$server" ] || fail "the image has no program postgres: it is not of the official postgres kind."
entrypoint=$(command -v docker-entrypoint.sh) || entrypoint=/docker-entrypoint.sh
[ -x "$entrypoint" ] || fail "the image has no docker-entrypoint.sh: it is not of the official postgres kind."
PATH=${server%/*}:$PATH
# Not PG_MAJOR, which derived images may lack.
major=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')

# --- The data directory: one for each major version, so that no version touches the data of another. Data that an image
# created without LocalPostgres is used where it is: at the volume's root, in 18/docker, or in a folder.
own=$volume/$major/data
data=
others=
if [ -s "$own/PG_VERSION" ] && ! unfinished "$own"; then
  data=$own
else
  for found in "$volume" "$volume"/* "$volume"/*/*; do
    case ${found#"$volume"} in
    */base/* | /[0-9]*/data | *.initialising | *.unfinished*) continue ;;
    esac
    [ -s "$found/PG_VERSION" ] || continue
    if [ "$(cat "$found/PG_VERSION")" != "$major" ]; then
      others="$others PostgreSQL $(cat "$found/PG_VERSION") in $found."
    elif unfinished "$found"; then
      say "$found is what an interrupted initialisation left; it stays as it is, and is not used."
    elif [ -n "$data" ]; then
      fail "the volume has data of PostgreSQL $major twice, in $data and in $found. Nothing was changed. Copy the one" \
        "that you need to another volume."
    else
      data=$found
    fi
  done
  [ -n "$data" ] || [ -z "$others" ] ||
    fail "the image is PostgreSQL $major, but the volume has data of another version:$others Nothing was changed." \
      "PostgreSQL can open only data of its own major version: use an image of that version, or another volume."
fi

# --- The first start. The image's entrypoint initialises another directory, which gets the real name in one step when it
# is complete. So a killed start begins again, and a directory with the real name is always complete.
initialise() {
  new=$own.initialising
  mkdir -p "$volume/$major"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$volume" "$volume/$major"
  fi
  if [ -e "$new" ]; then
    say "an earlier start was interrupted while it initialised. What it left is in $own.unfinished."
    rm -rf "$own.unfinished"
    mv "$new" "$own.unfinished"
  fi
  if [ -d "$own" ] && ! rmdir "$own" 2>/dev/null; then
    [ -s "$own/PG_VERSION" ] || fail "$own is neither empty nor a data directory. Nothing was changed."
    aside=$own.unfinished-$(date -u +%Y%m%dT%H%M%S)
    mv "$own" "$aside"
    say "$own was what an interrupted initialisation left. It is in $aside now."
  fi

  # The image's entrypoint ends by running `postgres` from the PATH with the arguments that it got: none. Here that is a
  # program that returns when it gets no arguments.
  hand_over=$volume/$major/.hand-over
  mkdir -p "$hand_over"
  # shellcheck disable=SC2016 # For the program that is written, not for this one.
  printf '#!/bin/sh\n[ $# = 0 ] || exec "$BACKSTAGE_DATABASE_SERVER" "$@"\n' >"$hand_over/postgres"
  chmod 0755 "$hand_over" "$hand_over/postgres"
  (
    POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    # Some entrypoints read the file as postgres, which may not.
    unset POSTGRES_PASSWORD_FILE
    # shellcheck disable=SC2030 # On purpose: only the initialisation has these.
    PGDATA=$new PATH=$hand_over:$PATH BACKSTAGE_DATABASE_SERVER=$server
    export PGDATA PATH POSTGRES_PASSWORD BACKSTAGE_DATABASE_SERVER
    exec "$entrypoint" postgres
  ) &
  # `docker stop` would have to wait for a shell that waits for a program in the foreground.
  trap 'exit 143' INT TERM
  wait $! || fail "the image's entrypoint could not initialise the data directory. Its messages are above."
  trap - INT TERM
  rm -r "$hand_over"

  [ -s "$new/PG_VERSION" ] || fail "the image's docker-entrypoint.sh initialised nothing: it is not of the official kind."
  : >"$new/$complete"
  sync
  mv "$new" "$own"
  sync
}
if [ -z "$data" ]; then
  initialise
  data=$own
fi

# --- Every start, the first one too.
if [ "$(id -u)" = 0 ]; then
  # The image that created the data may have given its postgres user another id.
  [ "$data" = "$volume" ] || chown postgres "$volume" "${data%/*}"
  find "$data" ! -user postgres -exec chown -h postgres {} +
  chmod 0700 "$data"
elif [ "$(stat -c %u "$data")" != "$(id -u)" ]; then
  need_rights "$data"
fi

# A server that is killed between creating this file and writing its process id leaves the file empty, and then no server
# starts. A server that is starting outside of our lock fills the file well within the two seconds.
server_lock=$data/postmaster.pid
if [ -e "$server_lock" ] && [ ! -s "$server_lock" ]; then
  sleep 2
  if [ ! -s "$server_lock" ]; then
    say "an earlier server was killed while it started; the empty $server_lock that it left is removed."
    rm -f "$server_lock"
  fi
fi

# The image's entrypoint sets the password only when it initialises. Here every start sets it, so that a changed password
# takes effect, and allows the login, which a superuser that is locked out cannot do itself. The settings keep the
# statement, which holds the password, out of the log.
password=$(sed "s/'/''/g" "$POSTGRES_PASSWORD_FILE")
# A killed server leaves a postmaster.pid with the id of this process. In an image with USER postgres, PostgreSQL would
# take this shell for that server; with this variable, as pg_ctl sets it, it knows that the id is its caller's.
export PG_GRANDPARENT_PID=$$
if ! answer=$(
  printf '%s\n' "ALTER ROLE \"$POSTGRES_USER\" LOGIN VALID UNTIL 'infinity' PASSWORD '$password'" |
    as_postgres "$server" --single -D "$data" -c standard_conforming_strings=on -c lc_messages=C \
      -c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic template1 2>&1 >/dev/null
); then
  fail "PostgreSQL cannot open the data in $data. It says: $answer"
fi
case $answer in
*ERROR:*"does not exist"*)
  fail "the data in $data has no user \"$POSTGRES_USER\". It was created with another one: set \`user\` to that name."
  ;;
*ERROR:*) fail "the password of \"$POSTGRES_USER\" could not be set. PostgreSQL says: $answer" ;;
esac

unset password answer POSTGRES_PASSWORD_FILE PG_GRANDPARENT_PID
# shellcheck disable=SC2031
export PGDATA="$data"
exec "$entrypoint" postgres "$@"
