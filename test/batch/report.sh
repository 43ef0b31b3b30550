# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# The report for the data protection officer: one page that is there whole or not at all, counts only,
# and nobody's name is obeyed as markup.

psql -Xq -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS report WITH (FORCE)" -c "CREATE DATABASE report TEMPLATE gdpr"
psql -Xq -v ON_ERROR_STOP=1 -v people=1500 -d report -o /dev/null -f test/batch/report.sql || fail "the fictitious company"
export PGDATABASE=report
page=$work/report.html
read_page() { html=$(<"$page"); }

gdpr_batch report --html "$page"
is "report --html writes a page" "$code $(ls "$page"*)" "0 $page"
like "and says in a sentence what matters" "$out" '^[0-9]+ matters? needs? an answer now.*The report is in '
read_page
like "the page is one HTML document" "$html" '^<!DOCTYPE html>.*</html>$'
is "it loads nothing and runs nothing" "$(grep -ciE '<script|<link|<iframe|@import|src=|https?:' "$page")" 0
is "it has as many plots as it has to draw" "$(grep -c '<svg' "$page")" 4
for section in Consent Leaving 'Writing to people' 'Who looked' Proof Open Runs; do
  is "it has a section on: $section" "$(grep -c "<h2>$section</h2>" "$page")" 1
done
is "no value of a person is in it" "$(grep -cE 'person[0-9]+@|Name [0-9]+' "$page")" 0
is "no key, no typed-in reason" "$(sql "SELECT count(*) FROM gdpr.held_back")/$(grep -cE 'contract ended|subject_key' "$page")" "$(sql "SELECT count(*) FROM gdpr.held_back")/0"
html_counts() { sed -nE "s/.*<td>contact<\/td><td>$1<\/td><td>consent<\/td><td class=\"n[^>]*>([0-9,]+)<.*/\1/p" "$page" | tr -d ,; }
is "its numbers are those of the database" "$(html_counts newsletter)" "$(sql "SELECT count(*) FROM gdpr.consent WHERE purpose = 'newsletter' AND state = 'accepted'
  AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_key = consent.subject_key)")"

gdpr_batch report --json --days 400
is "--json is one object, with the same numbers" "$code $(json consent.0.accepted) $(json people.0.people)" \
  "0 $(html_counts newsletter) $(sql "SELECT count(*) FROM crm.contact AS c WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_key = c.id::text)")"
like "and the sentence" "$(json headline)" 'an answer now'
is "the last day of the history is today" "$(sql "
  SELECT count(*) FROM (SELECT DISTINCT ON (purpose) purpose, accepted, rejected, withdrawn, pending
    FROM gdpr.report_consent_history('contact', 400) ORDER BY purpose, until DESC NULLS LAST) AS h
  JOIN gdpr.report_consent('contact') AS c USING (purpose)
  WHERE (h.accepted, coalesce(h.rejected, 0), coalesce(h.withdrawn, 0), coalesce(h.pending, 0)) IS NOT DISTINCT FROM (c.accepted, c.rejected, c.withdrawn, c.pending + c.lapsed)")" 2
gdpr_batch report
like "without a file there are tables" "$out" 'Consent today.*Waiting for erasure.*Runs'

# An attacker names what he may name --------------------------------------------------------------
# shellcheck disable=SC2016
sql 'CREATE TABLE crm."<script>alert(1)</script>" (id int PRIMARY KEY, contact_id int, "<img src=x onerror=alert(2)>" text);
  CREATE VIEW crm.bad AS SELECT 3 AS contact_id;
  SELECT gdpr.add_link('"'contact', 'crm.\"<script>alert(1)</script>\"', '{contact_id}'), gdpr.add_blocker('contact', '\"><svg onload=alert(3)>', 'crm.bad', 'contact_id')" >/dev/null
sql "INSERT INTO gdpr_internal.run_person (run, chunk, subject_key, state, blockers) VALUES (1, 1, '3', 'held', '{\"\\\"><svg onload=alert(3)>\": 1}')"
gdpr_batch report --html "$page"; read_page
for shown in '&lt;script&gt;alert(1)' '&lt;img src=x onerror=alert(2)&gt;' '&quot;&gt;&lt;svg onload=alert(3)&gt;'; do
  ok "markup in a name is shown: $shown" grep -qF "$shown" "$page"
done
is "and not obeyed" "$(grep -cE '<script|<img|<svg onload' "$page")" 0

# Files and rights --------------------------------------------------------------------------------
echo before >"$page"
gdpr_batch report --html "$page" --subject nobody
is "a report that fails leaves the page of yesterday" "$code $(<"$page") $(ls "$page"*)" "2 before $page"
gdpr_batch report --html "$work/no/such/place.html"
is "a place that is not there is said" "$code" 3
sql "CREATE ROLE report_dpo LOGIN; SELECT gdpr.grant_bundle('dpo', 'report_dpo'); CREATE ROLE report_nobody LOGIN" >/dev/null
PGUSER=report_dpo "$GDPR_BATCH" report --html "$page" >/dev/null 2>&1
is "the officer's own role may write it" "$?" 0
PGUSER=report_nobody "$GDPR_BATCH" report --html "$page" >/dev/null 2>&1
is "a role without a bundle may not" "$?" 2
sql "DROP OWNED BY report_dpo; DROP ROLE report_dpo, report_nobody"
crm empty_report 0 || fail "database"
gdpr_batch report --html "$page"
is "a database in which nothing happened has a page too" "$code $(grep -c 'No decision was recorded yet' "$page")" "0 1"
