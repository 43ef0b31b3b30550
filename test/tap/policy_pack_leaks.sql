-- SPDX-License-Identifier: PostgreSQL
-- Oracles: what a reader learns about rows that he does not see, from errors, statistics, plans, keys and
-- functions of his own. Law: nothing but what doc/policies.md says.
\ir lib/policy.sql
SELECT no_plan();
INSERT INTO crm.contact SELECT i, 'Name-' || i, format('p%s@example.org', i), CASE WHEN i % 3 = 0 THEN 'Secretville' ELSE 'Town' END
FROM generate_series(101, 3000) AS i;
UPDATE crm.contact SET region = 'Secretville' WHERE id = 2;
ANALYZE crm.contact;
\o /dev/null
CALL gdpr.protect('contact');
\o
CREATE SCHEMA mine AUTHORIZATION policy_app;
GRANT USAGE ON SCHEMA mine TO PUBLIC;

-- Errors. A condition of the reader's own runs after the policy: no row that is hidden reaches it.
SELECT is(t.see('policy_app', 'newsletter', q), wanted, 'error oracle: ' || q) FROM (VALUES
  ('SELECT id FROM crm.contact WHERE 1 / (id - 2) IS NOT NULL', '1,7,8'),
  ('SELECT id FROM crm.contact WHERE 1 / (id - 1) IS NOT NULL', '22012'),
  ('SELECT 1 / (id - 2) FROM crm.contact WHERE id <> 1', '0,0'),
  ('SELECT id FROM crm.contact WHERE (CASE WHEN id = 2 THEN email ELSE ''1'' END)::int = 1', '1,7,8'),
  ('SELECT id FROM crm.contact WHERE (CASE WHEN id = 1 THEN email ELSE ''1'' END)::int = 1', '22P02'),
  ('SELECT c.id FROM crm.contact AS c JOIN generate_series(1, 9) AS i ON 1 / (c.id - 2) = 0 AND i = c.id WHERE c.id <> 1', '7,8'),
  ('SELECT sum(1 / (id - 2)) FROM crm.contact', '-1'),
  ('SELECT id FROM crm.contact ORDER BY 1 / (id - 2)', '1,7,8'),
  ('SELECT count(*) FROM crm.contact GROUP BY 1 / (id - 2)', '1,2'),
  ('SELECT n.id FROM crm.note AS n WHERE 1 / (n.contact_id - 2) IS NOT NULL', '10,11,70,71,80,81'),
  ('SELECT f.id FROM crm.file AS f WHERE 1 / (f.note_id - 20) IS NOT NULL', '10,11,70,71,80,81,100')) AS v(q, wanted);

-- A function of the reader's own, as cheap as can be, is shown no hidden row, nor is an operator.
SET SESSION AUTHORIZATION policy_app;
CREATE TABLE mine.loot (x text);
CREATE FUNCTION mine.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO mine.loot VALUES ($1); RETURN true; END $$;
CREATE FUNCTION mine.spy_eq(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS $$
BEGIN RAISE LOG 'spied'; PERFORM set_config('mine.loot', current_setting('mine.loot', true) || ' ' || $1 || ' ' || $2, false); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR mine.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.spy_eq, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR mine.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.spy_eq, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$SET SESSION AUTHORIZATION policy_app; CREATE FUNCTION mine.l(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'$$,
  '42501', NULL, 'nobody but a superuser calls a function LEAKPROOF');
RESET SESSION AUTHORIZATION;
SET gdpr.purpose = 'newsletter'; SET SESSION AUTHORIZATION policy_app;
SELECT count(*) FROM crm.contact WHERE mine.spy(email) \g /dev/null
SELECT count(*) FROM crm.contact WHERE mine.spy(contact::text) \g /dev/null
SELECT count(*) FROM crm.note AS n JOIN crm.contact AS c ON c.id = n.contact_id AND mine.spy(c.name || n.body) \g /dev/null
SELECT count(*) FROM (SELECT * FROM crm.contact OFFSET 0) AS c WHERE mine.spy(c.email) \g /dev/null
SELECT count(*) FROM crm.contact WHERE CASE WHEN mine.spy(name) THEN true END \g /dev/null
SELECT is_empty($$SELECT x FROM mine.loot WHERE x !~ 'p[178]@|Name-[178]\M'$$, 'a function of the reader''s sees no hidden row');
SELECT isnt_empty('SELECT FROM mine.loot', 'though it did see rows');
-- The planner asks operators about the most common values and the histogram, which are of all rows.
SET mine.loot = '';
SELECT count(*) FROM crm.contact WHERE region OPERATOR(mine.===) 'x' \g /dev/null
SELECT count(*) FROM crm.contact WHERE email OPERATOR(mine.<<<) 'x' \g /dev/null
SELECT count(*) FROM crm.contact AS a JOIN crm.contact AS b ON a.region OPERATOR(mine.===) b.region \g /dev/null
EXPLAIN SELECT count(*) FROM crm.contact WHERE region OPERATOR(mine.===) 'x' \g /dev/null
SELECT doesnt_match(current_setting('mine.loot'), 'Secretville|p1[0-9][0-9]@', 'an operator of the reader''s is not asked about statistics');
SELECT matches(current_setting('mine.loot'), 'r[01]', 'though it was asked about rows that are seen');
RESET SESSION AUTHORIZATION; RESET gdpr.purpose; RESET mine.loot;

-- Statistics.
SELECT is(t.see(r, 'newsletter', $$SELECT count(*) FROM pg_stats WHERE schemaname = 'crm' AND tablename IN ('contact', 'note', 'file', 'event', 'task')$$), '0',
  'pg_stats hides the statistics of protected tables from ' || r) FROM unnest('{policy_app,policy_owner}'::name[]) AS r;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT 1 FROM pg_statistic'), '42501', 'pg_statistic itself is the superuser''s');
CREATE STATISTICS crm.both ON region, name FROM crm.contact; ANALYZE crm.contact;
SELECT is(t.see('policy_app', 'newsletter', $$SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'crm'$$), '0', 'extended statistics likewise');
SELECT isnt(t.see('policy_bypass', '', $$SELECT count(*) FROM pg_stats WHERE schemaname = 'crm' AND tablename = 'contact'$$), '0', 'BYPASSRLS sees them (documented)');

-- Plans. An estimate is made from the statistics of all rows, by leakproof operators too: that much is told (documented).
CREATE FUNCTION t.explain(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$;
SELECT is(t.see('policy_app', 'newsletter', $$SELECT count(*) FROM t.explain('SELECT id FROM crm.contact') WHERE explain ~ 'Secret|p2@'$$), '0', 'a plan quotes no value');
SELECT isnt(t.see('policy_app', 'newsletter', $$SELECT substring(explain FROM 'rows=(\d+)') FROM t.explain('SELECT 1 FROM crm.contact WHERE region = ''Secretville''') LIMIT 1$$),
  t.see('policy_app', 'newsletter', $$SELECT substring(explain FROM 'rows=(\d+)') FROM t.explain('SELECT 1 FROM crm.contact WHERE region = ''Nowhere''') LIMIT 1$$),
  'EXPLAIN estimates tell common values apart (documented)');
SELECT matches(t.see('policy_app', 'newsletter', $$SELECT string_agg(explain, '|') FROM t.explain('(ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM crm.contact')$$),
  'Rows Removed by Filter: \d+', 'EXPLAIN ANALYZE counts hidden rows (documented)');
SELECT is(t.see('policy_app', '', $$SELECT count(*) FROM t.explain('SELECT id FROM crm.contact') WHERE explain ~ 'Scan'$$), '1', 'EXPLAIN without ANALYZE needs no purpose (documented)');
SELECT is(t.see('policy_app', 'newsletter', $$SELECT reltuples > 2000 FROM pg_class WHERE oid = 'crm.contact'::regclass$$), 'true', 'pg_class.reltuples counts all rows (documented)');

-- Keys. Unique and foreign keys look at all rows: that a value exists is told, nothing else (documented).
SELECT is(t.change('policy_app', 'administration', $$INSERT INTO crm.contact VALUES (9000, 'x', 'p2@example.org')$$), '23505', 'a unique key tells that a value exists (documented)');
SELECT doesnt_match(t.error('policy_app', 'newsletter', $$INSERT INTO crm.contact VALUES (2, 'x', 'other@example.org')$$), 'p2@|Name-2|Secretville', 'the message shows nothing of the other row');
SELECT is(t.change('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (9000, 2, 'x')$$), 'PD007', 'a foreign key to somebody hidden: the guard answers');
SELECT is(t.change('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (9000, 99999, 'x')$$), '23503', 'to nobody: the foreign key does (documented: existence)');
SELECT is(t.change('policy_app', 'newsletter', $$UPDATE crm.contact SET email = 'p2@example.org' WHERE id = 1$$), '23505', 'and an UPDATE (documented)');
SELECT doesnt_match(t.error('policy_app', 'newsletter', $$UPDATE crm.contact SET email = 'p2@example.org' WHERE id = 1$$), 'Name-2|Secretville', 'still nothing of the row');
SELECT doesnt_match(t.error('policy_app', 'newsletter', $$INSERT INTO crm.contact VALUES (9000, 'Hidden Name') RETURNING id$$), 'Hidden Name', 'a row refused by the policy is not quoted');

-- What the policy itself says.
SELECT is(t.see('policy_app', 'newsletter', q), '42501', 'not callable: ' || q) FROM unnest(ARRAY[
  $$SELECT gdpr_internal.may_read('contact', 2)$$, $$SELECT gdpr_internal.shows('contact', 2)$$, $$SELECT gdpr_internal.may_change('contact', 2)$$,
  'SELECT id FROM gdpr_internal.contact_allowed', 'SELECT 1 FROM gdpr_internal.consent_state', 'SELECT 1 FROM gdpr_internal.purpose_grant']) AS q;
SELECT is((SELECT string_agg(p.proname, ',') FROM pg_proc AS p WHERE p.proleakproof AND p.pronamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)), NULL,
  'no function of ours calls itself leakproof');

-- A table of the reader's own: can its policies, defaults, checks, or a view call what ours do?
SET SESSION AUTHORIZATION policy_app; SET gdpr.purpose = 'newsletter';
SELECT throws_ok(q, '42501', NULL, 'refused: ' || q) FROM unnest(ARRAY[
  $$CREATE VIEW mine.ask AS SELECT gdpr_internal.may_read('contact', i) FROM generate_series(1, 8) AS i$$,
  $$CREATE POLICY ask ON mine.loot USING (gdpr_internal.may_read('contact', 2))$$,
  $$CREATE TABLE mine.ask (id int CHECK (gdpr_internal.may_read('contact', id)))$$,
  $$CREATE TRIGGER ask AFTER INSERT ON mine.loot FOR EACH ROW WHEN (gdpr_internal.may_change('contact', 2)) EXECUTE FUNCTION suppress_redundant_updates_trigger()$$]) AS q;
-- LIKE copies no policy, and INCLUDING ALL copies no trigger that would call into ours.
CREATE TABLE mine.contact (LIKE crm.contact INCLUDING ALL);
INSERT INTO mine.contact SELECT * FROM crm.contact;
SELECT results_eq('SELECT id FROM mine.contact ORDER BY 1', '{1,7,8}'::int[], 'CREATE TABLE LIKE and INSERT … SELECT copy what is seen');
CREATE TABLE mine.more AS TABLE crm.contact;
SELECT results_eq('SELECT id FROM mine.more ORDER BY 1', '{1,7,8}'::int[], 'so does CREATE TABLE AS');
RESET SESSION AUTHORIZATION; RESET gdpr.purpose;
DROP SCHEMA mine CASCADE;

-- Other readers of tables: sequences of pages, whole rows, locks.
SELECT is(t.see('policy_app', 'newsletter', $$SELECT (c.*)::text ~ 'Name' FROM crm.contact AS c$$), 'true,true,true', 'whole rows');
SELECT is(t.see('policy_app', 'newsletter', $$SELECT count(*) FROM crm.contact WHERE currtid2('crm.contact', ctid) IS NOT NULL$$), '3', 'row addresses');
SELECT matches(t.see('policy_app', 'newsletter', 'SELECT 1 FROM pgrowlocks(''crm.contact'')'), '42883|42501', 'pgrowlocks is no way in');

SELECT * FROM finish();
