# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A whole night: people are warned, people who were warned and stayed away are queued and erased, others came back, and whoever is
# left and may be asked is asked again by a campaign that was planned and approved before. A night that was broken off is
# followed by another one.

. test/night/jobs/reconsent.sh
. test/night/jobs/retention.sh
also=consents.sql cut_after=200000  # a night begins again as a whole
busy='event=\(chunk\|step\) '
prepare() {
  sql "CREATE TABLE oracle.person AS
    SELECT n AS id, n % 10 IN (0, 1, 2, 4, 9) AND n % 100 <> 91 AS may_be_asked, CASE
      WHEN n % 10 NOT IN (2, 3, 4) OR n % 37 < 21 OR n % 3 <> 1 AND n % 7 = 0 AND n % 20 = 4 THEN 'nothing'  -- the others were there today
      WHEN n % 20 = 4 THEN 'held'
      WHEN n % 3 = 1 THEN 'warned'
      WHEN n % 7 = 0 THEN 'back'
      WHEN n % 37 < 24 THEN 'nothing'
      ELSE 'gone' END AS becomes
    FROM generate_series(1, $people) AS n;
    ALTER TABLE crm.activity DISABLE TRIGGER count_change;
    UPDATE crm.activity SET at = now() WHERE contact_id % 10 NOT IN (2, 3, 4) AND NOT gdpr.is_frozen('contact', contact_id::text)" >/dev/null &&
    first_night && plan_campaign &&
    sql "CREATE TABLE oracle.before AS SELECT max(run) AS run FROM gdpr.runs WHERE state = 'finished'"
}
first() { arguments=(nightly --chunk-rows 10 --jobs 2 --metrics "$work/metrics" --report "$work/report.html" --json); }
again() { first; }
unfinished() { false; }
complete() { [ "$(sql "SELECT count(*) FROM gdpr.nights WHERE exit_code = 0")" -gt 0 ]; }
between() { [ "$(sql "SELECT count(*) FROM gdpr.runs, oracle.before AS b WHERE runs.run > b.run AND done > 0")" -gt 0 ] && ! complete; }
summary() { echo "exit=0"; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.becomes, p.may_be_asked, p.may_be_asked AND p.becomes <> 'gone' AS asked, c.changes, a.least, a.most,
           c.email LIKE 'person%' OR c.first_name LIKE 'Name %' OR a.told AS known,
           (SELECT count(*) FROM gdpr.certificates AS t WHERE t.subject_key = p.id::text) AS certificates, e.warned, e.asked_again, e.others,
           (SELECT count(*) FROM gdpr.outbox AS o WHERE o.subject_key = p.id::text AND o.kind = 'retention_warning' AND o.state = 'waiting') AS warnings,
           (SELECT count(*) FROM gdpr.outbox AS o WHERE o.subject_key = p.id::text AND o.kind = 'reconsent' AND o.state = 'waiting') AS letters,
           (SELECT count(*) FROM gdpr.erasure_queue AS q WHERE q.subject_key = p.id::text AND q.state = 'due') AS queued
    FROM oracle.person AS p JOIN crm.contact AS c USING (id)
    CROSS JOIN LATERAL (SELECT bool_or(a.note LIKE '%Name%') AS told, min(a.changes) AS least, max(a.changes) AS most
                        FROM crm.activity AS a WHERE a.contact_id = c.id) AS a
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE e.kind = 'retention_warned') AS warned, count(*) FILTER (WHERE e.kind = 'reconsent_required') AS asked_again,
                               count(*) FILTER (WHERE e.kind NOT IN ('retention_warned', 'reconsent_required')) AS others
                        FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
                        WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event) AS e;
    SELECT 'somebody who goes was not erased exactly once|' || count(*) FROM now
           WHERE becomes = 'gone' AND ((changes, least, most, certificates) <> (1, 1, 1, 1) OR known)
    UNION ALL SELECT 'somebody who stays was changed|' || count(*) FROM now WHERE becomes <> 'gone' AND id % 100 <> 91 AND (changes > 0 OR most > 0 OR certificates > 0)
    UNION ALL SELECT 'somebody is warned wrongly or not|' || count(*) FROM now WHERE warned <> (becomes = 'warned')::int
    UNION ALL SELECT 'somebody who is warned has not one message|' || count(*) FROM now WHERE becomes = 'warned' AND warnings <> 1
    UNION ALL SELECT 'somebody who came back or is gone gets a warning|' || count(*) FROM now WHERE becomes IN ('back', 'gone') AND warnings <> 0
    UNION ALL SELECT 'somebody is still queued|' || count(*) FROM now WHERE queued > 0
    UNION ALL SELECT 'somebody is asked wrongly or not|' || count(*) FROM now WHERE becomes <> 'gone' AND (asked_again, letters) <> (asked::int, asked::int)
    -- Where retention failed in the first night the campaign came before it.
    UNION ALL SELECT 'somebody who is gone gets a letter|' || count(*) FROM now WHERE becomes = 'gone' AND (letters > 0 OR asked_again > may_be_asked::int)
    UNION ALL SELECT 'something else happened to somebody|' || count(*) FROM now WHERE others > 0
    -- One that was being planned when the night was broken off has touched nobody; the next of its kind takes its place.
    UNION ALL SELECT 'a run did not end|' || count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled') AND (state <> 'planning' OR active)
    UNION ALL SELECT 'changes are not sealed|' || unsealed FROM gdpr.audit_status
    UNION ALL SELECT 'the audit log is not as it was sealed|' || count(*) FROM gdpr.verify_audit() WHERE status <> 'ok'
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'"
  echo "metrics are not there|$(($(grep -c . "$work/metrics" 2>/dev/null) == 0))"
  echo "the report is not there|$(($(tail -n 1 "$work/report.html" 2>/dev/null | grep -c '</html>') != 1))"
}
