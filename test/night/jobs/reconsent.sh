# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Everybody who may be asked is asked again with a new form, whom nobody may ask is left alone.

people=4000 also=consents.sql
front="SELECT id FROM oracle.person WHERE asked ORDER BY id OFFSET (SELECT done FROM gdpr.runs ORDER BY run DESC LIMIT 1) LIMIT 1"
prepare() {
  sql "CREATE TABLE oracle.person AS
    SELECT n AS id, n % 10 IN (0, 1, 2, 4, 9) AND n % 100 <> 91 AS asked FROM generate_series(1, $people) AS n"
  plan_campaign
}
plan_campaign() {
  local run
  PGUSER=night "$GDPR_BATCH" reconsent --subject contact --purpose marketing --form terms:3 --chunk-rows 10 --json >/dev/null 2>"$work/err" || return
  run=$(sql "SELECT max(run) FROM gdpr.runs WHERE job = 'reconsent'")
  PGUSER=officer "$GDPR_BATCH" reconsent --subject contact --approve "$run" >/dev/null 2>"$work/err"
}
unfinished() { true; }
again() { arguments=(reconsent --subject contact --resume "$(sql "SELECT max(run) FROM gdpr.runs WHERE job = 'reconsent'")" --jobs 2 --json); }
asked() { sql "SELECT count(*) FROM oracle.person WHERE asked"; }
summary() { echo "state=finished people=$(asked) changed=$(asked) failed=0 pending=0"; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.asked, s.state, s.updated_at, s.form || ':' || s.form_version AS form, b.state AS before, b.event AS old_event, s.event,
           (SELECT count(*) FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
            WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event) AS events,
           (SELECT count(*) FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
            WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event AND e.kind = 'reconsent_required'
              AND e.prior_state = coalesce(b.state, 'pending') AND e.prior_updated_at IS NOT DISTINCT FROM b.updated_at) AS right_events,
           (SELECT count(*) FROM gdpr.outbox AS o WHERE o.subject_type = 'contact' AND o.subject_key = p.id::text) AS messages
    FROM oracle.person AS p
    LEFT JOIN gdpr_internal.consent_state AS s ON s.subject_type = 'contact' AND s.subject_key = p.id::text AND s.purpose = 'marketing'
    LEFT JOIN oracle.state AS b ON b.subject_type = 'contact' AND b.subject_key = p.id::text AND b.purpose = 'marketing';
    SELECT 'somebody who is asked is not pending with the new form|' || count(*) FROM now
           WHERE asked AND (state, form) IS DISTINCT FROM ('pending', 'terms:3') OR asked AND updated_at IS NOT NULL
    UNION ALL SELECT 'somebody who is asked has not one event, with what was before|' || count(*) FROM now WHERE asked AND (events, right_events) <> (1, 1)
    UNION ALL SELECT 'somebody who is asked has not one message|' || count(*) FROM now WHERE asked AND messages <> 1
    UNION ALL SELECT 'somebody whom nobody may ask was touched|' || count(*) FROM now
              WHERE NOT asked AND (events > 0 OR messages > 0 OR state IS DISTINCT FROM before OR event IS DISTINCT FROM old_event)
    UNION ALL SELECT 'a mask is not what the tables say|' || count(*) FROM gdpr_internal.contact_allowed AS a, oracle.person AS p
              WHERE p.id = a.id AND p.asked AND a.allowed & 2 <> 0
    UNION ALL SELECT 'a run did not end|' || count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'"
}
