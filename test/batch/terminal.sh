# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# What a person sees: the bar on a terminal, plain lines elsewhere.

crm terminal 1000 || fail "database"
seq 1 1000 >"$work/keys"
screen=$(PGUSER=night script -qec "stty cols 100; $GDPR_BATCH anonymize --subject contact --keys $work/keys --reason left --chunk-rows 25" /dev/null </dev/null)
like "a terminal shows a bar with people, rate and time left" "$screen" \
  '[0-9]+ %.*\[=*>? *\].*[0-9]+ of 1,000 people.*/s .*left'
like "the bar reaches the end" "$screen" '100 % \[=+\]  1,000 of 1,000 people, 50 left out'
longest=$(tr '\r' '\n' <<<"$screen" | sed 's/\x1b\[K//g' | grep ' % ' | awk '{ if (length > n) n = length } END { print n }')
ok "the bar stays on its line" test "$longest" -lt 100
like "the summary stands below" "$screen" 'Run 1 is finished: 950 of 1,000 people anonymized'

crm plain 100 || fail "database"
gdpr_batch anonymize --subject contact --all --reason left --log-format json
case $err in *$'\r'*|*$'\x1b'*) fail "no bar without a terminal" ;; *) pass "no bar without a terminal" ;; esac
out="[$(paste -sd, "$work/err")]"
is "log lines are JSON on request" "$(json 0.event) $(json -1.event)" "run_started run_finished"
