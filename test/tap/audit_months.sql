-- SPDX-License-Identifier: PostgreSQL
-- Months of the audit log. Law: whatever the session's time zone, months are UTC's, follow each other without a gap, and
-- bear all that keeps them.
SET client_min_messages = error;
SELECT plan(15);
SET timezone = 'Pacific/Kiritimati';
-- the worker may have made some of them before
SELECT gdpr_internal.make_audit_partitions(3) \g /dev/null
SELECT is((SELECT count(*) FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent AND p.relkind = 'p'
    WHERE p.relname IN ('audit_statement', 'audit_change', 'audit_subject', 'access_read')), 16::bigint, 'this month and three more of four tables');
SET timezone = 'America/Los_Angeles';
SELECT is(gdpr_internal.make_audit_partitions(3), 0, 'are made once');
SELECT is(gdpr_internal.make_audit_partitions(4), 4, 'and others beside them');
CREATE VIEW month AS
  SELECT p.relname AS parent, c.relname, c.oid, c.relowner, (regexp_match(b.bound, 'FROM \(''(\d+)'))[1]::bigint AS first, (regexp_match(b.bound, 'TO \(''(\d+)'))[1]::bigint AS next
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_class AS p ON p.oid = i.inhparent,
    LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid)) AS b(bound)
  WHERE p.relname IN ('audit_statement', 'audit_change', 'audit_subject');
SELECT is((SELECT count(*) FROM month), 15::bigint, 'five months of three tables');
SELECT is_empty($$SELECT relname FROM month
  WHERE relname <> parent || to_char((timestamptz '2000-01-01 00:00+00' + (first >> 30) * interval '1 second') AT TIME ZONE 'UTC', '_YYYYMM')$$, 'named for their month');
SELECT is_empty($$SELECT relname FROM month WHERE date_trunc('month', (timestamptz '2000-01-01 00:00+00' + (first >> 30) * interval '1 second') AT TIME ZONE 'UTC')
  <> (timestamptz '2000-01-01 00:00+00' + (first >> 30) * interval '1 second') AT TIME ZONE 'UTC'$$, 'from its first second in UTC');
SELECT is((SELECT count(*) FROM month AS a JOIN month AS b ON b.parent = a.parent AND b.first = a.next), 12::bigint, 'without a gap');
SELECT ok((SELECT bool_or(first <= gdpr_internal.first_statement(now()) AND next > gdpr_internal.first_statement(now())) FROM month), 'this month is one of them');
SELECT is((SELECT array_agg(DISTINCT relowner::regrole::text) FROM month), '{gdpr_owner}', 'they belong to our owner');
SELECT is((SELECT count(*) FROM month AS m JOIN pg_depend AS d ON d.objid = m.oid AND d.deptype = 'e'), 0::bigint, 'and are no members of the extension, or no dump would have them');
SELECT is((SELECT count(*) FROM month AS m WHERE NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = m.oid AND i.indisprimary)), 0::bigint, 'each has its key');
SELECT is((SELECT array_agg(DISTINCT t.names) FROM month AS m, LATERAL (
    SELECT string_agg(g.tgname, ',' ORDER BY g.tgname) FROM pg_trigger AS g WHERE g.tgrelid = m.oid) AS t(names)),
  '{"zz_gdpr_history,zz_gdpr_history_truncate"}', 'and what refuses changes');
SELECT is((SELECT count(*) FROM month AS m JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attname IN ('body', 'subject_key', 'row_key', 'app_user', 'client_address')
    WHERE a.attstattarget IS DISTINCT FROM 0), 0::bigint, 'no statistics hold samples of values');
SELECT throws_ok(format('TRUNCATE %s', m.oid::regclass), '42501', NULL, 'a month is not emptied') FROM (SELECT oid FROM month ORDER BY relname LIMIT 1) AS m;
SELECT is((SELECT count(*) FROM month AS m JOIN pg_class AS c ON c.oid = m.oid, aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner), 0::bigint, 'and nobody has a right on it');
SELECT * FROM finish();
