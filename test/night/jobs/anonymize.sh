# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Everybody on a list leaves, but for those with an open job.

people=4000 written=crm.contact locked=crm.contact
prepare() {
  seq 1 "$people" >"$work/keys"
  sql "CREATE TABLE oracle.person AS SELECT n AS id, CASE WHEN n % 20 IN (0, 4) THEN 'held' ELSE 'gone' END AS becomes
       FROM generate_series(1, $people) AS n"
}
first() { arguments=(anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 10 --jobs 2 --json); }
again() { arguments=(anonymize --subject contact --resume --jobs 2 --json); }
number() { sql "SELECT count(*) FROM oracle.person WHERE becomes = '$1'"; }
summary() { echo "state=finished people=$people anonymized=$(number gone) held=$(number held) failed=0 missing=0 frozen=0 pending=0"; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.becomes, c.changes, c.email LIKE 'person%' AND c.first_name LIKE 'Name %' AS whole,
           c.email LIKE 'person%' OR c.first_name LIKE 'Name %' OR a.told AS known, a.least, a.most,
           (SELECT count(*) FROM gdpr.certificates AS t WHERE t.subject_key = p.id::text) AS certificates,
           (SELECT count(*) FROM gdpr.held_back AS h WHERE h.subject_key = p.id::text AND h.state = 'held') AS held
    FROM oracle.person AS p JOIN crm.contact AS c USING (id)
    CROSS JOIN LATERAL (SELECT bool_or(a.note LIKE '%Name%') AS told, min(a.changes) AS least, max(a.changes) AS most
                        FROM crm.activity AS a WHERE a.contact_id = c.id) AS a;
    SELECT 'somebody who goes was not changed exactly once|' || count(*) FROM now WHERE becomes = 'gone' AND (changes, least, most) <> (1, 1, 1)
    UNION ALL SELECT 'somebody who goes is still known|' || count(*) FROM now WHERE becomes = 'gone' AND known
    UNION ALL SELECT 'somebody who goes has not one certificate|' || count(*) FROM now WHERE becomes = 'gone' AND certificates <> 1
    UNION ALL SELECT 'somebody who stays was changed|' || count(*) FROM now WHERE becomes = 'held' AND (most > 0 OR changes > 0 OR NOT whole OR certificates > 0)
    UNION ALL SELECT 'somebody who is held back is not listed once|' || count(*) FROM now WHERE held <> (becomes = 'held')::int
    UNION ALL SELECT 'a run did not end|' || count(*) FROM gdpr.runs WHERE state NOT IN ('finished', 'cancelled')
    UNION ALL SELECT 'runs count other people|' || count(*) FROM (SELECT sum(r.rows) AS n FROM gdpr.run_rows AS r) AS s
              WHERE n IS DISTINCT FROM (SELECT 3 * count(*) FROM oracle.person WHERE becomes = 'gone')
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'"
}
