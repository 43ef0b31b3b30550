# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# The second night of a policy: some were warned in the first and are queued now, some of those came back and have their
# warning taken back, others are warned now; people with an open job stay.

people=4000 locked=crm.contact
front="SELECT id FROM oracle.person WHERE becomes <> 'nothing' ORDER BY id OFFSET (SELECT done FROM gdpr.runs ORDER BY run DESC LIMIT 1) LIMIT 1"
prepare() {
  sql "CREATE TABLE oracle.person AS
    SELECT n AS id, CASE
      WHEN n % 37 < 21 OR n % 3 <> 1 AND n % 7 = 0 AND n % 20 IN (0, 4) THEN 'nothing'
      WHEN n % 20 IN (0, 4) THEN 'held'
      WHEN n % 3 = 1 THEN 'warned'
      WHEN n % 7 = 0 THEN 'back'
      WHEN n % 37 < 24 THEN 'nothing'
      ELSE 'queued' END AS becomes
    FROM generate_series(1, $people) AS n" && first_night
}
# Those whose number leaves 1 over 3 had been seen yesterday then; since then every seventh of the others has come back.
first_night() {
  sql "SELECT gdpr.add_interaction('contact', 'crm.activity', 'at');
    SELECT gdpr.set_retention('contact', interval '24 months', interval '3 months', interval '30 days', 'anonymize');
    ALTER TABLE crm.activity DISABLE TRIGGER count_change;
    CREATE TABLE oracle.activity AS SELECT id, at FROM crm.activity;
    UPDATE crm.activity SET at = now() - interval '1 day' WHERE contact_id % 3 = 1 AND NOT gdpr.is_frozen('contact', contact_id::text)" >/dev/null || return
  PGUSER=night "$GDPR_BATCH" retention --subject contact >/dev/null 2>"$work/err" || return
  sql "UPDATE crm.activity AS a SET at = o.at FROM oracle.activity AS o WHERE o.id = a.id AND contact_id % 3 = 1 AND NOT gdpr.is_frozen('contact', contact_id::text);
    UPDATE crm.activity SET at = now() WHERE contact_id % 3 <> 1 AND contact_id % 7 = 0 AND NOT gdpr.is_frozen('contact', contact_id::text);
    ALTER TABLE crm.activity ENABLE TRIGGER count_change;
    -- The first night was 40 days ago: their grace is over, and that of people who are warned now is not.
    UPDATE gdpr_internal.retention_warning SET warned_at = warned_at - interval '40 days';
    SET client_min_messages = warning; DROP TABLE IF EXISTS oracle.last_event;
    CREATE TABLE oracle.last_event AS SELECT max(event) AS event FROM gdpr_internal.consent_event;
    ANALYZE crm.activity" >/dev/null
}
first() { arguments=(retention --subject contact --chunk-rows 10 --jobs 2 --json); }
again() { arguments=(retention --subject contact --resume --jobs 2 --json); }
complete() { [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state = 'finished'")" -gt 1 ]; }
number() { sql "SELECT count(*) FROM oracle.person WHERE becomes = '$1'"; }
summary() { echo "state=finished warned=$(number warned) queued=$(number queued) taken_back=$(number back) held=$(number held)"; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.becomes,
           (SELECT count(*) FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
            WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event AND e.kind = 'retention_warned') AS warned,
           (SELECT count(*) FROM gdpr.outbox AS o WHERE o.subject_key = p.id::text AND o.kind = 'retention_warning' AND o.state = 'waiting') AS messages,
           (SELECT count(*) FROM gdpr.erasure_queue AS q WHERE q.subject_key = p.id::text AND q.state = 'due' AND q.reason = 'retention') AS queued,
           (SELECT count(*) FROM gdpr.run_people AS h WHERE h.job = 'retention' AND h.subject_key = p.id::text AND h.state = 'held' AND NOT h.settled) AS held
    FROM oracle.person AS p;
    SELECT 'somebody is warned wrongly or not|' || count(*) FROM now WHERE warned <> (becomes = 'warned')::int
    UNION ALL SELECT 'somebody who is warned has not one message|' || count(*) FROM now WHERE becomes = 'warned' AND messages <> 1
    UNION ALL SELECT 'somebody who came back gets a message|' || count(*) FROM now WHERE becomes = 'back' AND messages <> 0
    UNION ALL SELECT 'somebody is queued wrongly or not|' || count(*) FROM now WHERE queued <> (becomes = 'queued')::int
    UNION ALL SELECT 'somebody with a blocker is not listed once|' || count(*) FROM now WHERE held <> (becomes = 'held')::int
    UNION ALL SELECT 'a run did not end|' || count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'"
}
