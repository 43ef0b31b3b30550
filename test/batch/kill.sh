# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# SIGKILL for gdpr-batch, for the server and for both at random moments of runs; whatever happens,
# everybody is anonymized exactly once.

moments=20
[ -z "${GDPR_LONG:-}" ] || moments=100
seed=${GDPR_SEED:-$RANDOM}
RANDOM=$seed
note "GDPR_SEED=$seed"

# Enough that a fast machine does not run out of them before the last moment.
people=$((moments * 2500)) slice=5000
crm killed "$people" || fail "database"

next=1            # first person of the next run
start_or_resume() {
  if [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state = 'running'")" -gt 0 ]; then
    as_night anonymize --subject contact --resume --jobs 2
  else
    # A run that died while it was being planned has touched nobody: its list starts again.
    next=$(sql "SELECT 1 + coalesce(sum(people), 0) FROM gdpr.runs WHERE state = 'finished'")
    [ "$next" -le "$people" ] || return 1
    seq "$next" $((next + slice - 1 > people ? people : next + slice - 1)) >"$work/keys"
    as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 10 --jobs 2
  fi
}
between() { sql "SELECT count(*) FROM gdpr.runs WHERE state = 'running' AND chunks_done > 0 AND chunks_done < chunks"; }
random_sleep() { sleep "$(awk -v r=$RANDOM -v m="$1" 'BEGIN { printf "%.3f", r / 32768 * m }')"; }

chunks_logged() { grep -c 'event=chunk ' "$work/log"; }
more_chunks() { gone "$pid" || [ "$(chunks_logged)" -gt "$seen" ]; }
reap() { wait "$pid"; } 2>/dev/null   # bash says "Killed" there

within=0 done_moments=0 killed_clients=0 killed_servers=0 pid=
while [ $done_moments -lt "$moments" ]; do
  if [ -z "$pid" ]; then start_or_resume || break; fi
  # Most moments lie in the middle of the work, every sixth anywhere from the program's start on.
  seen=$(chunks_logged)
  if [ $((done_moments % 6)) -lt 5 ]; then wait_for 60 more_chunks; random_sleep 0.3; else random_sleep 3; fi
  if gone "$pid"; then reap; pid=; continue; fi   # it was done before the moment came
  more_chunks && within=$((within + 1))
  done_moments=$((done_moments + 1))
  case $((RANDOM % 3)) in
    0) kill -9 "$pid"; killed_clients=$((killed_clients + 1)); reap; pid= ;;
    1) # The client lives: it must find its way back by itself.
       "${cluster[@]}" kill9 --name batch; killed_servers=$((killed_servers + 1))
       random_sleep 0.3; server_up ;;
    2) "${cluster[@]}" kill9 --name batch; kill -9 "$pid" 2>/dev/null; reap; pid=
       killed_clients=$((killed_clients + 1)) killed_servers=$((killed_servers + 1))
       server_up ;;
  esac
done
[ -z "$pid" ] || reap
tries=0
while [ $tries -lt 50 ] && start_or_resume; do reap; tries=$((tries + 1)); done

note "$killed_clients times gdpr-batch, $killed_servers times the server, $within of $done_moments while chunks were being done"
is "there were $moments moments" "$done_moments" "$moments"
ok "at least 3 in 4 lay between the first lease and the last commit" test $((within * 4)) -ge $((moments * 3))
is "every run ended" "$(sql "SELECT count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')")" 0
exactly_once $((people - people / 20)) "killed"
is "killed: everybody else is listed as held back" "$(sql "SELECT count(*) FROM gdpr.held_back WHERE state = 'held'")" $((people / 20))
