# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Re-consent campaigns from the plan to the file for the mailer: two roles, stages, pause, abort, resume.

crm campaign 600 || fail "database"
sql "DO \$\$ BEGIN IF to_regrole('officer') IS NULL THEN CREATE ROLE officer LOGIN; END IF; END \$\$;
  UPDATE crm.contact SET email = NULL WHERE false;
  SELECT gdpr.add_purpose('marketing', marketing => true), gdpr.add_form('terms', 'One.'), gdpr.add_form('terms', 'Two.'), gdpr.add_form('terms', 'Three.');
  SELECT gdpr.set_consent_form('contact', 'terms:1', 'marketing');
  CREATE VIEW crm.yes AS SELECT id FROM crm.contact WHERE id <= 300;
  CREATE VIEW crm.gone AS SELECT id FROM crm.contact WHERE id <= 50;
  SELECT gdpr.mark_all('contact', 'crm.yes', 'accepted', 'marketing', 'email'), gdpr.mark_all('contact', 'crm.gone', 'withdrawn', 'marketing', 'email');
  UPDATE crm.contact SET first_name = E'Zoë, \"the\nnew\"' WHERE id = 60;
  SELECT gdpr.grant_bundle('dpo', 'officer')" >/dev/null
officer() {
  PGUSER=officer "$GDPR_BATCH" "$@" >"$work/out" 2>"$work/err"
  code=$?
  out=$(<"$work/out") err=$(<"$work/err")
}
plan=(reconsent --subject contact --purpose marketing --form terms:2 --stage 1%,10%,100% --chunk-rows 50)

gdpr_batch "${plan[@]}" --dry-run
is "who may not send campaigns plans none" "$code" 2
sql "SELECT gdpr.grant_purpose('marketing', 'night', campaign => true)" >/dev/null
gdpr_batch "${plan[@]}" --dry-run
is "a dry run shows the plan" "$code $(grep -c 'Dry run: nothing was stored' <<<"$out")" "0 1"
is "who is not asked, and why" "$(grep -A1 'would not:' <<<"$out" | tail -1 | xargs)" "50 withdrawn"
is "and stores nothing" "$(sql 'SELECT count(*) FROM gdpr.campaign_plans')" 0
gdpr_batch "${plan[@]}" --dry-run --json
is "as JSON" "$(json people) $(json eligible) $(json excluded.withdrawn) $(json audience_before) $(json audience_after) $(json run)" "600 550 50 250 0 "
gdpr_batch "${plan[@]}" --json
run=$(json run)
is "a plan is stored" "$code $(json state) $(sql "SELECT state FROM gdpr.runs WHERE run = $run")" "0 planned planned"
gdpr_batch "${plan[@]}" --json
is "the same command finds it and plans no other" "$code $(json run) $(sql 'SELECT count(*) FROM gdpr.campaign_plans')" "0 $run 1"
gdpr_batch reconsent --resume "$run"
is "nobody is asked before a second role says yes" "$code $(sql "SELECT count(*) FROM gdpr.outbox")" "2 0"
case $err in *"--approve $run"*) pass "and the hint says how" ;; *) fail "and the hint says how" "$err" ;; esac
gdpr_batch reconsent --approve "$run"
is "the planner does not approve" "$code" 2
officer reconsent --approve "$run" --json
is "the officer does" "$code $(json run)" "0 $run"
officer reconsent --resume "$run"
is "and does not do the work" "$code" 2
gdpr_batch "${plan[@]}" --json
is "the same command does the approved plan's first stage" "$code $(json state) $(json stage) $(json changed)" "0 paused 1 6"
is "which ends with a pause" "$(json paused_reason)" "stage 1 of 3 done"
gdpr_batch "${plan[@]}" --json
is "said again it goes no further" "$code $(json changed)" "0 6"
gdpr_batch reconsent --resume "$run" --csv "$work/mail.csv" --json
is "resumed, it does the second stage and writes the file" "$code $(json stage) $(json changed) $(json exported)" "0 2 55 55"
is "a header, and a record for each" "$(head -1 "$work/mail.csv" | tr -d '\r')" "message,channel,address,token,email,first_name"
is "lines end as RFC 4180 has it" "$(grep -c $'\r$' "$work/mail.csv")" 56
is "only the owner reads it" "$(stat -c %a "$work/mail.csv")" 600
is "what is in the file is taken" "$(sql "SELECT state, count(*) FROM gdpr.outbox GROUP BY 1")" $'taken\t55'
gdpr_batch reconsent --export "$run" --csv "$work/again.csv" --json
is "and not written twice" "$(json exported) $(wc -l <"$work/again.csv")" "0 1"
# Killed while it writes: nothing is lost, nothing counts as taken.
sql "SELECT gdpr.message_failed(ARRAY(SELECT message FROM gdpr.outbox))" >/dev/null
sql "SELECT count(*) FROM gdpr.run_export_begin($run), gdpr.run_export($run, 20)" >/dev/null
is "an export that was killed leaves messages in between" "$(sql "SELECT count(*) FROM gdpr.outbox WHERE state = 'exporting'")" 20
gdpr_batch reconsent --export "$run" --csv "$work/again.csv" --json
is "the next one has them all" "$(json exported)" 55
gdpr_batch reconsent --export "$run" --csv /nowhere/mail.csv
is "a file that cannot be written is an error" "$code" 3
case $out$err in *person*@*|*Name\ *) fail "no log names anybody" "$err" ;; *) pass "no log names anybody" ;; esac

# Changes of mind, a pause while it works, an abort in the middle ------------------------------------
sql "SELECT gdpr.record_consent('contact', id::text, 'withdrawn', 'marketing', 'email') FROM crm.contact AS c WHERE id BETWEEN 100 AND 300
  AND NOT EXISTS (SELECT FROM gdpr.outbox AS o WHERE o.subject_key = c.id::text) ORDER BY id LIMIT 20" >/dev/null
sql "CREATE TABLE crm.was AS SELECT * FROM gdpr.consent WHERE state = 'withdrawn'" >/dev/null
slowed 0.05 gdpr_internal.consent_event
as_night reconsent --resume "$run" --jobs 1 --chunk-rows 5 --json
wait_for 60 logged chunk
sql "SELECT gdpr.run_pause($run, 'lunch')" >/dev/null
wait "$pid"; code=$?
full_speed gdpr_internal.consent_event
out=$(<"$work/out")
is "paused by somebody it ends politely" "$code $(sql "SELECT state, paused_reason FROM gdpr.runs WHERE run = $run")" $'6 paused\tlunch'
asked=$(sql "SELECT asked FROM gdpr.campaign_plans WHERE run = $run")
is "what it did is done" "$(sql "SELECT count(*) FROM gdpr.consent_history WHERE kind = 'reconsent_required'")" "$asked"
gdpr_batch reconsent --resume "$run" --jobs 2 --json
is "resumed, it does the rest" "$code $(json state) $(json changed) $(json left_out.withdrawn)" "0 finished 530 20"
is "each was asked once" "$(sql "SELECT count(*), count(DISTINCT subject_key) FROM gdpr.consent_history WHERE kind = 'reconsent_required'")" $'530\t530'
is "who withdrew is as before" "$(sql "SELECT count(*) FROM (TABLE crm.was EXCEPT SELECT * FROM gdpr.consent) AS d")" 0
gdpr_batch reconsent --resume "$run"
is "what is over is over" "$code" 2
gdpr_batch reconsent --resume "$run" --csv "$work/rest.csv" --json
is "but what waits is exported" "$code $(json exported)" "0 475"
is "a name with comma, quotes and line comes through" "$(grep -c '^new""",*' "$work/rest.csv" "$work/again.csv" | grep -c ':1')" 1

gdpr_batch reconsent --subject contact --purpose marketing --form terms:3 --stage 50,100 --channel sms --json
is "an SMS reaches nobody here" "$(json eligible) $(json excluded.no_address)" "0 530"
gdpr_batch reconsent --abort "$(json run)"
is "a plan can be given up" "$code $(sql "SELECT state FROM gdpr.campaign_plans ORDER BY run DESC LIMIT 1")" "0 cancelled"
gdpr_batch reconsent --subject contact --purpose marketing --form terms:3 --stage 50,100 --json
run=$(json run)
officer reconsent --approve "$run"
gdpr_batch reconsent --resume "$run" --json
is "another campaign" "$code $(json changed)" "0 265"
gdpr_batch reconsent --abort "$run" --json
is "given up between its stages" "$code $(json state) $(json changed)" "0 cancelled 265"
is "the others are as they were" "$(sql "SELECT count(*) FROM gdpr.consent WHERE form = 'terms:2' AND state = 'pending'")" 265
gdpr_batch reconsent --pause "$run"
is "what is given up cannot be paused" "$code" 2
gdpr_batch reconsent --resume 9999
is "nor what never was" "$code" 2

# Usage ---------------------------------------------------------------------------------------------
for words in "--subject contact" "--purpose marketing --form terms:2" "--approve 1 --abort 1" "--resume" "--export 1" "--approve 1 --csv x" \
  "--subject contact --purpose p --form f --no-proof --form-older-than 2" "--subject contact --purpose p --form f --stage ten" "--resume 1 --form f"; do
  # shellcheck disable=SC2086
  gdpr_batch reconsent $words
  is "usage: reconsent $words" "$code" 1
done
