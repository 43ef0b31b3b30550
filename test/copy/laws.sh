# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A copy is what gdpr.anonymize() makes of every value, row for row; everything else is equal; nothing of pg_gdpr is in it.

people_database copied "$people" || fail "the people are loaded"
fresh laws
copy copied "$(to laws)" --json
is "a copy comes to its end" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 5 "$work/log")"
is "its summary says so" "$(json state)" done
treated_queries copied | run_queries copied >"$work/expected"
plain_queries laws | PGHOST=$target_host run_queries laws >"$work/got"
is "every row is what gdpr.anonymize() makes of it, in every table" "$(diff "$work/expected" "$work/got" | head -n 6)" ""
ok "there were rows to compare" test "$(wc -l <"$work/got")" -ge $((people * 5))
is "the summary counts the rows, and the one of a table without columns" "$(json rows)" "$(($(wc -l <"$work/got") + 1))"
is "no e-mail or IBAN of the source is there" "$(
  sql -d copied "SELECT email FROM crm.contact UNION ALL SELECT iban FROM crm.account" |
    LC_ALL=C sort -u | LC_ALL=C comm -12 - <(tr '|' '\n' <"$work/got" | LC_ALL=C sort -u) | head -n 3)" ""

for what in "sum(balance) FROM crm.contact" "sum(balance) FROM crm.account" "sum(amount) FROM shop.visit" "count(DISTINCT email) FROM crm.contact" \
  "count(DISTINCT iban) FROM crm.account" "count(note) FROM crm.contact" "count(*) FROM shop.goods" "count(*) FROM ONLY shop.goods"; do
  is "$what is the source's" "$(at_target "SELECT $what" laws)" "$(sql -d copied "SELECT $what")"
done
rest() { grep -vE '^(crm|shop)\.|gdpr' | grep -v '^row security'; }
is "sequences, indexes, constraints, own triggers and policies are the source's" \
  "$(diff <(content "$PGHOST" copied | rest) <(content "$target_host" laws | rest))" ""
is "every constraint was checked" "$(at_target "SELECT count(*) FROM pg_constraint WHERE NOT convalidated" laws)" 0
is "the materialized view is of the copy's rows" "$(at_target "SELECT sum(people) FROM crm.by_state" laws)" "$people"
is "row level security is where it was before pg_gdpr" \
  "$(at_target "SELECT string_agg(oid::regclass::text, ' ') FROM pg_class WHERE relrowsecurity OR relforcerowsecurity" laws)" "shop.goods"
is "nothing of pg_gdpr is there" "$(at_target "
  SELECT nspname FROM pg_namespace WHERE nspname ~ 'gdpr' UNION ALL SELECT extname FROM pg_extension WHERE extname = 'pg_gdpr'
  UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ 'gdpr' UNION ALL SELECT polname FROM pg_policy WHERE polname ~ 'gdpr'
  UNION ALL SELECT attname FROM pg_attribute WHERE attname ~ 'gdpr' UNION ALL SELECT evtname FROM pg_event_trigger
  UNION ALL SELECT relname FROM pg_class WHERE relname ~ 'masked' UNION ALL SELECT label FROM pg_seclabel" laws)" ""
is "what is no affair of pg_gdpr's is: comments, views, enums" "$(at_target "
  SELECT col_description('crm.contact'::regclass, 9), (SELECT count(*) > 0 FROM crm.customer), 'left'::crm.state" laws)" $'what was said\tt\tleft'

fresh again
copy copied "$(to again)" --jobs 1
is "a copy with one job" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 5 "$work/log")"
is "the same copy twice is the same, whatever the number of jobs" "$(diff <(content "$target_host" laws) <(content "$target_host" again))" ""
fresh again
copy copied "$(to again)" --dry-run
is "a dry run changes nothing" "$code $(at_target "SELECT count(*) FROM pg_namespace WHERE nspname IN ('crm', 'gdpr_copy')" again)" "0 0"
like "a dry run says what would be copied" "$(<"$work/out")" "crm.contact .*$(printf "%'d" 5000 | tr -d ',')|crm.contact"
fresh again
copy copied "$(to again)" --schema crm --exclude-table activity --json
is "a schema is copied alone" "$code $(at_target "SELECT to_regclass('shop.visit') IS NULL, count(*) FROM crm.contact" again)" "0 t"$'\t'"$people"
is "of a table that is left out there is the definition" "$(at_target "SELECT count(*) FROM crm.activity" again)" 0
