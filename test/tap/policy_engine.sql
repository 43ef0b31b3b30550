-- SPDX-License-Identifier: PostgreSQL
-- The engine below the policies: look-ups, pages, loaded sets, cursors, subtransactions, workers.
-- Law: whatever way it takes, the answer is that of the masks under the statement's snapshot.
SET client_min_messages = error;
SELECT plan(111);

\o /dev/null
SELECT 'CREATE ROLE ' || r || ' LOGIN' FROM unnest('{engine_app,engine_other}'::text[]) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec
CREATE SCHEMA e;
GRANT USAGE ON SCHEMA e TO PUBLIC;
SELECT gdpr.add_purpose('news'), gdpr.add_purpose('ads', kinds => '{email}');
SELECT gdpr.grant_purpose(p, 'engine_app') FROM unnest('{administration,news,ads}'::text[]) AS p;

-- Six sorts of keys, one table of people and one of masks each: pages, sets or look-ups alone.
CREATE COLLATION e.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE e.sort (name text, type text, value text, columns text DEFAULT 'id');
INSERT INTO e.sort VALUES ('int', 'int', 'i'), ('big', 'bigint', 'i::bigint * 1000003 - 9000000000'),
  ('uuid', 'uuid', 'md5(i::text)::uuid'), ('text', 'text', $$'k' || i$$), ('number', 'numeric', 'i / 4.0'),
  ('fold', 'text COLLATE e.any_case', $$'K' || i$$), ('day', 'date', $$date '2000-01-01' + i::int$$);
CREATE FUNCTION e.make(sort text, type text, value text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE e.%I (id %s PRIMARY KEY, n int, second int GENERATED ALWAYS AS (n) STORED)', sort, type);
  EXECUTE format('INSERT INTO e.%I SELECT %s, i FROM generate_series(1, 6000) AS i', sort, value);
  EXECUTE format('CREATE TABLE gdpr_internal.%I (id %s PRIMARY KEY, allowed bigint NOT NULL, changeable bigint NOT NULL,'
    ' valid_until timestamptz NOT NULL DEFAULT ''infinity'', later bigint[])', sort || '_allowed', type);
END $$;
SELECT e.make(name, type, value) FROM e.sort;
-- A composite key.
CREATE TABLE e.pair (id text, second int, n int, PRIMARY KEY (id, second));
INSERT INTO e.pair SELECT 'k' || i % 70, i / 70, i FROM generate_series(1, 6000) AS i;
CREATE TABLE gdpr_internal.pair_allowed (id text, second int, allowed bigint NOT NULL, changeable bigint NOT NULL,
  valid_until timestamptz NOT NULL DEFAULT 'infinity', later bigint[], PRIMARY KEY (id, second));
INSERT INTO e.sort VALUES ('pair', NULL, NULL, 'id, second');
INSERT INTO gdpr_internal.consent_setting (subject_type, default_allowed, default_changeable) SELECT name, 3, 3 FROM e.sort;

-- Masks at random: bits of the three purposes, an end in the past or to come, a schedule after it. All of it
-- happens half a day from now, never while the test runs.
CREATE FUNCTION e.micros(t timestamptz) RETURNS bigint LANGUAGE sql AS
  $$SELECT (extract(epoch FROM t) * 1000000)::bigint - 946684800000000$$;
CREATE TABLE e.plan AS
  SELECT i AS n, (random() * 7)::int | 1 AS allowed, (random() * 7)::int | 1 AS changeable,
    CASE WHEN random() < 0.4 THEN now() + (floor(random() * 10) - 4.5) * interval '1 day' END AS until,
    (random() * 7)::int | 1 AS allowed2, (random() * 7)::int | 1 AS allowed3
  FROM generate_series(1, 6000) AS i WHERE i % 3 > 0;
ALTER TABLE e.plan ADD later bigint[];
UPDATE e.plan SET later = ARRAY[e.micros(until), allowed2, 1, e.micros(until + interval '1 day'), allowed3, 1, e.micros(until + interval '9 days'), 7, 7]
WHERE until IS NOT NULL;
DO $$
DECLARE
  s e.sort;
BEGIN
  FOR s IN SELECT * FROM e.sort LOOP
    EXECUTE format('INSERT INTO gdpr_internal.%I (%s, allowed, changeable, valid_until, later) SELECT %2$s, p.allowed, p.changeable,'
      ' coalesce(p.until, ''infinity''), p.later FROM e.%I AS t JOIN e.plan AS p USING (n) ORDER BY %s', s.name || '_allowed',
      s.columns, s.name, CASE WHEN s.name IN ('int', 'pair') THEN 'n' ELSE 'md5(n::text)' END);
    EXECUTE format('ALTER TABLE e.%I ENABLE ROW LEVEL SECURITY', s.name);
    EXECUTE format('CREATE POLICY everybody ON e.%I USING (true)', s.name);
    EXECUTE format('CREATE POLICY people ON e.%I AS RESTRICTIVE FOR SELECT USING (gdpr_internal.may_read(%L, %s))', s.name, s.name, s.columns);
    EXECUTE format('GRANT SELECT ON e.%I TO engine_app, engine_other', s.name);
  END LOOP;
END $$;
ANALYZE e.int, e.uuid, gdpr_internal.int_allowed, gdpr_internal.uuid_allowed;
-- What the masks say, in SQL.
CREATE TABLE e.truth AS
  SELECT i AS n, b AS bit, ((CASE
      WHEN p.n IS NULL THEN 3
      WHEN p.until IS NULL OR p.until > now() THEN p.allowed
      WHEN p.until + interval '1 day' > now() THEN p.allowed2
      WHEN p.until + interval '9 days' > now() THEN p.allowed3 ELSE 7 END) >> b) & 1 = 1 AS open
  FROM generate_series(1, 6000) AS i LEFT JOIN e.plan AS p ON p.n = i, generate_series(0, 2) AS b;
-- The rows a role sees, as one digest.
CREATE FUNCTION e.digest(n bigint, rows text) RETURNS text LANGUAGE sql AS $$SELECT n || ' ' || md5(rows)$$;
CREATE FUNCTION e.expected(b int) RETURNS text LANGUAGE sql AS
  $$SELECT e.digest(count(*), string_agg(n::text, ',' ORDER BY n)) FROM e.truth WHERE bit = b AND open$$;
CREATE FUNCTION e.see(role name, purpose text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('role', role, true);
  EXECUTE query INTO result;
  PERFORM set_config('role', 'none', true);
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION e.digest_of(source text) RETURNS text LANGUAGE sql AS
  $$SELECT format('SELECT count(*) || '' '' || md5(string_agg(n::text, '','' ORDER BY n)) FROM %s', source)$$;
CREATE FUNCTION e.bit(purpose text) RETURNS int LANGUAGE sql AS $$SELECT p.bit FROM gdpr_internal.purpose AS p WHERE p.purpose = $1$$;
UPDATE gdpr_internal.purpose SET bit = CASE purpose WHEN 'news' THEN 1 ELSE 2 END WHERE purpose IN ('news', 'ads');
UPDATE gdpr_internal.purpose_grant SET bit = e.bit(purpose);
\o

-- Scans: loaded, within too little memory, looked up one by one; sorted as the masks lie and not.
SELECT is(e.see('engine_app', p, e.digest_of('e.' || quote_ident(name))), e.expected(e.bit(p)), name || ' for ' || p || ', loaded')
FROM e.sort, unnest('{news,ads}'::text[]) AS p ORDER BY name, p;
SET gdpr.policy_memory = '4kB';
SELECT is(e.see('engine_app', 'news', e.digest_of('e.' || quote_ident(name))), e.expected(1), name || ', memory for a part of the set')
FROM e.sort ORDER BY name;
SET gdpr.policy_memory = 0;
SELECT is(e.see('engine_app', 'news', e.digest_of('e.' || quote_ident(name))), e.expected(1), name || ', looked up one by one')
FROM e.sort ORDER BY name;
SELECT is(e.see('engine_app', 'news', e.digest_of(format('(SELECT n FROM e.%I ORDER BY md5(n::text) OFFSET 0) AS t', name))), e.expected(1), name || ' in another order')
FROM e.sort ORDER BY name;
RESET gdpr.policy_memory;
SELECT is(e.see('engine_app', 'administration', e.digest_of('e.int')), e.expected(0), 'administration is everybody');
SELECT is((SELECT count(*) FROM e.truth WHERE bit = 0 AND NOT open), 0::bigint, 'which is so in the masks');
SELECT isnt(e.expected(1), e.expected(2), 'the purposes differ');

-- Points: one by one, each a statement of its own.
CREATE FUNCTION e.points() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  seen int[] := '{}';
BEGIN
  FOR i IN 1..300 LOOP
    IF EXISTS (SELECT FROM e.int WHERE id = i) THEN
      seen := seen || i;
    END IF;
  END LOOP;
  RETURN array_to_string(seen, ',');
END $$;
SELECT is(e.see('engine_app', 'news', 'SELECT e.points()'), (SELECT string_agg(n::text, ',' ORDER BY n) FROM e.truth WHERE bit = 1 AND open AND n <= 300),
  'points, one statement each');
SELECT is(e.see('engine_app', 'news', 'SELECT string_agg(n::text, '','') FROM (SELECT n FROM e.uuid WHERE n > 100 ORDER BY n LIMIT 50) AS t'),
  (SELECT string_agg(n::text, ',') FROM (SELECT n FROM e.truth WHERE bit = 1 AND open AND n > 100 ORDER BY n LIMIT 50) AS t), 'a page');

-- A page that is read as a whole has rows that were changed, deleted and added by this transaction.
BEGIN;
UPDATE gdpr_internal.int_allowed SET allowed = 0, valid_until = 'infinity', later = NULL WHERE id IN (10, 11);
DELETE FROM gdpr_internal.int_allowed WHERE id IN (13, 14);
INSERT INTO gdpr_internal.int_allowed (id, allowed, changeable) VALUES (12, 0, 0);
SELECT is(e.see('engine_app', 'news', 'SELECT string_agg(n::text, '','' ORDER BY n) FROM e.int WHERE id BETWEEN 10 AND 14'), '13,14', 'own changes are seen');
SELECT is(e.see('engine_app', 'news', 'SELECT string_agg(n::text, '','' ORDER BY n) FROM e.int WHERE id < 15 AND id > 9 AND n > 0'), '13,14', 'and again');
ROLLBACK;

-- Workers.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION e.explain(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text; result text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    result := result || line || E'\n';
  END LOOP;
  RETURN result;
END $$;
SELECT matches(e.see('engine_app', 'news', $$SELECT e.explain('SELECT count(*) FROM e.uuid')$$), 'Parallel Seq Scan.*\n.*may_read', 'workers ask, too');
SELECT is(e.see('engine_app', 'news', e.digest_of(quote_ident('e') || '.' || name)), e.expected(1), 'workers: ' || name) FROM e.sort WHERE name IN ('uuid', 'int', 'pair') ORDER BY name;
SET parallel_leader_participation = off;
SELECT is(e.see('engine_app', 'news', e.digest_of('e.uuid')), e.expected(1), 'workers alone');
SELECT is(e.see('engine_app', '', e.digest_of('e.uuid')), 'PD008', 'workers without a purpose: the same error');
UPDATE gdpr_internal.consent_setting SET networks = '{192.0.2.0/24}' WHERE subject_type = 'uuid';
SELECT is(e.see('engine_app', 'news', e.digest_of('e.uuid')), '42501', 'workers know where the client is');
UPDATE gdpr_internal.consent_setting SET networks = '{127.0.0.0/8}' WHERE subject_type = 'uuid';
SELECT is(e.see('engine_app', 'news', e.digest_of('e.uuid')), e.expected(1), 'a Unix socket counts as loopback');
UPDATE gdpr_internal.consent_setting SET networks = NULL WHERE subject_type = 'uuid';
RESET parallel_leader_participation; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- Cursors: the snapshot and the purpose they began with; savepoints that come and go.
SET gdpr.purpose = 'news';
BEGIN;
SET LOCAL ROLE engine_app;
DECLARE c SCROLL CURSOR FOR SELECT n FROM e.int ORDER BY id;
DECLARE d CURSOR FOR SELECT n FROM e.uuid ORDER BY n;
SAVEPOINT a;
MOVE 700 FROM c;
SAVEPOINT b;
MOVE 500 FROM d;
ROLLBACK TO a;
FETCH 1 FROM c \gset c1_
RELEASE a;
SAVEPOINT x;
FETCH 1 FROM c \gset c2_
RELEASE x;
RESET ROLE;
UPDATE gdpr_internal.int_allowed SET allowed = 0, valid_until = 'infinity';
SET LOCAL gdpr.purpose = 'administration';
SET LOCAL ROLE engine_app;
FETCH 1 FROM c \gset c3_
MOVE ALL FROM c;
FETCH LAST FROM c \gset c4_
SELECT count(*) AS left FROM e.int \gset now_
COMMIT;
SELECT is(ARRAY[:c1_n, :c2_n, :c3_n, :c4_n], ARRAY(SELECT n FROM e.truth WHERE bit = 1 AND open ORDER BY n OFFSET 700 LIMIT 3)
  || (SELECT max(n) FROM e.truth WHERE bit = 1 AND open), 'a cursor goes on with what it began with, over savepoints');
SELECT is(:now_left, 2000, 'a new statement has the purpose and the masks of now');
\o /dev/null
DELETE FROM gdpr_internal.int_allowed;
INSERT INTO gdpr_internal.int_allowed SELECT t.id, p.allowed, p.changeable, coalesce(p.until, 'infinity'), p.later FROM e.int AS t JOIN e.plan AS p USING (n) ORDER BY n;
\o
BEGIN;
SET LOCAL ROLE engine_app;
DECLARE h CURSOR WITH HOLD FOR SELECT n FROM e.big ORDER BY n;
FETCH 1 FROM h \gset h1_
COMMIT;
FETCH LAST FROM h \gset h2_
CLOSE h;
SELECT is(ARRAY[:h1_n, :h2_n], (SELECT ARRAY[min(n), max(n)] FROM e.truth WHERE bit = 1 AND open), 'a cursor WITH HOLD');
BEGIN;
SET LOCAL ROLE engine_app;
DECLARE c CURSOR FOR SELECT n FROM e.int;
FETCH 1 FROM c \g /dev/null
RESET ROLE;
SELECT is(e.see('engine_other', 'news', 'FETCH 1 FROM c'), '42501', 'who goes on with a cursor must have the purpose, too');
ROLLBACK;

-- Errors in the middle: what was open is let go, and the next statement is right.
CREATE FUNCTION e.stumble(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  stumbled int := 0; seen int := 0; r record; open int[] := '{}';
BEGIN
  FOR r IN EXECUTE format('SELECT n FROM e.%I ORDER BY n', relation) LOOP
    seen := seen + 1;
    IF seen % 400 = 1 THEN
      BEGIN
        EXECUTE format('SELECT sum(1 / (n - (SELECT max(n) FROM e.%I) + 1)) FROM e.%1$I', relation);
        PERFORM 1 / (seen - seen);
      EXCEPTION WHEN division_by_zero THEN
        stumbled := stumbled + 1;
      END;
    END IF;
  END LOOP;
  RETURN format('%s %s', seen, stumbled > 0);
END $$;
SELECT is(e.see('engine_app', 'news', format('SELECT e.stumble(%L)', name)), (SELECT count(*) || ' t' FROM e.truth WHERE bit = 1 AND open), 'errors within a scan: ' || name)
FROM e.sort WHERE name IN ('int', 'uuid', 'pair', 'number') ORDER BY name;
-- Asked outside of a query: PL/pgSQL keeps its expressions for the whole transaction.
CREATE FUNCTION e.asks(first int, last int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  open int := 0;
BEGIN
  FOR i IN first..last LOOP
    BEGIN
      IF gdpr_internal.may_read('int', i) THEN
        open := open + 1;
      END IF;
      IF i % 50 = 0 THEN
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
  RETURN open;
END $$;
\o /dev/null
SELECT gdpr.grant_purpose('news', session_user::regrole);
\o
SET gdpr.purpose = 'news';
BEGIN;
SELECT is(e.asks(1, 900), (SELECT count(*)::int FROM e.truth WHERE bit = 1 AND open AND n <= 900), 'PL/pgSQL asks by itself');
SELECT is(e.asks(1, 400), (SELECT count(*)::int FROM e.truth WHERE bit = 1 AND open AND n <= 400), 'and again');
SAVEPOINT a;
SELECT is(e.asks(1, 100), (SELECT count(*)::int FROM e.truth WHERE bit = 1 AND open AND n <= 100), 'in a subtransaction');
UPDATE gdpr_internal.int_allowed SET allowed = 0, valid_until = 'infinity';
SELECT is(e.asks(1, 100), (SELECT count(*)::int FROM generate_series(1, 100) AS i WHERE i % 3 = 0), 'with the masks of now');
ROLLBACK TO a;
SELECT is(e.asks(1, 100), (SELECT count(*)::int FROM e.truth WHERE bit = 1 AND open AND n <= 100), 'and as they were');
COMMIT;

-- Plans that live longer than a role.
PREPARE people AS SELECT count(*) FROM e.int;
CREATE FUNCTION e.run(role name) RETURNS text LANGUAGE sql AS $$SELECT e.see(role, 'news', 'EXECUTE people')$$;
SELECT is(e.run('engine_app'), (SELECT count(*)::text FROM e.truth WHERE bit = 1 AND open), 'a prepared statement, run ' || i) FROM generate_series(1, 6) AS i;
SELECT is(e.run('engine_other'), '42501', 'by a role without the purpose');
SELECT is(e.run('postgres'), '6000', 'by a superuser');
SELECT is(e.run('engine_app'), (SELECT count(*)::text FROM e.truth WHERE bit = 1 AND open), 'and by the first again');

-- A view that is ours reads everything; nothing beside it does.
\o /dev/null
CREATE VIEW e.masked AS SELECT id, n, gdpr_internal.shows('int', id) AS clear FROM e.int;
CREATE VIEW e.other AS SELECT id, n FROM e.int;
ALTER VIEW e.other OWNER TO engine_app;
GRANT SELECT ON e.int TO gdpr_owner;
GRANT USAGE ON SCHEMA e TO gdpr_owner;
SELECT gdpr_internal.take_relation('e.masked'::regclass);
GRANT SELECT ON e.masked, e.other TO engine_app;
\o
SELECT is((SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'e.masked'::regclass), 'gdpr_owner', 'the view is given');
SELECT unalike(e.see('engine_app', 'news', $$SELECT e.explain('SELECT n FROM e.masked')$$), '%may_read%', 'the policy is true for it');
SELECT is(e.see('engine_app', 'news', 'SELECT count(*) || '' '' || count(*) FILTER (WHERE clear) FROM e.masked'),
  (SELECT '6000 ' || count(*) FROM e.truth WHERE bit = 1 AND open), 'all rows, some in clear');
SELECT is(e.see('engine_app', '', 'SELECT count(*) || '' '' || count(*) FILTER (WHERE clear) FROM e.masked'), '6000 0', 'without a purpose: none in clear, no error');
SELECT is(e.see('engine_app', 'news', 'SELECT count(*) FROM e.masked AS m JOIN e.int AS t ON t.id = m.id'),
  (SELECT count(*)::text FROM e.truth WHERE bit = 1 AND open), 'the table beside it keeps its policy');
SELECT is(e.see('engine_app', 'news', 'SELECT count(*) FROM e.masked AS m, LATERAL (SELECT FROM e.int AS t WHERE t.id = m.id OFFSET 0) AS x'),
  (SELECT count(*)::text FROM e.truth WHERE bit = 1 AND open), 'below it, too');
SELECT is(e.see('engine_app', 'news', 'SELECT count(*) FROM e.other'), (SELECT count(*)::text FROM e.truth WHERE bit = 1 AND open), 'a view of somebody else has the policy');
SELECT throws_ok($$SELECT gdpr_internal.take_relation('e.int'::regclass)$$, '42809', NULL, 'only views and our own tables are taken over');

-- Changes.
SET gdpr.purpose = '';
SELECT ok(gdpr_internal.may_change('int', 3), 'a superuser may change everything');
CREATE FUNCTION e.may_change(id int) RETURNS text LANGUAGE sql AS $$SELECT gdpr_internal.may_change('int', id)::text$$;
\o /dev/null
GRANT USAGE ON SCHEMA gdpr_internal TO engine_app;
\o
SELECT is(e.see('engine_app', '', 'SELECT e.may_change(1)'), 'false', 'without a purpose nobody is changed, and that is no error');
SELECT is(e.see('engine_app', '', 'SELECT e.may_change(NULL)'), 'true', 'but rows of nobody');
SELECT is(e.see('engine_app', 'administration', 'SELECT e.may_change(1)'), 'true', 'administration changes everybody');
SELECT is(e.see('engine_app', 'ads', 'SELECT string_agg(e.may_change(n), '','' ORDER BY n) FROM generate_series(1, 40) AS n'),
  (SELECT string_agg(CASE WHEN p.n IS NULL THEN false WHEN p.until IS NULL OR p.until > now() THEN p.changeable & 4 > 0
     WHEN p.until + interval '9 days' > now() THEN false ELSE true END::text, ',' ORDER BY i)
   FROM generate_series(1, 40) AS i LEFT JOIN e.plan AS p ON p.n = i), 'by the mask for changes');
SELECT is(e.see('engine_app', 'ads', $$SELECT gdpr_internal.shows_kind('email') || ' ' || gdpr_internal.shows_kind('iban')$$), 'true false', 'kinds that a purpose needs');
SELECT is(e.see('engine_app', 'news', $$SELECT gdpr_internal.shows_kind('iban')::text$$), 'true', 'a purpose without kinds needs all');
SELECT is(e.see('engine_app', '', $$SELECT gdpr_internal.shows_kind('email')::text$$), 'false', 'no purpose needs none');

-- The row's own mask, and beyond it.
CREATE FUNCTION e.inline(allowed bigint, until timestamptz, id int) RETURNS text LANGUAGE sql AS $$SELECT gdpr_internal.may_read_inline('int', allowed, until, id)::text$$;
SELECT is(e.see('engine_app', 'news', $$SELECT e.inline(2, 'infinity', 1) || ' ' || e.inline(1, 'infinity', 1) || ' ' || e.inline(0, 'infinity', NULL)$$), 'true false true', 'the row''s mask counts');
SELECT is(e.see('engine_app', 'news', $$SELECT string_agg(e.inline(NULL, NULL, n) || e.inline(0, now() - interval '1 day', n), ',' ORDER BY n) FROM generate_series(1, 40) AS n$$),
  (SELECT string_agg(open::text || open::text, ',' ORDER BY n) FROM e.truth WHERE bit = 1 AND n <= 40), 'without one, or past its end, the person is looked up');

-- Tenants.
INSERT INTO gdpr_internal.tenant_grant VALUES ('north', 'engine_app');
SET gdpr.tenant = 'north';
SELECT is(e.see('engine_app', 'news', $$SELECT concat_ws(' ', gdpr_internal.in_tenant('north'), gdpr_internal.in_tenant('south'), gdpr_internal.in_tenant(NULL))$$), 't f f', 'a tenant');
SET gdpr.tenant = 'south';
SELECT is(e.see('engine_app', 'news', $$SELECT gdpr_internal.in_tenant('south')::text$$), '42501', 'a claim alone gives nothing');
SET gdpr.tenant = '';
SELECT is(e.see('engine_app', 'news', $$SELECT gdpr_internal.in_tenant('')::text$$), '42501', 'no tenant is an error');
RESET gdpr.tenant;

-- Wrong calls.
SET gdpr.purpose = 'news';
SELECT throws_ok(s, c, NULL, s) FROM (VALUES
  ($$SELECT gdpr_internal.may_read(NULL, 1)$$, '22004'), ($$SELECT gdpr_internal.may_read('int', VARIADIC ARRAY[1])$$, '22023'),
  ($$SELECT gdpr_internal.may_read('int', 'x'::text)$$, '42804'), ($$SELECT gdpr_internal.may_read('int', 1, 2)$$, '42804'),
  ($$SELECT gdpr_internal.may_read('nothing', 1)$$, '42704'), ($$SELECT gdpr_internal.may_read(repeat('x', 100), 1)$$, '22023'),
  ($$SELECT gdpr_internal.may_read_link(-1, 1)$$, '55000'), ($$SELECT gdpr_internal.may_read_link(NULL, 1)$$, '22004'),
  ($$SELECT gdpr_internal.rewrite_history('nothing')$$, '22023'), ($$SELECT gdpr_internal.rewrite_history('expire', 1)$$, '22023'),
  ($$SELECT gdpr_internal.rewrite_history('details', 'x'::text)$$, '42804'), ($$SET gdpr.proof_retention = 'soon'$$, '22023'),
  ($$SET gdpr.no_purpose = 'maybe'$$, '22023')) AS v(s, c);
SELECT finish();
