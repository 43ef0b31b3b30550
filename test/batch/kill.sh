# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# SIGKILL for gdpr-batch, for the server and for both at random moments of runs; whatever happens,
# everybody is anonymized exactly once.

moments=20
[ -z "${GDPR_LONG:-}" ] || moments=100
seed=${GDPR_SEED:-$RANDOM}
RANDOM=$seed
note "GDPR_SEED=$seed"

people=$((moments * 600)) slice=3000
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
    as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 20 --jobs 2
  fi
}
between() { sql "SELECT count(*) FROM gdpr.runs WHERE state = 'running' AND chunks_done > 0 AND chunks_done < chunks"; }
random_sleep() { sleep "$(awk -v r=$RANDOM -v m="$1" 'BEGIN { printf "%.3f", r / 32768 * m }')"; }

within=0 done_moments=0 killed_clients=0 killed_servers=0
while [ $done_moments -lt "$moments" ] && start_or_resume; do
  # Most moments lie in the middle of the work, one in five anywhere from the program's start on.
  if [ $((RANDOM % 5)) -gt 0 ]; then wait_for 30 eval 'logged chunk || gone $pid'; random_sleep 0.35; else random_sleep 3; fi
  gone "$pid" && { wait "$pid"; continue; }   # it was done before the moment came
  case $((RANDOM % 3)) in
    0) kill -9 "$pid"; killed_clients=$((killed_clients + 1)) ;;
    1) "${cluster[@]}" kill9 --name batch; killed_servers=$((killed_servers + 1))
       random_sleep 0.3; "${cluster[@]}" up --name batch
       # The client lives: it must find its way back by itself, at least to the end of this run.
       wait_for 60 gone "$pid" ;;
    2) "${cluster[@]}" kill9 --name batch; kill -9 "$pid"; "${cluster[@]}" up --name batch
       killed_clients=$((killed_clients + 1)) killed_servers=$((killed_servers + 1)) ;;
  esac
  wait "$pid" 2>/dev/null
  done_moments=$((done_moments + 1))
  if logged chunk; then within=$((within + 1)); fi
done
while start_or_resume; do wait "$pid"; done

note "$killed_clients times gdpr-batch, $killed_servers times the server, $within of $done_moments while chunks were being done"
is "there were $moments moments" "$done_moments" "$moments"
ok "at least 3 in 4 lay between the first lease and the last commit" test $((within * 4)) -ge $((moments * 3))
is "every run ended" "$(sql "SELECT count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')")" 0
exactly_once $((people - people / 20)) "killed"
is "killed: everybody else is listed as held back" "$(sql "SELECT count(*) FROM gdpr.held_back WHERE state = 'held'")" $((people / 20))
