-- SPDX-License-Identifier: PostgreSQL
-- Every road by which rows are read from a protected table. Law: each has the outcome that
-- doc/policies.md promises.
\ir lib/policy.sql
SELECT no_plan();

\o /dev/null
SELECT t.see('policy_app', '', 'SELECT id FROM crm.contact') AS before_protect \gset
CALL gdpr.protect('contact');
\o
SELECT is(:'before_protect'::text, '1,2,3,4,5,6,7,8', 'before protect everybody is seen');

-- Purposes.
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'newsletter: who accepted or has a basis');
SELECT is(t.see('policy_app', 'billing', 'SELECT id FROM crm.contact'), '1,2,3,4,5,7,8', 'billing rests on contract: all but the restricted');
SELECT is(t.see('policy_app', 'administration', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'administration finds everybody');
SELECT is(t.see('policy_app', '', 'SELECT id FROM crm.contact'), 'PD008', 'no purpose: an error');
SELECT is(t.see('policy_app', 'unknown', 'SELECT id FROM crm.contact'), '42704', 'an unknown purpose: an error');
SELECT is(t.see('policy_mail', 'billing', 'SELECT id FROM crm.contact'), '42501', 'a claim alone gives nothing');
SELECT is(t.see('policy_nobody', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'nor to somebody without any purpose');
SELECT matches(t.error('policy_app', '', 'SELECT id FROM crm.contact'), 'SET gdpr\.purpose|ALTER ROLE', 'the hint says how to name one');
SET gdpr.no_purpose = 'empty';
SELECT is(t.see('policy_app', '', 'SELECT id FROM crm.contact'), '', 'gdpr.no_purpose = empty: nobody is seen');
SELECT is(t.see('policy_mail', 'billing', 'SELECT id FROM crm.contact'), '42501', 'and a purpose that is not granted stays an error');
RESET gdpr.no_purpose;

-- Every shape of link.
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.note'), '10,11,70,71,80,81,100', 'notes: by key, and a row of nobody');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.file'), '10,11,70,71,80,81,100', 'files: through a parent that is no person');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.event'), '10,11,70,71,80,81,100', 'events: a partitioned table');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.event_1'), '10,11', 'a partition directly');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.event_2'), '70,71,80,81,100', 'the other partition directly');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.task'), '10,11,70,71,80,81,100', 'tasks with their children');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM ONLY crm.task'), '10,70,80,100', 'ONLY the parent');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.urgent_task'), '11,71,81', 'a child table directly');

-- Who is bound.
SELECT is(t.see('policy_owner', '', 'SELECT id FROM crm.contact'), 'PD008', 'the owner is bound, too');
SELECT is(t.see('policy_owner', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'and has no purpose by being owner');
SELECT is(t.see('policy_bypass', '', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'BYPASSRLS sees everybody (documented)');
SELECT is(t.see('postgres', '', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'so does a superuser (documented)');
SELECT is(t.change('policy_app', 'newsletter', $$DO 'BEGIN SET LOCAL row_security = off; PERFORM * FROM crm.contact; END'$$), '42501',
  'row_security = off is an error, not a way out');

-- A role that is a member has what the group has; SET ROLE counts, not the login.
CREATE ROLE policy_group; GRANT policy_group TO policy_nobody;
SELECT gdpr.grant_purpose('newsletter', 'policy_group') \g /dev/null
SELECT is(t.see('policy_nobody', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'a purpose granted to a group counts for its members');
ALTER ROLE policy_nobody NOINHERIT;
SELECT isnt(t.see('policy_nobody', 'newsletter', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'NOINHERIT: never more than the policy');
ALTER ROLE policy_nobody INHERIT;
SELECT gdpr.revoke_purpose('newsletter', 'policy_group') \g /dev/null
SELECT is(t.see('policy_nobody', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'a revoked purpose is gone in the next statement');
DROP ROLE policy_group;

-- Views and functions.
SET SESSION AUTHORIZATION policy_owner;
CREATE VIEW crm.plain_view AS SELECT id FROM crm.contact;
CREATE VIEW crm.invoker_view WITH (security_invoker) AS SELECT id FROM crm.contact;
CREATE VIEW crm.barrier_view WITH (security_barrier) AS SELECT id FROM crm.contact;
CREATE FUNCTION crm.definer() RETURNS SETOF int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT id FROM crm.contact';
CREATE FUNCTION crm.invoker() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM crm.contact';
GRANT SELECT ON crm.plain_view, crm.invoker_view, crm.barrier_view TO PUBLIC;
RESET SESSION AUTHORIZATION;
CREATE VIEW crm.dba_view AS SELECT id FROM crm.contact;
GRANT SELECT ON crm.dba_view TO PUBLIC;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM ' || v), '1,7,8', v || ' of a bound owner shows what the reader''s purpose shows')
FROM unnest('{crm.plain_view,crm.invoker_view,crm.barrier_view}'::text[]) AS v;
SELECT is(t.see('policy_mail', 'billing', 'SELECT id FROM ' || v), '42501', v || ': the reader''s purposes count, not the view owner''s')
FROM unnest('{crm.plain_view,crm.invoker_view}'::text[]) AS v;
SELECT is(t.see('policy_nobody', '', 'SELECT id FROM crm.dba_view'), '1,2,3,4,5,6,7,8', 'a superuser''s view shows everybody (documented)');
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE object ~ 'dba_view'$$, 'and doctor finds it');
SELECT is_empty($$SELECT * FROM gdpr.doctor() WHERE object ~ 'plain_view|invoker_view|barrier_view'
  AND severity IN ('error', 'warning')$$, 'the bound owner''s views are no finding');
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE object ~ 'policy_bypass'$$, 'doctor finds the role that bypasses');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT crm.invoker()'), '1,7,8', 'an invoker function (inlined): the caller''s purposes');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT crm.definer()'), '42501', 'a SECURITY DEFINER function has its owner''s purposes: none');
SELECT gdpr.grant_purpose('billing', 'policy_owner') \g /dev/null
SELECT is(t.see('policy_app', 'billing', 'SELECT crm.definer()'), '1,2,3,4,5,7,8', 'with a purpose of the owner''s it works');
SELECT is(t.see('policy_nobody', 'billing', 'SELECT crm.definer()'), '1,2,3,4,5,7,8', 'and lends it to the caller (documented)');
SELECT gdpr.revoke_purpose('billing', 'policy_owner') \g /dev/null

-- Materialized views are copies: REFRESH is bound as its owner is, the copy itself is not.
SET SESSION AUTHORIZATION policy_owner;
SELECT throws_ok('CREATE MATERIALIZED VIEW crm.copy AS SELECT id FROM crm.contact', 'PD008', NULL, 'a materialized view without a purpose is refused');
SET gdpr.purpose = 'newsletter';
SELECT throws_ok('CREATE MATERIALIZED VIEW crm.copy AS SELECT id FROM crm.contact', '42501', NULL, 'nor with one that its owner has not');
RESET SESSION AUTHORIZATION;
SELECT gdpr.grant_purpose('newsletter', 'policy_owner') \g /dev/null
SET SESSION AUTHORIZATION policy_owner;
SET gdpr.purpose = 'newsletter';
CREATE MATERIALIZED VIEW crm.copy AS SELECT id FROM crm.contact;
SELECT results_eq('SELECT id FROM crm.copy ORDER BY 1', '{1,7,8}'::int[], 'REFRESH copies what its owner''s purpose shows');
RESET SESSION AUTHORIZATION;
SELECT gdpr.record_consent('contact', '8', 'withdrawn', 'newsletter', medium => 'click') \g /dev/null
SELECT results_eq('SELECT id FROM crm.copy ORDER BY 1', '{1,7,8}'::int[], 'a withdrawal reaches a copy (documented: only)');
SET SESSION AUTHORIZATION policy_owner;
REFRESH MATERIALIZED VIEW crm.copy;
SELECT results_eq('SELECT id FROM crm.copy ORDER BY 1', '{1,7}'::int[], 'with its next REFRESH');
RESET gdpr.purpose;
SELECT throws_ok('REFRESH MATERIALIZED VIEW crm.copy', 'PD008', NULL, 'a REFRESH without a purpose fails and keeps the old copy');
RESET SESSION AUTHORIZATION;
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE object ~ 'crm\.copy'$$, 'doctor finds materialized views over protected tables');
SELECT gdpr.record_consent('contact', '8', 'accepted', 'newsletter', medium => 'click') \g /dev/null
SELECT gdpr.revoke_purpose('newsletter', 'policy_owner') \g /dev/null

-- One prepared statement, several roles and purposes; custom and generic plans.
CREATE TABLE t.prepared (plan text, step int GENERATED ALWAYS AS IDENTITY, role name, ids text);
GRANT INSERT ON t.prepared TO PUBLIC;
PREPARE q(int) AS INSERT INTO t.prepared (plan, role, ids)
  SELECT current_setting('plan_cache_mode'), current_user, string_agg(id::text, ',' ORDER BY id) FROM crm.contact WHERE id > $1;
GRANT policy_app, policy_mail, policy_bypass TO policy_nobody;
SET plan_cache_mode = force_generic_plan;
SET SESSION AUTHORIZATION policy_nobody;
SET gdpr.purpose = 'newsletter';
SET ROLE policy_app; EXECUTE q(0);
SET gdpr.purpose = 'billing'; EXECUTE q(0);
SET gdpr.purpose = 'newsletter';
SET ROLE policy_bypass; EXECUTE q(0);
SET ROLE policy_mail; EXECUTE q(0);
SET gdpr.purpose = 'billing';
SELECT throws_ok('EXECUTE q(0)', '42501', NULL, 'a plan made under another role gives this role nothing');
SET ROLE policy_app; EXECUTE q(0);
RESET SESSION AUTHORIZATION;
RESET ROLE; RESET plan_cache_mode;
SELECT results_eq('SELECT role::text COLLATE "C", ids FROM t.prepared ORDER BY step', $$VALUES ('policy_app' COLLATE "C", '1,7,8'),
  ('policy_app', '1,2,3,4,5,7,8'), ('policy_bypass', '1,2,3,4,5,6,7,8'), ('policy_mail', '1,7,8'), ('policy_app', '1,2,3,4,5,7,8')$$,
  'one generic plan, each execution under its own role and purpose');
DEALLOCATE q;
REVOKE policy_app, policy_mail, policy_bypass FROM policy_nobody;
SET SESSION AUTHORIZATION policy_app; SET gdpr.purpose = 'newsletter';
PREPARE again(int) AS SELECT count(*)::int FROM crm.note WHERE contact_id = $1;
SELECT results_eq(format('EXECUTE again(%s)', i % 8 + 1), ARRAY[CASE WHEN i % 8 + 1 IN (1, 7, 8) THEN 2 ELSE 0 END],
  'execution ' || i) FROM generate_series(0, 15) AS i;
DEALLOCATE again;

-- Cursors: the statement is the cursor's; its purpose is the one at its first row.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM crm.contact ORDER BY id;
FETCH 1 FROM c \gset first_
SET LOCAL gdpr.purpose = 'billing';
FETCH 1 FROM c \gset second_
COMMIT;
SELECT is(:'first_id' || ',' || :'second_id'::text, '1,7', 'a cursor keeps the purpose of its first row');
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM crm.contact ORDER BY id;
COMMIT;
SET gdpr.purpose = 'billing';
CREATE TEMP TABLE held (id int);
DO $$ DECLARE c refcursor := 'h'; i int; BEGIN LOOP FETCH c INTO i; EXIT WHEN i IS NULL; INSERT INTO held VALUES (i); END LOOP; END $$;
SELECT results_eq('SELECT id FROM held ORDER BY 1', '{1,7,8}'::int[], 'a holdable cursor is filled at its COMMIT');
CLOSE h;
BEGIN;
DECLARE s SCROLL CURSOR FOR SELECT id FROM crm.contact ORDER BY id;
MOVE LAST IN s; FETCH FIRST FROM s \gset scroll_
COMMIT;
SELECT is(:'scroll_id'::text, '1', 'a scrollable cursor goes back');
RESET SESSION AUTHORIZATION; RESET gdpr.purpose;

-- COPY.
SELECT is(t.change('policy_app', 'newsletter', $$COPY crm.contact TO '/dev/null'$$), '42501', 'COPY to a file of the server''s needs other rights');
GRANT pg_write_server_files, pg_execute_server_program TO policy_app;
SELECT is(t.change('policy_app', 'newsletter', $$COPY crm.contact TO '/dev/null'$$), '3', 'COPY table TO: three rows of eight');
SELECT is(t.change('policy_app', 'newsletter', $$COPY (SELECT * FROM crm.contact) TO '/dev/null'$$), '3', 'COPY (query) TO: likewise');
SELECT is(t.change('policy_app', 'newsletter', $$COPY crm.event_2 TO '/dev/null'$$), '5', 'COPY of a partition: likewise');
SELECT is(t.change('policy_app', '', $$COPY crm.contact TO '/dev/null'$$), 'PD008', 'COPY without a purpose: an error');
SELECT is(t.change('policy_app', 'newsletter', $$COPY crm.note FROM PROGRAM 'printf "1000\t1\tx\n"'$$), '0A000',
  'COPY FROM into a protected table: PostgreSQL refuses it to bound roles (documented)');
REVOKE pg_write_server_files, pg_execute_server_program FROM policy_app;

-- Subqueries, CTEs, joins, aggregates, SET operations, functions of the planner's.
SELECT is(t.see('policy_app', 'newsletter', q), wanted, 'seen: ' || q) FROM (VALUES
  ('SELECT count(*) FROM crm.contact', '3'),
  ('SELECT count(*) FILTER (WHERE id = 2) FROM crm.contact', '0'),
  ('WITH c AS MATERIALIZED (SELECT id FROM crm.contact) SELECT id FROM c', '1,7,8'),
  ('SELECT n.id FROM crm.note AS n JOIN crm.contact AS c ON c.id = n.contact_id', '10,11,70,71,80,81'),
  ('SELECT c.id FROM crm.contact AS c LEFT JOIN crm.note AS n ON n.contact_id = c.id WHERE n.id IS NULL', ''),
  ('SELECT i FROM generate_series(1, 8) AS i WHERE EXISTS (SELECT FROM crm.contact WHERE id = i)', '1,7,8'),
  ('SELECT i FROM generate_series(1, 8) AS i, LATERAL (SELECT 1 FROM crm.contact WHERE id = i) AS x', '1,7,8'),
  ('SELECT max(id) FROM crm.contact WHERE id < 7', '1'),
  ('SELECT id FROM crm.contact WHERE id = ANY (''{2,3,8}'')', '8'),
  ('SELECT id FROM crm.contact UNION ALL SELECT id FROM crm.contact', '1,1,7,7,8,8'),
  ('SELECT id FROM crm.contact TABLESAMPLE BERNOULLI (100)', '1,7,8'),
  ('SELECT id FROM crm.contact FOR UPDATE', '1,7,8'),
  ('SELECT x.id FROM crm.contact AS c, LATERAL (SELECT c.id OFFSET 0) AS x', '1,7,8'),
  ($$SELECT (xpath('//id/text()', query_to_xml('SELECT id FROM crm.contact', false, false, '')))[1]::text$$, '1'),
  ($$SELECT ctid IS NOT NULL FROM crm.contact WHERE ctid = '(0,2)'$$, '')) AS v(q, wanted);

-- Parallel plans and index paths give the same answer.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0;
SET force_parallel_mode = on;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.' || r), '10,11,70,71,80,81,100', 'in parallel: ' || r)
FROM unnest('{note,file,event,task}'::text[]) AS r;
RESET force_parallel_mode; RESET parallel_setup_cost; RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size; RESET min_parallel_index_scan_size;
SET enable_seqscan = off;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact WHERE id BETWEEN 2 AND 7'), '7', 'by the index');
RESET enable_seqscan;

-- New partitions and children are bound from their first row on; a detached partition stays bound.
SET SESSION AUTHORIZATION policy_owner;
CREATE TABLE crm.event_3 PARTITION OF crm.event FOR VALUES FROM (1000) TO (2000);
CREATE TABLE crm.late_task (x int) INHERITS (crm.task);
CREATE TABLE crm.event_4 (id int PRIMARY KEY, contact_id int, body text);
GRANT SELECT ON crm.event_3, crm.late_task, crm.event_4 TO policy_app;
RESET SESSION AUTHORIZATION;
INSERT INTO crm.event_3 SELECT 1000 + i, i, 'x' FROM generate_series(1, 8) AS i;
INSERT INTO crm.late_task SELECT 1000 + i, i, 'x' FROM generate_series(1, 8) AS i;
INSERT INTO crm.event_4 SELECT 2000 + i, i, 'x' FROM generate_series(1, 8) AS i;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id - 1000 FROM crm.event_3'), '1,7,8', 'a new partition, directly');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id - 1000 FROM crm.late_task'), '1,7,8', 'a new child table, directly');
SET SESSION AUTHORIZATION policy_owner;
ALTER TABLE crm.event ATTACH PARTITION crm.event_4 FOR VALUES FROM (2000) TO (3000);
ALTER TABLE crm.event DETACH PARTITION crm.event_2;
RESET SESSION AUTHORIZATION;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id - 2000 FROM crm.event_4'), '1,7,8', 'an attached partition, directly');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.event_2'), '70,71,80,81,100', 'a detached partition stays bound');

-- Names change, the policy stays.
ALTER TABLE crm.note RENAME COLUMN contact_id TO person_id;
ALTER TABLE crm.note RENAME TO remark;
ALTER SCHEMA crm RENAME TO sales;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM sales.remark'), '10,11,70,71,80,81,100', 'renamed, still bound');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM sales.file'), '10,11,70,71,80,81,100', 'and what hangs on it');

SELECT * FROM finish();
