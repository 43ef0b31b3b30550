# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# Keeps what reads have spooled where it is, for tests and figures of the audit of reads; source it.
#   hold_drain [DATABASE]   nothing is drained there …
#   let_drain               … until now
#   drain_all [DATABASE]    drains until nothing comes any more

hold_drain() {
  local line=
  coproc HOLDER { psql -XqtA -d "${1:-${PGDATABASE:-gdpr}}" 2>/dev/null; }
  drain_held_by=$HOLDER_PID to_holder=${HOLDER[1]} from_holder=${HOLDER[0]}
  echo "BEGIN; SELECT gdpr_internal.lock_drain(); SELECT 'held';" >&"$to_holder"
  until [ "$line" = held ]; do read -r -t 60 -u "$from_holder" line || return; done
}

let_drain() {
  exec {to_holder}>&-
  wait "$drain_held_by" 2>/dev/null
  return 0
}

# What asks may be recorded itself, so it is not asked whether the spool is empty.
drain_all() {
  local i drained
  for ((i = 0; i < 1000; i++)); do
    drained=$(psql -XqtA -v ON_ERROR_STOP=1 -d "${1:-${PGDATABASE:-gdpr}}" -c 'SELECT gdpr.drain_access()') || return
    [ "$drained" -gt 0 ] || return 0
  done
  return 1
}
