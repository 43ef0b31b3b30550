-- SPDX-License-Identifier: PostgreSQL
-- The audit log against its seals: sound as it was written and erased, and whatever single thing a superuser edits,
-- takes away or adds is found, with the first bad event named.
SET client_min_messages = error;
SELECT gdpr.create_key() \g /dev/null
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verify_auditor') THEN CREATE ROLE verify_auditor; END IF;
END $$;
SELECT plan(27);
CREATE SCHEMA crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text, guardian int REFERENCES crm.contact);
CREATE TABLE crm.call (id int PRIMARY KEY, contact_id int, note text);
SELECT gdpr.register_subject('person', 'crm.contact'), gdpr.add_link('person', 'crm.call', '{contact_id}') \g /dev/null
SELECT gdpr.classify('crm.contact', 'name', 'full_name'), gdpr.classify('crm.contact', 'email', 'email'),
  gdpr.classify('crm.contact', 'guardian', 'not_personal'), gdpr.classify('crm.call', 'note', 'free_text') \g /dev/null
SELECT gdpr.audit('crm.contact'), gdpr.audit('crm.call') \g /dev/null
SET gdpr.app_user = 'olive';
INSERT INTO crm.contact SELECT i, 'Name ' || i, 'p' || i || '@x.example' FROM generate_series(1, 8) AS i;
INSERT INTO crm.call SELECT i, 1 + i % 8, 'note ' || i FROM generate_series(1, 12) AS i;
UPDATE crm.contact SET email = NULL, guardian = 1 WHERE id > 4;
UPDATE crm.call SET contact_id = 1 + (contact_id + 1) % 8 WHERE id < 5;
SELECT gdpr.seal_audit() \g /dev/null
SET gdpr.app_user = 'p2@x.example';
DELETE FROM crm.call WHERE id = 12;
RESET gdpr.app_user;
TRUNCATE crm.call;
SELECT gdpr.anonymize_subject('person', '2', 'left') \g /dev/null

CREATE SCHEMA t;
-- What is not ok, the first of it before the rest.
CREATE FUNCTION t.bad() RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(concat_ws(' ', 'seal ' || v.seal || ':', v.status), '; ' ORDER BY v.i), '')
  FROM gdpr.verify_audit() WITH ORDINALITY AS v(seal, first_event, last_event, status, i) WHERE v.status <> 'ok'
$$;
SELECT is(t.bad(), '', 'a log of which a part is not sealed yet is sound, values erased from the sealed part or not');
SELECT gdpr.seal_audit() \g /dev/null
SELECT is(t.bad(), '', 'so is one that is wholly sealed');
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.audit_change WHERE tombstone IS NOT NULL), '>', 0::bigint, 'values were erased from it');
SELECT is((SELECT sum(events) FROM gdpr_internal.audit_seal), (SELECT count(*) FROM gdpr_internal.audit_change), 'every event is under a seal');
SELECT is((SELECT array_agg(v.seal ORDER BY v.seal) FROM gdpr.verify_audit() AS v), (SELECT array_agg(s.seal ORDER BY s.seal) FROM gdpr_internal.audit_seal AS s),
  'each seal has its row');

-- Proofs.
SELECT ok(bool_and(jsonb_array_length(gdpr.prove_event(format('%s:%s', statement, n)) -> 'proof') <= 17), 'every event has a proof of at most 17 hashes')
FROM gdpr_internal.audit_change;
SELECT throws_ok($$SELECT gdpr.prove_event('x')$$, '22023', NULL, 'what is not the name of an event has none');
SELECT throws_ok($$SELECT gdpr.prove_event('99:1')$$, '42704', NULL, 'an event that is not there has none');
BEGIN;
INSERT INTO crm.contact VALUES (50, 'New');
SELECT throws_ok(format('SELECT gdpr.prove_event(%L)', (SELECT max(statement) FROM gdpr_internal.audit_statement) || ':1'), '55000', NULL,
  'an event that is not sealed has none yet');
COMMIT;
SELECT gdpr.seal_audit() \g /dev/null

-- Single edits by a superuser, who goes around every trigger.
-- An expression that is another value than the column's.
CREATE FUNCTION t.other(name text, type regtype) RETURNS text LANGUAGE sql AS $$
  SELECT format(CASE $2
    WHEN 'bytea'::regtype THEN 'CASE WHEN length(%1$I) > 0 THEN set_byte(%1$I, (random() * (length(%1$I) - 1))::int, 1) ELSE ''\x00'' END'
    WHEN 'text'::regtype THEN 'coalesce(%1$I, '''') || ''x''' WHEN 'name'::regtype THEN 'concat(%1$I, ''x'')'
    WHEN 'boolean'::regtype THEN 'NOT %1$I' WHEN '"char"'::regtype THEN 'CASE %1$I WHEN ''D'' THEN ''S''::"char" ELSE ''D'' END'
    WHEN 'timestamptz'::regtype THEN '%1$I + ''1 us''' WHEN 'inet'::regtype THEN 'coalesce(%1$I, ''::1'') + 1'
    WHEN 'xid8'::regtype THEN '(coalesce(%1$I::text, ''1'')::bigint + 1)::text::xid8'
    WHEN 'int2[]'::regtype THEN '%1$I || 7::int2' WHEN 'text[]'::regtype THEN '%1$I || ''x''::text' WHEN 'name[]'::regtype THEN '%1$I || ''x''::name'
    WHEN 'int4multirange'::regtype THEN '''{[0,1)}''' ELSE 'coalesce(%1$I, 0) + 100' END, $1)
$$;
-- Edits one row's one column, or takes a row away, and tells what verification says; all of it is taken back.
CREATE FUNCTION t.tamper(relation regclass, col name, type regtype, row_ctid tid, row_table regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
  said text;
BEGIN
  IF col IS NULL THEN
    EXECUTE format('DELETE FROM %s WHERE ctid = %L', row_table, row_ctid);
    changed := 1;
  ELSE
    EXECUTE format('WITH old AS (SELECT %1$I AS v FROM %2$s WHERE ctid = %3$L),
      new AS (UPDATE %2$s SET %1$I = %4$s WHERE ctid = %3$L RETURNING %1$I AS v)
      SELECT count(*) FROM old, new WHERE old.v IS DISTINCT FROM new.v', col, row_table, row_ctid, t.other(col, type)) INTO changed;
  END IF;
  IF changed > 0 THEN said := t.bad(); END IF;
  RAISE EXCEPTION USING ERRCODE = 'TT000', MESSAGE = coalesce(nullif(said, ''), CASE WHEN changed > 0 THEN 'nothing' ELSE 'unchanged' END);
EXCEPTION
  WHEN SQLSTATE 'TT000' THEN RETURN SQLERRM;
  WHEN integrity_constraint_violation THEN RETURN 'unchanged';
END
$$;
SET session_replication_role = replica;
CREATE TABLE t.edit AS
SELECT r.relation, a.attname AS col, a.atttypid::regtype AS type, NULL::text AS said, NULL::text AS event, random() AS r, NULL::tid AS row_ctid, NULL::regclass AS row_table
FROM unnest('{gdpr_internal.audit_statement,gdpr_internal.audit_change,gdpr_internal.audit_subject,gdpr_internal.audit_seal,gdpr_internal.audit_leaves,
    gdpr_internal.audit_configuration,gdpr_internal.audit_shape,gdpr_internal.audit_key}'::regclass[]) AS r(relation)
JOIN (SELECT attrelid, attname, atttypid FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
      UNION ALL SELECT oid, NULL, NULL FROM pg_class) AS a ON a.attrelid = r.relation
CROSS JOIN generate_series(1, 8);
-- A random row for each edit. A seed of which no salt is made says nothing; of the newest seal see below.
DO $$
DECLARE
  e record;
BEGIN
  FOR e IN SELECT ctid, * FROM t.edit LOOP
    EXECUTE format('WITH one AS (SELECT x.ctid AS c, x.tableoid::regclass AS o, %s AS event FROM %s AS x WHERE %s ORDER BY random() LIMIT 1)
      UPDATE t.edit SET row_ctid = one.c, row_table = one.o, event = one.event FROM one WHERE edit.ctid = %L',
      CASE e.relation WHEN 'gdpr_internal.audit_change'::regclass THEN $q$format('%s:%s', x.statement, x.n)$q$
        WHEN 'gdpr_internal.audit_statement'::regclass THEN $q$format('%s:', x.statement)$q$
        WHEN 'gdpr_internal.audit_subject'::regclass THEN $q$format('%s:%s', x.statement, x.n)$q$ ELSE 'NULL::text' END,
      e.relation, CASE
        WHEN e.col = 'seed' AND e.relation = 'gdpr_internal.audit_statement'::regclass THEN 'x.app_user IS NOT NULL'
        WHEN e.col = 'seed' THEN 'x.subject_key IS NOT NULL'
        WHEN e.col IS NULL AND e.relation = 'gdpr_internal.audit_seal'::regclass THEN 'x.seal < (SELECT max(s.seal) FROM gdpr_internal.audit_seal AS s)'
        ELSE 'true' END, e.ctid);
  END LOOP;
END $$;
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.audit_subject), '>', 0::bigint, 'there are rows that belong to several people');
UPDATE t.edit SET said = t.tamper(relation, col, type, row_ctid, row_table) WHERE row_ctid IS NOT NULL;
SELECT cmp_ok((SELECT count(*) FROM t.edit WHERE said <> 'unchanged'), '>', 400::bigint, 'hundreds of single edits are tried, of every column and row');
SELECT is((SELECT string_agg(DISTINCT format('%s %s', relation, coalesce(col, 'deleted')), ', ') FROM t.edit WHERE said = 'nothing'), NULL,
  'every single edit is found');
SELECT is((SELECT string_agg(DISTINCT format('%s %s: %s', relation, col, said), E'\n') FROM t.edit
    WHERE event IS NOT NULL AND said <> 'unchanged' AND col NOT IN ('statement', 'n', 'xid', 'system_id', 'tombstone') AND said !~ ('event ' || event)), NULL,
  'an edit of a value, a digest or a header names its event');
SELECT is(t.bad(), '', 'and none is left');
BEGIN;
INSERT INTO gdpr_internal.audit_change SELECT statement, 900, subject_type, subject_key, row_key, seed, body, NULL
FROM gdpr_internal.audit_change WHERE statement = (SELECT min(statement) FROM gdpr_internal.audit_change) LIMIT 1;
SELECT matches(t.bad(), 'event [0-9]+:900 was added', 'an event that was slipped in is named');
ROLLBACK;
BEGIN;
UPDATE gdpr_internal.audit_seal SET previous = '\x00' WHERE seal = 1;
SELECT matches(t.bad(), '^seal 1: was changed', 'what is no digest is not taken for the zeros that the first seal follows');
ROLLBACK;
BEGIN;
DELETE FROM gdpr_internal.audit_seal WHERE seal = (SELECT max(seal) FROM gdpr_internal.audit_seal);
SELECT is(t.bad(), '', 'taking the newest seal away is not evident without an anchor');
ROLLBACK;

-- The anchor.
CREATE FUNCTION t.anchor() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s 2026-01-01T00:00:00Z %s %s %s %s', s.seal, s.system_id, gdpr_internal.anchor_database(),
    (SELECT instance FROM gdpr_internal.key_fingerprint), encode(s.digest, 'hex')), E'\n' ORDER BY s.seal) FROM gdpr_internal.audit_seal AS s
$$;
CREATE TABLE t.anchored AS SELECT t.anchor() AS lines;
CREATE FUNCTION t.bad_anchored() RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(concat_ws(' ', 'seal ' || v.seal || ':', v.status), '; '), '')
  FROM t.anchored AS a, gdpr.verify_audit(a.lines) AS v WHERE v.status <> 'ok'
$$;
SELECT is(t.bad_anchored(), '', 'the log is what its anchor says');
BEGIN;
DELETE FROM gdpr_internal.audit_seal WHERE seal = (SELECT max(seal) FROM gdpr_internal.audit_seal);
SELECT matches(t.bad_anchored(), 'are anchored and gone', 'with an anchor it is');
ROLLBACK;
SELECT is((SELECT string_agg(status, '; ') FROM gdpr.verify_audit('no anchor of ours') WHERE status <> 'ok'), 'the anchor names no seal of this database',
  'an anchor of another database is told apart');
-- All of it is written anew, with the right key.
BEGIN;
UPDATE gdpr_internal.audit_statement SET app_user = 'somebody else' WHERE app_user = 'olive';
DELETE FROM gdpr_internal.audit_seal;
DELETE FROM gdpr_internal.audit_leaves;
COMMIT;
SELECT gdpr.seal_audit() \g /dev/null
SELECT is(t.bad(), '', 'rewriting and resealing everything is not evident from within');
SELECT matches(t.bad_anchored(), 'differs from its anchor', 'against the anchor it is');

-- The exported log.
SELECT is((SELECT count(*) FROM gdpr.export_audit() AS l WHERE l::jsonb ? 'n'), (SELECT count(*) FROM gdpr_internal.audit_change), 'an export has every event');
SELECT is((SELECT count(*) FROM gdpr.export_audit() AS l WHERE l::jsonb ? 'seal'), (SELECT count(*) FROM gdpr_internal.audit_seal), 'and every seal');
SELECT is((SELECT l::jsonb FROM gdpr.export_audit() WITH ORDINALITY AS t(l, i) ORDER BY i DESC LIMIT 1), '{"end": true}', 'and an end');

-- Who may.
SET SESSION AUTHORIZATION verify_auditor;
SELECT throws_ok('SELECT * FROM gdpr.verify_audit()', '42501', NULL, 'nobody verifies without the right to');
RESET SESSION AUTHORIZATION;
SELECT gdpr.grant_bundle('auditor', 'verify_auditor') \g /dev/null
SET SESSION AUTHORIZATION verify_auditor;
SELECT is((SELECT count(*) FROM gdpr.verify_audit() WHERE status <> 'ok'), 0::bigint, 'an auditor verifies');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
