# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# One decision of everybody in a selection: dry run, exactly once through kill -9, the same change never
# twice, attachments, who cannot is named.

crm mark 3000 || fail "database"
sql "SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('survey');
  SELECT gdpr.record_consent('contact', n::text, s, 'letters', medium => 'email') FROM generate_series(1, 10) AS n, unnest('{accepted,withdrawn}'::text[]) AS s;
  CREATE VIEW crm.visitor AS SELECT id FROM crm.contact WHERE id <= 2500;
  GRANT SELECT ON crm.visitor TO night; ALTER VIEW crm.visitor OWNER TO crm_owner" >/dev/null 2>&1
printf 'list\0of visitors' >"$work/list.pdf"
events() { sql "SELECT count(*) FROM gdpr_internal.consent_event WHERE purpose = '$1' AND batch IS NOT NULL"; }
mark() { gdpr_batch mark --subject contact --selection crm.visitor --medium paper_form "$@"; }

gdpr_batch mark --subject contact --state accepted
is "a selection is needed" "$code" 1
mark --state rejected --purpose letters --attachment "$work/none.pdf"
is "an attachment must be there" "$code" 2
mark --state perhaps --purpose letters
is "a word that is no state is a mistake of who said it" "$code" 2
mark --state rejected --purpose letters --dry-run --json
is "a dry run tells who would be marked" "$code $(json people) $(json would_mark)" "0 2500 2490"
like "and who would not be, and why" "$out" 'withdrawn.*rejected.*: ?10[,}]'
is "and leaves nothing behind" "$(sql "SELECT count(*) FROM gdpr.runs") $(events letters)" "0 0"
mark --state rejected --purpose letters --dry-run
like "it reads well" "$out" '2,490  would be marked as rejected'

mark --state rejected --purpose letters --comment 'trade fair' --attachment "$work/list.pdf" --chunk-rows 300 --jobs 2 --json
is "who cannot take the step is no obstacle for the others" "$code $(json state) $(json people) $(json changed) $(json failed)" "5 finished 2500 2490 10"
is "an event for each person who was marked" "$(events letters) $(sql "SELECT count(DISTINCT subject_key) FROM gdpr_internal.consent_event WHERE batch IS NOT NULL")" "2490 2490"
is "one batch, and the attachment once, byte for byte" "$(sql "SELECT count(DISTINCT e.batch), min(encode(a.body, 'hex')), count(DISTINCT a.attachment)
  FROM gdpr.consent_history AS e JOIN gdpr_internal.consent_batch AS b USING (batch) JOIN gdpr_internal.consent_attachment AS a USING (attachment)")" \
  "1"$'\t'"$(od -An -tx1 "$work/list.pdf" | tr -d ' \n')"$'\t'"1"
gdpr_batch status --run "$(sql "SELECT max(run) FROM gdpr.runs")" --json
is "the run knows the others" "$(sql "SELECT count(*) FROM gdpr.run_people WHERE sqlstate = 'PD006'")" 10
case $err$out in *person[0-9]*@*) fail "no value in any line" ;; *) pass "no value in any line" ;; esac

sql "DELETE FROM crm.job WHERE contact_id <= 10; DELETE FROM crm.activity WHERE contact_id <= 10; DELETE FROM crm.contact WHERE id <= 10" >/dev/null
mark --state accepted --purpose survey --comment 'trade fair' --json
is "everybody" "$code $(json changed) $(events survey)" "0 2490 2490"
mark --state accepted --purpose survey --comment 'trade fair' --json
is "the same change is nothing to do" "$code $(json run) $(events survey)" "0  2490"
mark --state accepted --purpose survey --comment 'another fair' --json
is "another one is" "$code $(json changed) $(events survey)" "0 2490 4980"
gdpr_batch mark --subject contact --resume --json
is "nothing to resume is done" "$code $(json run)" "0 "

# killed in the middle, again and again
crm markkill 8000 || fail "database"
sql "SELECT gdpr.add_purpose('letters');
  CREATE VIEW crm.visitor AS SELECT id FROM crm.contact; GRANT SELECT ON crm.visitor TO night; ALTER VIEW crm.visitor OWNER TO crm_owner" >/dev/null 2>&1
as_night mark --subject contact --selection crm.visitor --state accepted --purpose letters --medium email --chunk-rows 200 --chunk-seconds 0.2 --jobs 2
for kill in 1 2 3 4; do
  wait_for 60 logged chunk || note "$(<"$work/log")"
  kill -9 "$pid" 2>/dev/null; wait "$pid" 2>/dev/null
  wait_for 60 left_alone
  as_night mark --subject contact --resume --chunk-rows 200 --chunk-seconds 0.2 --jobs 2
done
wait "$pid"
is "killed four times, it ends well" "$?" 0
is "everybody has one event" "$(sql "SELECT count(*), count(DISTINCT subject_key), (SELECT sum(changed) FROM gdpr.runs) FROM gdpr_internal.consent_event WHERE batch IS NOT NULL")" "8000"$'\t'"8000"$'\t'"8000"
is "and the run knows it" "$(sql "SELECT state, done, changed FROM gdpr.runs")" "finished"$'\t'"8000"$'\t'"8000"

# paused and given up by others
sql "SELECT gdpr.add_purpose('survey')" >/dev/null
slowed 0.2 gdpr_internal.consent_event
as_night mark --subject contact --selection crm.visitor --state accepted --purpose survey --medium email --chunk-rows 100 --jobs 2
wait_for 60 logged chunk || note "$(<"$work/log")"
run=$(sql "SELECT max(run) FROM gdpr.runs")
sql "SELECT gdpr.run_pause($run, 'an inspection')" >/dev/null
wait "$pid"
is "paused by somebody, it ends politely" "$?" 6
like "and says so" "$(<"$work/log")" 'is paused: an inspection'
gdpr_batch mark --subject contact --selection crm.visitor --state accepted --purpose letters --medium email
is "another one waits until it is resumed or given up" "$code" 2
as_night mark --subject contact --resume "$run" --jobs 2
wait_for 60 logged chunk || note "$(<"$work/log")"
sql "SELECT gdpr.run_cancel($run)" >/dev/null
is "a run is given up while it works" "$(sql "SELECT state FROM gdpr.runs WHERE run = $run")" cancelled
wait "$pid"
is "and who works on it ends" "$?" 6
is "what is done is done, whole slices of it" "$(sql "SELECT changed = done AND changed = (SELECT count(*) FROM gdpr_internal.consent_event WHERE purpose = 'survey') AND changed BETWEEN 100 AND 7900 FROM gdpr.runs WHERE run = $run")" t
is "no list is left" "$(sql "SELECT count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'")" 0
