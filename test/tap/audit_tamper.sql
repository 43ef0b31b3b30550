-- SPDX-License-Identifier: PostgreSQL
-- A superuser edits the sealed log: one thing at a time, at random, in every way that one statement or a coherent few
-- can. Law: each is found, events are named where events were edited, and nothing is found where nothing was done.
-- audit_verify.sql goes through the columns; here rows change places, whole statements and tails go, bits flip.
SET client_min_messages = error;
\set long ''
\getenv long GDPR_LONG
SELECT CASE WHEN :'long' = '' THEN 300 ELSE 2000 END AS edits, (random() * 1000000)::int AS seed \gset
\echo # seed :seed, :edits edits
SELECT setseed(:seed / 1000000.0) \g /dev/null
SELECT gdpr.create_key() \g /dev/null
SELECT plan(10);
CREATE SCHEMA crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text);
CREATE TABLE crm.call (id int PRIMARY KEY, contact_id int, note text);
CREATE TABLE crm.paper (n int, what text);
SELECT gdpr.register_subject('person', 'crm.contact'), gdpr.add_link('person', 'crm.call', '{contact_id}') \g /dev/null
SELECT gdpr.classify('crm.contact', 'name', 'full_name'), gdpr.classify('crm.contact', 'email', 'email'),
  gdpr.classify('crm.call', 'note', 'free_text') \g /dev/null

-- A log of every sort of event under several seals, some of it erased.
SET gdpr.app_user = 'olive';
SELECT gdpr.audit('crm.contact'), gdpr.audit('crm.call'), gdpr.audit('crm.paper') \g /dev/null
INSERT INTO crm.contact SELECT i, 'Name ' || i, 'p' || i || '@x.example' FROM generate_series(1, 6) AS i;
SELECT gdpr.seal_audit() \g /dev/null
INSERT INTO crm.call SELECT i, 1 + i % 6, 'note ' || i FROM generate_series(1, 9) AS i;
SET gdpr.app_user = 'p2@x.example';
UPDATE crm.call SET contact_id = 1 + (contact_id + 1) % 6 WHERE id < 5;
SELECT gdpr.seal_audit() \g /dev/null
SET gdpr.app_user = 'olive';
UPDATE crm.contact SET email = NULL WHERE id > 3;
DELETE FROM crm.call WHERE id = 9;
INSERT INTO crm.paper SELECT i, 'paper ' || i FROM generate_series(1, 5) AS i;
SELECT gdpr.anonymize_subject('person', '2', 'left') \g /dev/null
SELECT gdpr.seal_audit() \g /dev/null
UPDATE crm.contact SET name = 'New ' || id WHERE id IN (1, 4);
TRUNCATE crm.paper;
SELECT gdpr.unaudit('crm.paper') \g /dev/null
-- All of it is sealed, however long somebody else's transaction holds that back.
DO $$
BEGIN
  FOR i IN 1..100 LOOP
    PERFORM gdpr.seal_audit();
    EXIT WHEN (SELECT unsealed FROM gdpr.audit_status) = 0;
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$$;

CREATE SCHEMA t;
CREATE TABLE t.anchor AS
  SELECT string_agg(format('%s 2026-01-01T00:00:00Z %s %s %s %s', s.seal, s.system_id, gdpr_internal.anchor_database(),
    (SELECT instance FROM gdpr_internal.key_fingerprint), encode(s.digest, 'hex')), E'\n' ORDER BY s.seal) AS lines
  FROM gdpr_internal.audit_seal AS s;
-- What is not ok, in the order in which it is said.
CREATE FUNCTION t.bad() RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(concat_ws(' ', 'seal ' || v.seal || ':', v.status), '; ' ORDER BY v.i), '')
  FROM t.anchor AS a, gdpr.verify_audit(a.lines) WITH ORDINALITY AS v(seal, first_event, last_event, status, i) WHERE v.status <> 'ok'
$$;
SELECT is(t.bad(), '', 'the log is sound before it is edited');
SELECT cmp_ok((SELECT count(*) FROM gdpr.audit_seals), '>=', 4::bigint, 'it lies under several seals');

-- Another value for a column: one of the same column of another row, none, or one that is nearly the same.
CREATE FUNCTION t.other(relation regclass, col name, type regtype) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.4 THEN format('(SELECT y.%I FROM %s AS y WHERE y.%1$I IS DISTINCT FROM x.%1$I ORDER BY random() LIMIT 1)', $2, $1)
    WHEN random() < 0.1 THEN 'NULL'
    ELSE format(CASE $3
      WHEN 'bytea'::regtype THEN CASE WHEN random() < 0.7 THEN 'CASE WHEN length(x.%1$I) > 0 THEN set_bit(x.%1$I, b.it, 1 - get_bit(x.%1$I, b.it)) ELSE ''\x00'' END'
        WHEN random() < 0.5 THEN 'substr(x.%1$I, 1, length(x.%1$I) - 1)' ELSE 'x.%1$I || ''\x01''::bytea' END
      WHEN 'text'::regtype THEN 'coalesce(x.%1$I, '''') || ''x''' WHEN 'name'::regtype THEN 'concat(x.%1$I, ''x'')::name'
      WHEN 'boolean'::regtype THEN 'NOT x.%1$I' WHEN '"char"'::regtype THEN '(ARRAY[''I'', ''U'', ''D'', ''T'', ''S'', ''X''])[1 + (random() * 5)::int]::"char"'
      WHEN 'timestamptz'::regtype THEN 'x.%1$I - ''1 us''::interval' WHEN 'inet'::regtype THEN 'coalesce(x.%1$I, ''::1'') + 1'
      WHEN 'xid8'::regtype THEN '(coalesce(x.%1$I::text, ''1'')::bigint + 1)::text::xid8'
      WHEN 'int2[]'::regtype THEN 'x.%1$I[2:]' WHEN 'text[]'::regtype THEN 'x.%1$I || ''x''::text' WHEN 'name[]'::regtype THEN 'x.%1$I || ''x''::name'
      WHEN 'int4multirange'::regtype THEN '''{[0,1)}''::int4multirange' ELSE '(coalesce(x.%1$I, 0) + (CASE WHEN random() < 0.5 THEN 1 ELSE 1000 END))' END, $2) END
$$;
-- Does one random thing; says what, and an expression that matches the events of which one must be named ('' any).
CREATE FUNCTION t.edit(OUT what text, OUT names text) LANGUAGE plpgsql AS $$
DECLARE
  internal CONSTANT text := 'gdpr_internal.';
  r text;
  c record;
  a record;
  b record;
  old_statement gdpr_internal.audit_statement;
  old_seal gdpr_internal.audit_seal;
  dice float8 := random();
BEGIN
  names := '';
  IF dice < 0.5 THEN  -- a column
    r := internal || (ARRAY['audit_change', 'audit_change', 'audit_statement', 'audit_statement', 'audit_subject', 'audit_seal', 'audit_leaves',
      'audit_configuration', 'audit_shape', 'audit_key'])[1 + trunc(random() * 10)::int];
    SELECT attname AS name, atttypid::regtype AS type INTO c FROM pg_attribute
    WHERE attrelid = r::regclass AND attnum > 0 AND NOT attisdropped ORDER BY random() LIMIT 1;
    what := format('%s.%s', r, c.name);
    EXECUTE format('UPDATE %1$s AS x SET %2$I = %3$s FROM (SELECT y.ctid AS c, y.tableoid AS o, %4$s AS it, %5$s AS event FROM %1$s AS y WHERE %6$s ORDER BY random() LIMIT 1) AS b
      WHERE x.ctid = b.c AND x.tableoid = b.o RETURNING b.event', r, c.name, t.other(r::regclass, c.name, c.type),
      CASE WHEN c.type = 'bytea'::regtype THEN format('trunc(random() * greatest(8 * length(y.%I), 1))::int', c.name) ELSE '0' END,
      CASE WHEN r ~ 'change|subject' THEN $q$format('event %s:%s ', y.statement, y.n)$q$ WHEN r ~ 'statement' THEN $q$format('event %s:', y.statement)$q$ ELSE $q$''$q$ END,
      -- no salt is made of these seeds
      CASE WHEN c.name <> 'seed' THEN 'true' WHEN r ~ 'change' THEN 'y.subject_key IS NOT NULL' ELSE 'coalesce(y.app_user, y.client_address::text) IS NOT NULL' END) INTO names;
    IF c.name IN ('statement', 'n', 'place', 'xid', 'system_id', 'tombstone', 'changes') THEN
      names := '';  -- elsewhere in the order: what is missing or added there is named
    END IF;
  ELSIF dice < 0.6 THEN  -- a row goes
    r := internal || (ARRAY['audit_change', 'audit_statement', 'audit_subject', 'audit_seal', 'audit_leaves', 'audit_key'])[1 + trunc(random() * 6)::int];
    what := 'a row less in ' || r;
    EXECUTE format('DELETE FROM %s AS x USING (SELECT y.ctid AS c, y.tableoid AS o FROM %1$s AS y ORDER BY random() LIMIT 1) AS b WHERE x.ctid = b.c AND x.tableoid = b.o', r);
  ELSIF dice < 0.7 THEN  -- a row comes
    -- behind the last seal anybody who may write there adds what he likes: it is not sealed yet
    SELECT * INTO old_statement FROM gdpr_internal.audit_statement
    WHERE (xid, statement) < (SELECT y.upto_xid, y.upto_statement FROM gdpr_internal.audit_seal AS y ORDER BY y.seal DESC LIMIT 1)
    ORDER BY random() LIMIT 1;
    IF random() < 0.5 THEN
      what := 'a row more in a statement';
      INSERT INTO gdpr_internal.audit_change SELECT y.statement, y.n + 1 + trunc(random() * 3)::int, y.subject_type, y.subject_key, y.row_key, y.seed, y.body, y.tombstone
      FROM gdpr_internal.audit_change AS y WHERE y.statement = old_statement.statement ORDER BY random() LIMIT 1;
    ELSIF random() < 0.5 THEN
      what := 'a statement more, complete';
      old_statement.statement := old_statement.statement + 1;
      INSERT INTO gdpr_internal.audit_change SELECT old_statement.statement, y.n, y.subject_type, y.subject_key, y.row_key, y.seed, y.body, y.tombstone
      FROM gdpr_internal.audit_change AS y WHERE y.statement = old_statement.statement - 1;
      INSERT INTO gdpr_internal.audit_statement SELECT old_statement.*;
    ELSE
      what := 'a seal more';
      SELECT * INTO old_seal FROM gdpr_internal.audit_seal ORDER BY seal DESC LIMIT 1;
      old_seal.seal := old_seal.seal + 1;
      old_seal.previous := old_seal.digest;
      INSERT INTO gdpr_internal.audit_seal SELECT old_seal.*;
    END IF;
  ELSIF dice < 0.85 THEN  -- two rows change places
    IF random() < 0.6 THEN
      what := 'two events change places';
      -- of an event without a key and values no salt is made: its seed may be any
      SELECT * INTO a FROM gdpr_internal.audit_change WHERE subject_key IS NOT NULL ORDER BY random() LIMIT 1;
      SELECT * INTO b FROM gdpr_internal.audit_change WHERE subject_key IS NOT NULL AND (body, subject_key, seed) IS DISTINCT FROM (a.body, a.subject_key, a.seed)
        AND (random() < 0.5 OR statement = a.statement) ORDER BY random() LIMIT 1;
      names := format('event (%s:%s|%s:%s) ', a.statement, a.n, b.statement, b.n);
      UPDATE gdpr_internal.audit_change AS x SET (subject_type, subject_key, row_key, seed, body, tombstone) = (SELECT y.subject_type, y.subject_key, y.row_key, y.seed, y.body, y.tombstone
        FROM (VALUES (a.statement, a.n, b.statement, b.n), (b.statement, b.n, a.statement, a.n)) AS v(s, n, from_s, from_n)
        JOIN gdpr_internal.audit_change AS y ON (y.statement, y.n) = (v.from_s, v.from_n) WHERE (v.s, v.n) = (x.statement, x.n))
      WHERE (x.statement, x.n) IN ((a.statement, a.n), (b.statement, b.n));
    ELSIF random() < 0.5 THEN
      what := 'two leaves change places';
      SELECT y.seal, y.leaves, trunc(random() * (length(y.leaves) / 32))::int AS i, trunc(random() * (length(y.leaves) / 32))::int AS j INTO a
      FROM gdpr_internal.audit_leaves AS y WHERE length(y.leaves) >= 64 ORDER BY random() LIMIT 1;
      UPDATE gdpr_internal.audit_leaves SET leaves = overlay(overlay(leaves PLACING substr(a.leaves, 1 + 32 * a.j, 32) FROM 1 + 32 * a.i) PLACING substr(a.leaves, 1 + 32 * a.i, 32) FROM 1 + 32 * a.j)
      WHERE seal = a.seal;
    ELSE
      what := 'two seals change places';
      SELECT y.seal INTO a FROM gdpr_internal.audit_seal AS y ORDER BY random() LIMIT 1;
      SELECT y.seal INTO b FROM gdpr_internal.audit_seal AS y WHERE y.seal <> a.seal ORDER BY random() LIMIT 1;
      UPDATE gdpr_internal.audit_seal SET seal = CASE seal WHEN a.seal THEN -b.seal ELSE -a.seal END WHERE seal IN (a.seal, b.seal);
      UPDATE gdpr_internal.audit_seal SET seal = -seal WHERE seal < 0;
    END IF;
  ELSIF dice < 0.92 THEN  -- a statement goes with all that belongs to it
    what := 'a statement less, complete';
    SELECT y.statement INTO a FROM gdpr_internal.audit_statement AS y ORDER BY random() LIMIT 1;
    DELETE FROM gdpr_internal.audit_change WHERE statement = a.statement;
    DELETE FROM gdpr_internal.audit_subject WHERE statement = a.statement;
    DELETE FROM gdpr_internal.audit_statement WHERE statement = a.statement;
  ELSE  -- the end of the log goes, seals and events
    what := 'the tail is cut off';
    SELECT y.seal, y.upto_xid, y.upto_statement INTO a FROM gdpr_internal.audit_seal AS y WHERE y.seal < (SELECT max(z.seal) FROM gdpr_internal.audit_seal AS z)
      AND y.upto_xid IS NOT NULL ORDER BY random() LIMIT 1;
    DELETE FROM gdpr_internal.audit_change WHERE statement IN (SELECT statement FROM gdpr_internal.audit_statement WHERE (xid, statement) > (a.upto_xid, a.upto_statement));
    DELETE FROM gdpr_internal.audit_subject WHERE statement IN (SELECT statement FROM gdpr_internal.audit_statement WHERE (xid, statement) > (a.upto_xid, a.upto_statement));
    DELETE FROM gdpr_internal.audit_statement WHERE (xid, statement) > (a.upto_xid, a.upto_statement);
    DELETE FROM gdpr_internal.audit_leaves WHERE seal > a.seal;
    DELETE FROM gdpr_internal.audit_seal WHERE seal > a.seal;
  END IF;
END
$$;
-- All that the log consists of.
CREATE FUNCTION t.fingerprint() RETURNS text LANGUAGE sql AS $$
  SELECT md5(concat_ws('|',
    (SELECT string_agg(md5(x::text), '' ORDER BY statement) FROM gdpr_internal.audit_statement AS x), (SELECT string_agg(md5(x::text), '' ORDER BY statement, n) FROM gdpr_internal.audit_change AS x),
    (SELECT string_agg(md5(x::text), '' ORDER BY statement, n, place) FROM gdpr_internal.audit_subject AS x), (SELECT string_agg(md5(x::text), '' ORDER BY seal) FROM gdpr_internal.audit_seal AS x),
    (SELECT string_agg(md5(x::text), '' ORDER BY seal) FROM gdpr_internal.audit_leaves AS x), (SELECT string_agg(md5(x::text), '' ORDER BY shape) FROM gdpr_internal.audit_shape AS x),
    (SELECT string_agg(md5(x::text), '' ORDER BY digest) FROM gdpr_internal.audit_configuration AS x), (SELECT string_agg(md5(x::text), '' ORDER BY key_id) FROM gdpr_internal.audit_key AS x)))
$$;
CREATE TABLE t.tried (n int, what text, names text, said text);
CREATE FUNCTION t.try(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  what text;
  names text;
  said text;
  before CONSTANT text := t.fingerprint();
BEGIN
  BEGIN
    SELECT e.what, e.names INTO what, names FROM t.edit() AS e;
    said := CASE WHEN t.fingerprint() = before THEN 'unchanged' ELSE t.bad() END;
    RAISE EXCEPTION USING ERRCODE = 'TT000';
  EXCEPTION
    WHEN SQLSTATE 'TT000' THEN NULL;
    WHEN integrity_constraint_violation THEN said := 'unchanged';
  END;
  INSERT INTO t.tried VALUES (n, what, names, said);
END
$$;

SET session_replication_role = replica;
SELECT count(t.try(i)) FROM generate_series(1, :edits) AS i \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM t.tried WHERE said <> 'unchanged'), '>', (:edits * 0.6)::bigint, 'most of the edits change something');
SELECT cmp_ok((SELECT count(DISTINCT what) FROM t.tried WHERE said <> 'unchanged'), '>', 30::bigint, 'of every sort');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', what, names), ', ') FROM t.tried WHERE said = ''), NULL, 'every one of them is found');
SELECT is((SELECT string_agg(format('%s: %s for %s', what, said, names), E'\n') FROM t.tried WHERE said NOT IN ('', 'unchanged') AND names <> '' AND said !~ names), NULL,
  'and what names an event names the one that was edited');
SELECT is((SELECT count(*) FROM generate_series(1, :edits / 10) AS i WHERE t.bad() <> ''), 0::bigint, 'a log that nobody edited is sound, every time');
RESET session_replication_role;

-- Off and on again, around every trigger and event trigger: the configuration tells.
SELECT gdpr.seal_audit() \g /dev/null
CREATE TABLE t.configured AS SELECT configuration FROM gdpr_internal.audit_seal ORDER BY seal DESC LIMIT 1;
UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'crm.contact'::regclass AND tgname ~ '^zzz_gdpr_audit';
UPDATE pg_class SET relname = relname WHERE oid = 'crm.contact'::regclass;
UPDATE crm.contact SET name = 'unseen' WHERE id = 1;
UPDATE pg_trigger SET tgenabled = 'A' WHERE tgrelid = 'crm.contact'::regclass AND tgname ~ '^zzz_gdpr_audit';
UPDATE pg_class SET relname = relname WHERE oid = 'crm.contact'::regclass;
SELECT is((SELECT count(*) FROM gdpr.audit_log AS l WHERE l.to_values->>'name' = 'unseen'), 0::bigint, 'a superuser can change a row unseen');
SELECT gdpr.seal_audit() \g /dev/null
SELECT isnt((SELECT s.configuration FROM gdpr_internal.audit_seal AS s ORDER BY s.seal DESC LIMIT 1), (SELECT c.configuration FROM t.configured AS c),
  'but that the audit was off meanwhile shows between two seals');
SELECT is((SELECT count(*) FROM gdpr.verify_audit() WHERE status <> 'ok'), 0::bigint, 'which are sound');
SELECT * FROM finish();
