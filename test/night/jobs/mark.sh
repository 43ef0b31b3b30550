# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A decision of many is recorded; who cannot take the step is listed, the rest go on.

people=4000 also=consents.sql good=5
prepare() {
  # Withdrawal: whoever never accepted cannot.
  sql "CREATE TABLE oracle.person AS
    SELECT n AS id, CASE WHEN n % 100 = 91 THEN 'gone' WHEN n % 10 IN (0, 1, 5, 6, 7, 8, 9) THEN 'withdrawn' ELSE 'cannot' END AS becomes
    FROM generate_series(1, $people) AS n;
    CREATE VIEW crm.selection AS SELECT id FROM crm.contact WHERE id % 100 <> 91;
    ALTER VIEW crm.selection OWNER TO crm_owner; GRANT SELECT ON crm.selection TO night" >/dev/null
}
first() { arguments=(mark --subject contact --selection crm.selection --state withdrawn --purpose marketing --medium email --chunk-rows 10 --max-failed 100000 --jobs 2 --json); }
again() { arguments=(mark --subject contact --resume --max-failed 100000 --jobs 2 --json); }
number() { sql "SELECT count(*) FROM oracle.person WHERE becomes = '$1'"; }
summary() { echo "state=finished people=$(($(number withdrawn) + $(number cannot))) changed=$(number withdrawn) failed=$(number cannot)"; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.becomes, s.state, b.state AS before, b.event AS old_event, s.event,
           (SELECT count(*) FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
            WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event) AS events,
           (SELECT count(*) FROM gdpr.run_people AS h WHERE h.job = 'mark' AND h.subject_key = p.id::text AND h.state = 'failed' AND NOT h.settled) AS failed
    FROM oracle.person AS p
    LEFT JOIN gdpr_internal.consent_state AS s ON s.subject_type = 'contact' AND s.subject_key = p.id::text AND s.purpose = 'marketing'
    LEFT JOIN oracle.state AS b ON b.subject_type = 'contact' AND b.subject_key = p.id::text AND b.purpose = 'marketing';
    SELECT 'somebody who is marked has not one event, or another state|' || count(*) FROM now WHERE becomes = 'withdrawn' AND (state, events) IS DISTINCT FROM ('withdrawn', 1)
    UNION ALL SELECT 'somebody who cannot be marked was|' || count(*) FROM now
              WHERE becomes <> 'withdrawn' AND (events > 0 OR state IS DISTINCT FROM before OR event IS DISTINCT FROM old_event)
    UNION ALL SELECT 'somebody who cannot be marked is not listed once|' || count(*) FROM now WHERE failed <> (becomes = 'cannot')::int
    UNION ALL SELECT 'there is not one batch|' || count(*) - 1 FROM gdpr_internal.consent_batch AS b
              WHERE b.batch IN (SELECT e.batch FROM gdpr_internal.consent_event AS e, oracle.last_event AS l WHERE e.event > l.event)
    UNION ALL SELECT 'somebody who withdrew may still be written to|' || count(*) FROM gdpr_internal.contact_allowed AS a, now AS p
              WHERE p.id = a.id AND p.becomes = 'withdrawn' AND a.allowed & 2 <> 0
    UNION ALL SELECT 'a run did not end|' || count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'"
}
