-- SPDX-License-Identifier: PostgreSQL
-- Names and values that want to be code: they go through every function, and every statement that
-- pg_gdpr prints for somebody to run can be run.
\ir lib/attack.sql
SELECT plan(43);

CREATE TABLE t.canary (alive boolean);
-- Short handles for long names; \n, ', ", $, %, \, ; and letters outside ASCII, 63 bytes at most.
CREATE TABLE t.name (handle text PRIMARY KEY, name name);
INSERT INTO t.name VALUES
  ('schema', E'we"ird; DROP TABLE t.canary; --'),
  ('person', E'per''son $$ "x" %s %1$I\n; --'),
  ('key', E'k"ey''; DROP TABLE t.canary; --'),
  ('email', E'e-mail %I %L $1 \\'),
  ('note', E'$a$ note $a$ "; SELECT 1/0 --'),
  ('ref', E'ref\nto "person"'),
  ('body', E'body'' || (SELECT 1/0) || '''),
  ('doc', E'Straße "müßig" %%s ''''' ),
  ('type', E'SELECT'),
  ('long', repeat('ü', 31) || 'x'),
  ('hold', E'{hold,"x",\\"}'),
  ('blocked', E'{"a b",NULL}');
CREATE FUNCTION t.n(handle text) RETURNS name LANGUAGE sql AS $$ SELECT name FROM t.name AS n WHERE n.handle = $1 $$;
CREATE FUNCTION t.rel(handle text) RETURNS text LANGUAGE sql AS $$ SELECT format('%I.%I', t.n('schema'), t.n($1)) $$;
CREATE FUNCTION t.cols(VARIADIC handles text[]) RETURNS name[] LANGUAGE sql AS $$
  SELECT array_agg(t.n(h) ORDER BY o) FROM unnest($1) WITH ORDINALITY AS u(h, o) $$;
-- A value that a discriminator, a redirect and a text key have to carry.
CREATE FUNCTION t.wild() RETURNS text LANGUAGE sql AS $$ SELECT E'x''); DROP TABLE t.canary; -- "\\ %s $1\n,(a)' $$;

SELECT lives_ok(format('CREATE SCHEMA %I', t.n('schema')), 'a schema');
SELECT lives_ok(format('CREATE TABLE %s (%I text PRIMARY KEY, %I text UNIQUE, %I text)', t.rel('person'), t.n('key'), t.n('email'), t.n('long')), 'people');
SELECT lives_ok(format('CREATE TABLE %s (id int PRIMARY KEY, %I text, %I text)', t.rel('note'), t.n('ref'), t.n('body')), 'notes');
SELECT lives_ok(format('CREATE TABLE %s (id int PRIMARY KEY, %I text, %I text, %I text)', t.rel('doc'), t.n('type'), t.n('ref'), t.n('long')), 'documents');
SELECT lives_ok(format('CREATE TABLE %s (%I text)', t.rel('hold'), t.n('blocked')), 'holds');
SELECT lives_ok(format('INSERT INTO %s VALUES (%L, %L, %L), (%L, %L, %L), (%L, %L, %L)', t.rel('person'),
  t.wild(), 'a@example.org', 'Ada', t.wild() || '2', 'b@example.org', 'Bob', 'nobody', NULL, NULL), 'keys that want to be code');
SELECT lives_ok(format('INSERT INTO %s VALUES (1, %L, %L), (2, %L, %L)', t.rel('note'), t.wild(), 'about Ada', t.wild() || '2', 'about Bob'), 'notes on them');
SELECT lives_ok(format('INSERT INTO %s VALUES (1, %L, %L, %L), (2, %L, %L, %L)', t.rel('doc'), t.wild(), t.wild(), 'letter',
  'other', t.wild(), 'not hers'), 'documents of theirs');
SELECT lives_ok(format('INSERT INTO %s VALUES (%L)', t.rel('hold'), t.wild() || '2'), 'Bob is held');

-- Declared.
SELECT lives_ok($$SELECT gdpr.register_subject('weird', t.rel('person')::regclass)$$, 'register_subject');
SELECT lives_ok($$SELECT gdpr.add_link('weird', t.rel('note')::regclass, t.cols('ref'))$$, 'add_link');
SELECT lives_ok($$SELECT gdpr.add_link('weird', t.rel('doc')::regclass, t.cols('ref'), discriminator => t.n('type'),
  discriminator_value => t.wild())$$, 'add_link with a discriminator');
SELECT lives_ok($$SELECT gdpr.add_blocker('weird', t.wild(), t.rel('hold')::regclass, t.n('blocked'))$$, 'add_blocker, its name wild, too');
SELECT lives_ok($$SELECT gdpr.redirect_frozen('weird', t.rel('note')::regclass, t.n('ref'), 'nobody')$$, 'redirect_frozen');
SELECT lives_ok(format('SECURITY LABEL FOR gdpr ON COLUMN %s.%I IS %L', t.rel('person'), t.n('email'), 'email'), 'SECURITY LABEL');
SELECT lives_ok($q$SELECT gdpr.classify(t.rel('note')::regclass, t.n('body'), 'free_text erase=constant(''it''''s $$ gone %s %I "; --'')')$q$,
  'classify, with a constant that wants to be code');

-- What is printed can be run: the statement for each column without a classification.
CREATE FUNCTION t.run(statements text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  statement text;
  n int := 0;
BEGIN
  FOR statement IN EXECUTE statements LOOP
    EXECUTE statement;
    n := n + 1;
  END LOOP;
  RETURN n;
END
$$;
SELECT is((SELECT count(*) FROM gdpr.unclassified('weird')), 2::bigint, 'two columns have no classification');
SELECT is(t.run($$SELECT statement FROM gdpr.unclassified('weird')$$), 2, 'the statements it prints can be run');
SELECT is((SELECT count(*) FROM gdpr.unclassified('weird')), 0::bigint, 'and classify them');

-- The pack is a fixed point.
CREATE TABLE t.pack AS SELECT * FROM gdpr.export_rules() WITH ORDINALITY AS p(statement, n);
SELECT lives_ok($$SELECT t.run('SELECT statement FROM t.pack ORDER BY n')$$, 'the export can be run again');
SELECT bag_eq('SELECT statement FROM t.pack', 'SELECT * FROM gdpr.export_rules()', 'and is the same afterwards');

-- Reports.
SELECT lives_ok(format('SELECT gdpr.effective_rule(%L, %L), gdpr.effective_rule(%L, %L)', t.rel('person'), t.n('email'),
  t.rel('note'), t.n('body')), 'effective_rule');
SELECT lives_ok($$SELECT * FROM gdpr.preflight('weird')$$, 'preflight');
SELECT is((SELECT count(*) FROM gdpr.preflight('weird') WHERE severity = 'error'), 0::bigint, 'finds nothing wrong');
SELECT is(t.run($$SELECT replace(statement, 'CONCURRENTLY ', '') FROM gdpr.subject_map('weird') WHERE statement ~ '^CREATE INDEX'$$) > 0, true,
  'the indexes that the map proposes can be created');
SELECT is((SELECT count(*) FROM gdpr.blockers('weird', t.wild() || '2')), 1::bigint, 'blockers');
SELECT ok(gdpr.subject_data('weird', t.wild())::text ~ 'letter', 'subject_data finds the letter');
SELECT ok(gdpr.subject_data('weird', t.wild())::text !~ 'not hers', 'and not the other one');

-- Gone.
SELECT is(left(t.attempt('postgres', $$SELECT gdpr.anonymize_subject('weird', t.wild() || '2', t.wild())$$), 5), 'PD002', 'Bob is held back');
SELECT lives_ok($$SELECT gdpr.anonymize_subject('weird', t.wild(), t.wild())$$, 'Ada leaves');
SELECT results_eq(format('SELECT %I FROM %s ORDER BY id', t.n('body'), t.rel('note')),
  ARRAY['it''s $$ gone %s %I "; --', 'about Bob'], 'the constant is just text');
SELECT results_eq(format('SELECT %I FROM %s ORDER BY id', t.n('long'), t.rel('doc')), ARRAY['Anonymized', 'not hers'], 'the right document went');
SELECT is(gdpr.is_frozen('weird', t.wild()), true, 'she is frozen');
SELECT is((SELECT reason FROM gdpr.certificates), t.wild(), 'the reason is kept as it is');
SELECT lives_ok(format('SELECT %I FROM gdpr.weird_frozen', t.n('key')), 'the view of the frozen has the key by its name');
SELECT throws_ok(format('INSERT INTO %s VALUES (9, %L, %L, %L)', t.rel('doc'), t.wild(), t.wild(), 'x'), 'PD001', NULL, 'the guard knows her');
SELECT lives_ok(format('INSERT INTO %s VALUES (9, %L, %L)', t.rel('note'), t.wild(), 'x'), 'a note for her is redirected');

-- A column that wants to be the rest of our statement: the rows of people are locked by their key alone.
CREATE TABLE t.pun (id int PRIMARY KEY, "v
FROM t.canary AS t FOR UPDATE OF t" int UNIQUE);
CREATE TABLE t.pun_note (id int PRIMARY KEY, pun int);
INSERT INTO t.pun VALUES (1, 1);
SELECT gdpr.register_subject('pun', 't.pun'), gdpr.add_link('pun', 't.pun_note', '{pun}', parent => 't.pun', parent_columns => ARRAY[E'v\nFROM t.canary AS t FOR UPDATE OF t']) \g /dev/null
SELECT lives_ok($$SELECT gdpr.record_consent('pun', '1', 'accepted', medium => 'api')$$, 'a decision of somebody whose table has it');
SELECT throws_ok($$SELECT gdpr.record_consent('pun', '2', 'accepted', medium => 'api')$$, 'P0002', NULL, 'and of nobody in it');

-- Subject types are plain identifiers, because views are named after them.
SELECT is((SELECT string_agg(left(t.attempt('postgres', format('SELECT gdpr.register_subject(%L, t.rel(''doc'')::regclass)', s)), 5), ' ')
  FROM unnest(ARRAY['a"b', 'a b', 'A', '', 'a;b', repeat('a', 41), 'ü', E'a\nb', '1a']) AS s),
  '42602 42602 42602 42602 42602 42602 42602 42602 42602', 'a subject type is a plain identifier');

-- A rule has no SQL in it.
SELECT is((SELECT string_agg(r, ' | ')
  FROM unnest(ARRAY['email; DROP TABLE t.canary', '(SELECT 1)', 'email erase=(SELECT 1)', 'email erase=pg_sleep(1)', 'email erase=constant((SELECT 1))',
    'email erase=constant(''a'' || ''b'')', 'email erase=constant(E''\x41'')', 'email erase=constant($$a$$)', 'MASKED WITH VALUE 1',
    'email erase=constant(''a'') -- x', 'email /* x */', 'email erase="constant"', repeat('email ', 300), E'email\x01erase=null']) AS r
  WHERE t.attempt('postgres', format('SELECT gdpr.classify(t.rel(''note'')::regclass, ''id'', %L)', r)) !~ '^(22|42)'), NULL, 'a rule with SQL in it is refused');
SELECT is((SELECT string_agg(r, ', ') FROM unnest(ARRAY['email erase=constant((SELECT 1))', 'email erase=pg_sleep(1)']) AS r
  WHERE t.attempt('postgres', format('SELECT gdpr.anonymize(%L::text, %L)', 'x', r)) = ''), NULL, 'also where it is used without a label');
SELECT is((SELECT count(*) FROM pg_class WHERE oid = 't.canary'::regclass), 1::bigint, 'the canary is alive');
SELECT finish();
