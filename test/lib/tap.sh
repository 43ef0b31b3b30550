# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# A few words for tests written in bash; source it. Each test prints one TAP line; the last line of the
# script is done_testing, which prints the plan and sets the exit status.
#
#   ok "name" COMMAND…             passes if COMMAND succeeds; its output is shown only if it does not
#   not_ok "name" COMMAND…         passes if COMMAND fails
#   is "name" GOT EXPECTED         equal strings
#   like "name" GOT REGEX          bash's =~
#   raises "name" SQLSTATE [-d DB] "SQL"   passes if SQL fails with that SQLSTATE
#   pass "name"  /  fail "name" [WHY]
#   skip "name" WHY                counted as skipped
#   note TEXT                      a comment line
#   sql [-d DB] "SQL"              one value (or tab-separated rows) from the cluster in the environment
#   done_testing
tap_count=0 tap_failed=0

note() { printf '# %s\n' "${*//$'\n'/$'\n# '}"; }

tap_line() {  # tap_line ok|'not ok' NAME
  tap_count=$((tap_count + 1))
  [ "$1" = ok ] || tap_failed=$((tap_failed + 1))
  printf '%s %d - %s\n' "$1" "$tap_count" "$2"
}

pass() { tap_line ok "$1"; }
fail() { tap_line 'not ok' "$1"; shift; [ $# = 0 ] || note "$*"; return 0; }
skip() { tap_line ok "$1 # SKIP $2"; }

ok() {
  local name=$1 output; shift
  if output=$("$@" 2>&1 </dev/null); then pass "$name"; else fail "$name" "$* gave $?:"$'\n'"$output"; fi
}

not_ok() {
  local name=$1 output; shift
  if output=$("$@" 2>&1 </dev/null); then fail "$name" "$* succeeded:"$'\n'"$output"; else pass "$name"; fi
}

is() {
  if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "     got: $2"$'\n'"expected: $3"; fi
}

like() {
  if [[ $2 =~ $3 ]]; then pass "$1"; else fail "$1" "     got: $2"$'\n'"expected to match: $3"; fi
}

sql() {
  local database=${PGDATABASE:-gdpr}
  if [ "$1" = -d ]; then database=$2; shift 2; fi
  psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d "$database" -c "$1"
}

raises() {
  local name=$1 expected=$2 database=${PGDATABASE:-gdpr} got; shift 2
  if [ "$1" = -d ]; then database=$2; shift 2; fi
  if got=$(psql -XqtA -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -d "$database" -c "$1" 2>&1 >/dev/null); then got="no error"; fi
  is "$name" "$(grep -oE 'no error|[0-9A-Z]{5}$' <<<"$got" | tail -n 1)" "$expected"
}

done_testing() {
  printf '1..%d\n' "$tap_count"
  if [ "$tap_failed" -gt 0 ]; then exit 1; fi
}
