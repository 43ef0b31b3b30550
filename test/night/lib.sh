# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What the parts of test/night share. A job is a file in jobs/ that says
#   people, also   how many there are, and what is said of them beside fixture.sql
#   busy           what the log says each time something of it was committed
#   prepare        makes what the job needs in a fresh copy of the database, and table oracle.person: what must become of whom
#   first, again   set the array `arguments`: to begin the job; to go on with it
#   unfinished     whether there is something to go on with (the program is not asked)
#   complete       whether the database knows that it has come to its end (a program that was killed can no longer say so)
#   between        whether some of the work is committed and some is not
#   laws           prints "LAW|violations", a line each, of what is wrong in the database when the job has come to its end
#   summary        what the last summary must say, as PATH=VALUE …
#   cut_after      bytes after which a connection breaks, on the average (cut.sh)
#   good           the exit code of a job that comes to its end
#   written, locked, front   a table that it writes; one whose rows it locks in the order of id, if any; a query: whom it comes to next

work=$(mktemp -d /tmp/pg_gdpr_night.XXXXXX)
chmod 755 "$work"  # the server reads nothing here, but its standby may
pid= through=

finish() {
  local left
  left=$(jobs -p)
  [ -z "$left" ] || kill -9 $left 2>/dev/null
  end_more
  "${cluster[@]}" stop --name night
  rm -rf "$work"
}
end_more() { :; }  # parts that start more than processes say what is to be ended

all_jobs=${GDPR_JOBS:-anonymize reconsent mark retention import-optouts nightly}
seed=${GDPR_SEED:-$RANDOM}
note "GDPR_SEED=$seed"

# some_jobs N: so many of the jobs, as the seed will have it; all of them with GDPR_LONG, or where they were named.
some_jobs() {
  if [ -n "${GDPR_LONG:-}${GDPR_JOBS:-}" ]; then echo $all_jobs; else tr ' ' '\n' <<<"$all_jobs" | sort -R --random-source=<(yes "$seed") | head -n "$1"; fi
}

server_up() { "${cluster[@]}" up --name night; }

# database NAME PEOPLE: a database of the fixture's people, made once and copied from then on.
database() {
  local quiet=(-c "SET client_min_messages = error") from="night_$2${also%.sql}"
  if ! made "$from"; then
    psql -Xq -d postgres -v ON_ERROR_STOP=1 "${quiet[@]}" -c "CREATE DATABASE $from TEMPLATE gdpr" &&
      psql -Xq -d "$from" -v ON_ERROR_STOP=1 -v people="$2" -f test/night/fixture.sql &&
      { [ -z "$also" ] || psql -Xq -d "$from" -v ON_ERROR_STOP=1 -f "test/night/$also"; } || return
  fi
  # Until the next checkpoint a crash takes sequences of the copy back to where the template left them (PostgreSQL's).
  psql -Xq -d postgres -v ON_ERROR_STOP=1 "${quiet[@]}" -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" \
    -c "CREATE DATABASE $1 TEMPLATE $from" -c CHECKPOINT && export PGDATABASE=$1
}
made() { [ "$(sql -d postgres "SELECT count(*) FROM pg_database WHERE datname = '$1'")" = 1 ]; }

# job NAME: its words are defined from now on.
job() {
  busy='event=chunk ' good=0 cut_after=30000 also= written=gdpr_internal.consent_event locked=gdpr_internal.contact_allowed
  front="SELECT id FROM oracle.person WHERE id >= (SELECT sum(r.done) FROM gdpr.runs AS r) ORDER BY id LIMIT 1"
  between() { [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state IN ('running', 'paused') AND done > 0 AND done < people")" -gt 0 ]; }
  unfinished() { [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state IN ('running', 'paused')")" -gt 0 ]; }
  complete() { [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state = 'finished'")" -gt 0 ]; }
  . "test/night/jobs/$1.sh"
}

# wait_for SECONDS COMMAND…: until COMMAND succeeds.
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.01
  done
}
random_sleep() { sleep "$(awk -v r=$RANDOM -v m="$1" 'BEGIN { printf "%.3f", r / 32768 * m }')"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
reap() { wait "$pid"; code=$?; pid=; } 2>/dev/null  # bash says "Killed" there
said() { grep -c "$busy" "$work/log"; }
says_more() { gone "$pid" || [ "$(said)" -gt "$seen" ]; }

# in_background ARGUMENTS…: as role night; the process is $pid, its log grows in $work/log, its summary in $work/out.
in_background() {
  : >"$work/log"
  PGHOST=${through:-$PGHOST} PGUSER=night "$GDPR_BATCH" "$@" --log-level debug >"$work/out" 2>>"$work/log" </dev/null &
  pid=$!
}
# The same to its end; its exit code in $code.
to_end() {
  PGHOST=${through:-$PGHOST} PGUSER=night "$GDPR_BATCH" "$@" --log-level debug >"$work/out" 2>"$work/log" </dev/null
  code=$?
}
# Starts the program, unless the job has come to its end.
begin_or_go_on() {
  if complete; then return 1; fi
  if unfinished; then again; else first; fi
  in_background "${arguments[@]}"
}
# What the end of a program that nobody killed means: 0 it is done, 1 it is to be started again, 2 it should not have ended
# so. It may be started again where another session has not noticed yet that its client is gone, and where the
# server was not there when it began.
judge() {
  case $code in
    "$good") return 0 ;;
    2) if grep -q "another run" "$work/log"; then sleep 0.2; return 1; fi ;;
    3) grep -qE 'sqlstate=(08|57P)' "$work/log" && return 1 ;;
  esac
  wrong+="exit code $code: $(grep 'level=error' "$work/log" | tail -n 3)"$'\n'
  return 2
}
# Until the job has come to its end, and then what is wrong. A summary is there if the last program said one.
until_done() {
  local tries
  for tries in $(seq 60); do
    [ -n "$pid" ] || begin_or_go_on || { look "$1"; return; }
    reap
    judge
    case $? in 0) look "$1" summary; return ;; 2) return ;; esac
  done
  wrong+="it does not come to its end: $(tail -n 1 "$work/log")"$'\n'
}

# json PATH: a value of the JSON object in $work/out; a.0.b is the path.
json() { psql -XqtA -d postgres -v out="$(<"$work/out")" -v path="{${1//./,}}" <<<"SELECT :'out'::jsonb #>> :'path'"; }

# look WHEN [summary]: adds what is wrong now to $wrong, a line each.
look() {
  local law count
  while IFS='|' read -r law count; do
    [ "$count" = 0 ] || wrong+="$1: $law ($count)"$'\n'
  done < <(laws 2>&1)
  local said
  [ $# -gt 1 ] || return 0
  for said in $(summary); do
    [ "$(json "${said%%=*}")" = "${said#*=}" ] || wrong+="$1: the summary says ${said%%=*} $(json "${said%%=*}"), not ${said#*=}"$'\n'
  done
}
