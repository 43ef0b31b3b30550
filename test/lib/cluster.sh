#!/usr/bin/env bash
# SPDX-License-Identifier: PostgreSQL
#
# A private, throw-away PostgreSQL cluster: unix socket only, in a fresh directory under /tmp that only
# its owner may enter (a path below root's home could not be entered by "postgres", and a deep one is
# longer than a socket's name may be). build/cluster-NAME links to it. Run by root, the server runs as
# "postgres"; run by anybody else, as that user. The superuser is called postgres either way.
#
#   cluster.sh start   [--name N] [--bare] [--fsync on|off] [--set NAME=VALUE]…
#   cluster.sh env     [--name N]      lines for eval: PGHOST PGPORT PGUSER PGDATABASE PGDATA …
#   cluster.sh kill9   [--name N]      SIGKILL to the postmaster and every backend; it stays down
#   cluster.sh up      [--name N]      starts a stopped or killed one again, with its data
#   cluster.sh down    [--name N]      stops it and keeps its data
#   cluster.sh restart [--name N]
#   cluster.sh stop    [--name N]      stops it and removes it, links and all
#   cluster.sh psql    [--name N] …    psql on it
#   cluster.sh run     [options of start] -- COMMAND…
#                                      start, run COMMAND with that environment, stop: whatever happens
#
# --bare leaves out pg_gdpr: no preload, no extension, no key. Otherwise database "gdpr" has the extension
# and the key is made, in a directory beside the data directory, never inside it.
# GDPR_BINDIR names other server programs than those of PG_CONFIG.
# --fsync is off unless asked for: a throw-away cluster survives SIGKILL, not a power cut.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${GDPR_BUILD:-$root/build}

die() { printf 'cluster.sh: %s\n' "$*" >&2; exit 1; }

pg_config=${PG_CONFIG:-}
if [ -z "$pg_config" ]; then
  pg_config=/usr/lib/postgresql/15/bin/pg_config
  [ -x "$pg_config" ] || pg_config=pg_config
fi
bin=${GDPR_BINDIR:-$("$pg_config" --bindir 2>/dev/null)} || die "no PostgreSQL found; run \"make deps\" or set PG_CONFIG"

# Runs a command as the server's user, from a directory that user may enter.
as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else (cd / && exec "$@"); fi
}

name=main bare=no fsync=off keep_going=no
settings=() rest=()
verb=${1:-}
[ -n "$verb" ] || die "which verb? start, env, kill9, up, down, restart, stop, psql or run"
shift
while [ $# -gt 0 ]; do
  case $1 in
    --name) name=$2; shift 2 ;;
    --bare) bare=yes; shift ;;
    --fsync) fsync=$2; shift 2 ;;
    --set) settings+=("$2"); shift 2 ;;
    --) shift; rest=("$@"); break ;;
    *) if [ "$verb" = psql ]; then rest=("$@"); break; else die "unknown option \"$1\""; fi ;;
  esac
done
case $name in *[!a-z0-9_-]*|'') die "a name has letters a-z, digits, _ and - only" ;; esac
link=$build/cluster-$name
dir=$(readlink -f "$link" 2>/dev/null || true)

exists() { [ -n "$dir" ] && [ -d "$dir/data" ]; }
need() { exists || die "no cluster \"$name\"; start it with: test/lib/cluster.sh start --name $name"; }

psql_to() { PGHOST=$dir/socket PGPORT=5432 PGUSER=postgres "$bin/psql" -X "$@"; }

print_env() {
  printf 'export PGHOST=%q PGPORT=5432 PGUSER=postgres PGDATABASE=%s PGDATA=%q\n' \
    "$dir/socket" "$([ -e "$dir/bare" ] && echo postgres || echo gdpr)" "$dir/data"
  printf 'export GDPR_CLUSTER=%q GDPR_KEY_FILE=%q GDPR_LOG=%q PATH=%q:"$PATH"\n' \
    "$name" "$dir/key/gdpr.key" "$dir/log" "$bin"
  printf 'unset PGOPTIONS PGSERVICE PGSSLMODE PGPASSWORD PGAPPNAME PGTZ PGDATESTYLE\n'
}

server_up() {
  as_server "$bin/pg_ctl" start -w -s -t 120 -D "$dir/data" -l "$dir/log" </dev/null >/dev/null || {
    tail -n 20 "$dir/log" >&2 || true
    die "could not start the server of cluster \"$name\"; its log is $dir/log"
  }
}

server_down() {
  [ -e "$dir/data/postmaster.pid" ] || return 0
  as_server "$bin/pg_ctl" stop -w -s -m fast -t 60 -D "$dir/data" >/dev/null 2>&1 ||
    as_server "$bin/pg_ctl" stop -w -s -m immediate -t 30 -D "$dir/data" >/dev/null 2>&1 || server_kill9
}

state_of() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true; }
# A process that is gone or a zombie (its parent may never reap it) holds nothing any more.
ended() { case $(state_of "$1") in ''|Z) return 0 ;; esac; return 1; }
stopped() { case $(state_of "$1") in ''|Z|T) return 0 ;; esac; return 1; }
until_state() {
  local tries=0
  until "$2" "$1"; do
    sleep 0.05; tries=$((tries + 1)); [ $tries -lt 1200 ] || die "process $1 is not $2 after a minute"
  done
}

# A stopped postmaster forks nothing: whoever it forked before is in the list, and nobody outlives it with the shared
# memory, waiting for a lock of a dead one for ever, so that no server could start there again.
server_kill9() {
  local postmaster children=() status pid
  postmaster=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) || return 0
  kill -STOP "$postmaster" 2>/dev/null && until_state "$postmaster" stopped
  for status in /proc/[0-9]*/status; do
    if grep -qs "^PPid:[[:space:]]*$postmaster\$" "$status"; then
      pid=${status#/proc/}; children+=("${pid%/status}")
    fi
  done
  for pid in "$postmaster" "${children[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  for pid in "$postmaster" "${children[@]}"; do until_state "$pid" ended; done
  rm -f "$dir/data/postmaster.pid" "$dir"/socket/.s.PGSQL.*
}

remove() {
  if exists; then
    server_down
    case $dir in /tmp/pg_gdpr.*) rm -rf "$dir" ;; esac
  fi
  rm -f "$link"
}

start() {
  [ "$bare" = yes ] || [ -e "$("$bin/pg_config" --pkglibdir)/pg_gdpr.so" ] ||
    die "pg_gdpr is not installed in the PostgreSQL of $bin; run \"make install\""
  exists && remove
  mkdir -p "$build"
  dir=$(mktemp -d /tmp/pg_gdpr.XXXXXX)
  ln -sfn "$dir" "$link"
  [ "$(id -u)" != 0 ] || chown postgres "$dir"
  as_server mkdir -m 0700 "$dir/data" "$dir/socket" "$dir/key"
  as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N \
    >"$build/cluster-$name.initdb" 2>&1 || { cat "$build/cluster-$name.initdb" >&2; die "initdb failed"; }
  rm -f "$build/cluster-$name.initdb"
  {
    echo "listen_addresses = ''"
    echo "unix_socket_directories = '$dir/socket'"
    echo "unix_socket_permissions = 0700"
    echo "port = 5432"
    echo "max_connections = 60"
    echo "max_prepared_transactions = 10"
    echo "shared_buffers = 256MB"
    echo "max_wal_size = 4GB"
    echo "wal_level = logical"
    echo "fsync = $fsync"
    echo "timezone = 'UTC'"
    echo "log_timezone = 'UTC'"
    echo "lc_messages = 'C'"
    echo "log_line_prefix = '%m [%p] %q%u@%d '"
    if [ "$bare" = no ]; then
      echo "shared_preload_libraries = 'pg_gdpr'"
      echo "gdpr.key_file = '$dir/key/gdpr.key'"
    fi
    local setting
    for setting in "${settings[@]}"; do printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"; done
  } | as_server tee -a "$dir/data/postgresql.conf" >/dev/null
  server_up
  if [ "$bare" = yes ]; then
    as_server touch "$dir/bare"
  else
    psql_to -q -d postgres -v ON_ERROR_STOP=1 -c 'CREATE DATABASE gdpr' ||
      die "could not create database \"gdpr\""
    psql_to -q -d gdpr -v ON_ERROR_STOP=1 -o /dev/null -c 'CREATE EXTENSION pg_gdpr' \
      -c 'SELECT gdpr.create_key()' || die "could not create the extension or its key"
  fi
}

case $verb in
  start) start ;;
  env) need; print_env ;;
  kill9) need; server_kill9 ;;
  up) need; server_up ;;
  down) need; server_down ;;
  restart) need; server_down; server_up ;;
  stop) remove ;;
  psql) need; eval "$(print_env)"; exec "$bin/psql" -X "${rest[@]}" ;;
  run)
    [ ${#rest[@]} -gt 0 ] || die "run what? cluster.sh run [options] -- COMMAND…"
    trap 'status=$?; trap "" INT TERM HUP; remove; exit $status' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    start
    eval "$(print_env)"
    "${rest[@]}"
    ;;
  *) die "unknown verb \"$verb\"" ;;
esac
