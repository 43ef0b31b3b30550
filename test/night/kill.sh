# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# SIGKILL for gdpr-batch, for the server and for both at random moments of every job, most of them while it works: where the
# dice would have it otherwise there are more moments, up to four times as many.
# A job that came to its end before the moments did is held to the oracle and begins again in a fresh database.

moments=${GDPR_MOMENTS:-$([ -n "${GDPR_LONG:-}" ] && echo 40 || echo 8)}

kill_one() {
  case $((RANDOM % 3)) in
    0) kill -9 "$pid"; reap; killed_programs=$((killed_programs + 1)) ;;
    1) # The program lives: it must find its way back by itself.
       "${cluster[@]}" kill9 --name night; killed_servers=$((killed_servers + 1)); random_sleep 0.3; server_up ;;
    2) "${cluster[@]}" kill9 --name night; kill -9 "$pid" 2>/dev/null; reap
       killed_programs=$((killed_programs + 1)) killed_servers=$((killed_servers + 1)); server_up ;;
  esac
}

enough_moments() {
  [ $done_moments -ge "$moments" ] && [ $((within * 3)) -ge $((moments * 2)) ] || [ $done_moments -ge $((moments * 4)) ]
}

kill_job() {
  local done_moments=0 within=0 rounds=0 fresh=yes
  killed_programs=0 killed_servers=0 wrong=
  until enough_moments || [ -n "$wrong" ]; do
    if [ -n "$fresh" ]; then
      database killed "$people" && prepare >/dev/null || { wrong+="no database"$'\n'; break; }
      fresh= rounds=$((rounds + 1))
    fi
    if [ -z "$pid" ] && ! begin_or_go_on; then look "round $rounds"; fresh=yes; continue; fi
    # Most moments lie in the middle of the work, every sixth anywhere from the program's start on.
    seen=$(said)
    if [ $((done_moments % 6)) -lt 5 ]; then wait_for 60 says_more; random_sleep 0.3; else random_sleep 1; fi
    if gone "$pid"; then  # it ended before the moment came
      reap; judge
      case $? in 0) look "round $rounds" summary; fresh=yes ;; 2) fresh=yes ;; esac
      continue
    fi
    done_moments=$((done_moments + 1))
    kill_one
    between && within=$((within + 1))
  done
  [ -n "$fresh" ] || until_done "round $rounds"
  note "$1: $killed_programs times the program, $killed_servers times the server, $within of $done_moments in the middle, $rounds rounds"
  ok "$1, killed: there were $moments moments" test "$done_moments" -ge "$moments"
  ok "$1, killed: at least 2 in 3 of so many lay between the first commit and the last" test $((within * 3)) -ge $((moments * 2))
  is "$1, killed: exactly once, nothing lost, exit codes and summaries right" "$wrong" ""
}

RANDOM=$seed
for job in $all_jobs; do
  job "$job"
  kill_job "$job"
done
