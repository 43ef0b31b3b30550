-- SPDX-License-Identifier: PostgreSQL
-- What never goes through a scan node, and what a scan node does for nobody. Laws: COPY of an audited table writes the bytes that it
-- would write of any table, and is recorded; no index hides people; a foreign key's own look-ups are nobody's reads, and nothing
-- that a user hangs on them is; nobody but a superuser can switch the record off.
SET client_min_messages = error;
SELECT plan(50);
\o /dev/null
SELECT 'CREATE ROLE access_roads_owner' WHERE to_regrole('access_roads_owner') IS NULL \gexec
CREATE SCHEMA w AUTHORIZATION access_roads_owner;
SET ROLE access_roads_owner;
CREATE TABLE w.client (id int PRIMARY KEY, gone text, name text, "Odd ""name" text DEFAULT 'a;b', age int, g int GENERATED ALWAYS AS (age + 1) STORED);
ALTER TABLE w.client DROP COLUMN gone;
INSERT INTO w.client (id, name, age) VALUES (1, 'Ann', 30), (2, E'Bo\t"x"', NULL), (3, NULL, 50);
CREATE TABLE w.client_more (extra text) INHERITS (w.client);
INSERT INTO w.client_more (id, name, extra) VALUES (4, 'Di', 'e');
CREATE TABLE w.job (id int PRIMARY KEY, client_id int REFERENCES w.client ON DELETE CASCADE ON UPDATE CASCADE, what text);
INSERT INTO w.job VALUES (11, 1, 'x'), (12, 2, 'y');
CREATE TABLE w.bill (id int PRIMARY KEY, client_id int REFERENCES w.client);
INSERT INTO w.bill VALUES (21, 3);
CREATE TABLE w.parts (id int, client_id int) PARTITION BY RANGE (id);
CREATE TABLE w.parts_1 PARTITION OF w.parts FOR VALUES FROM (0) TO (10);
CREATE VIEW w.names AS SELECT name FROM w.client;
CREATE INDEX ON w.client (name);
CREATE INDEX ON w.client (age, id);
CREATE TABLE w.empty ();
RESET ROLE;
SELECT gdpr.register_subject('client', 'w.client'), gdpr.add_link('client', 'w.job', '{client_id}'), gdpr.add_link('client', 'w.bill', '{client_id}'),
  gdpr.add_link('client', 'w.parts', '{client_id}');
SELECT gdpr.audit('w.client'), gdpr.audit('w.job'), gdpr.audit('w.bill'), gdpr.audit('w.parts'), gdpr.audit('w.empty');

-- What the log has of an application's user: command, relation, and whom.
CREATE FUNCTION w.reached(tag text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gdpr.drain_access();
  RETURN coalesce((SELECT string_agg(DISTINCT one, ' ' ORDER BY one) FROM (
    SELECT p.relation_name || coalesce(':' || CASE WHEN r.people IS NULL THEN r.scope::text
      ELSE (SELECT string_agg(m::text, ',' ORDER BY m) FROM gdpr_internal.set_members(r.people) AS m) END, '') AS one
    FROM gdpr_internal.access_read r JOIN gdpr_internal.access_place p USING (place)
    WHERE p.relation_schema = 'w' AND r.statement IN (
      SELECT b.statement FROM gdpr_internal.access_read b JOIN gdpr_internal.access_actor a USING (actor) WHERE a.app_user = tag)
      AND NOT (r.part = 'B' AND r.scope = 'A' AND EXISTS (SELECT FROM gdpr_internal.access_read e WHERE e.statement = r.statement AND e.part = 'E'))) t), '-');
END $$;

-- COPY to a file beside the data, and the bytes that it wrote, or its error.
CREATE FUNCTION w.copied(what text, options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  path text := current_setting('data_directory') || '/access_roads.copy';
  number bigint;
BEGIN
  EXECUTE format('COPY %s TO %L %s', what, path, options);
  GET DIAGNOSTICS number = ROW_COUNT;
  RETURN number || ' ' || encode(pg_read_binary_file(path), 'escape');
EXCEPTION WHEN others THEN
  RETURN sqlstate || ' ' || sqlerrm;
END $$;
\o

-- COPY
CREATE TEMPORARY TABLE variant (n int GENERATED ALWAYS AS IDENTITY, what text, options text, seen text);
INSERT INTO variant (what, options, seen) VALUES
  ('w.client', '', 'client:1,2,3'), ('w.client', '(FORMAT csv, HEADER, FORCE_QUOTE *)', 'client:1,2,3'), ('w.client (name, id)', '(FORMAT csv, HEADER, FORCE_QUOTE (name))', 'client:1,2,3'),
  ('w.client ("Odd ""name")', '(DELIMITER '';'')', 'client:1,2,3'), ('w.client', '(FORMAT binary)', 'client:1,2,3'), ('w.client', 'CSV NULL ''?''', 'client:1,2,3'),
  ('w.client_more', '', 'client_more:4'), ('w.parts_1', '', '-'), ('w.empty', '', '-'),
  ('w.client (g)', '', '-'), ('w.client (id, id)', '', '-'), ('w.client (nothing)', '', '-'), ('w.client (ctid)', '', '-'), ('w.parts', '', '-'), ('w.names', '', '-'), ('w.nothing', '', '-'),
  ('w.client', '(FORMAT nothing)', '-');
ALTER TABLE variant ADD COLUMN off text, ADD COLUMN "on" text;
SET gdpr.audit_reads = off;
UPDATE variant SET off = w.copied(what, options);
SET gdpr.audit_reads = on;
\o /dev/null
SELECT set_config('gdpr.app_user', 'copy ' || n, false), set_config('w.copied', w.copied(what, options), false) FROM variant WHERE false;
\o
DO $$
DECLARE v record;
BEGIN
  FOR v IN SELECT n, what, options FROM variant LOOP
    PERFORM set_config('gdpr.app_user', 'copy ' || v.n, false);
    UPDATE variant SET "on" = w.copied(v.what, v.options) WHERE n = v.n;
  END LOOP;
  PERFORM set_config('gdpr.app_user', '', false);
END $$;
SELECT is("on", off, format('copy_of_a_table_writes_what_it_writes_without_audit: %s %s', what, options)) FROM variant ORDER BY n;
SELECT is(w.reached('copy ' || n), seen, format('copy_of_a_table_is_recorded: %s %s', what, options)) FROM variant WHERE n <= 7 ORDER BY n;

-- Indexes
SET enable_seqscan = off; SET enable_bitmapscan = off;
CREATE FUNCTION w.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  EXECUTE 'EXPLAIN (COSTS OFF) ' || query INTO line;
  RETURN line;
END $$;
VACUUM w.client;
SELECT is(w.plan('SELECT name FROM ONLY w.client WHERE name = ''Ann'''), 'Index Scan using client_name_idx on client', 'an_index_without_the_key_is_not_read_alone');
SELECT is(w.plan('SELECT age, id FROM ONLY w.client WHERE age > 3'), 'Index Only Scan using client_age_id_idx on client', 'an_index_with_the_key_may_be_read_alone');
SET gdpr.app_user = 'index alone';
SELECT is((SELECT count(*) FROM ONLY w.client WHERE age > 40), 1::bigint, 'count of rows in an index');
SET gdpr.app_user = '';
SELECT is(w.reached('index alone'), 'client:3', 'people_in_an_index_that_is_read_alone_are_recorded');
RESET enable_seqscan; RESET enable_bitmapscan;

-- Foreign keys
CREATE FUNCTION w.after(tag text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('gdpr.app_user', tag, false);
  BEGIN
    EXECUTE statement;
  EXCEPTION WHEN foreign_key_violation THEN NULL;
  END;
  PERFORM set_config('gdpr.app_user', '', false);
  RETURN w.reached(tag);
END $$;
SELECT is(w.after('fk 1', 'INSERT INTO w.job VALUES (13, 3, $$z$$)'), '-', 'a_foreign_key_that_is_checked_is_nobodys_read');
SELECT is(w.after('fk 2', 'INSERT INTO w.job VALUES (14, 9, $$z$$)'), '-', 'a_foreign_key_that_fails_is_nobodys_read');
SELECT is(w.after('fk 3', 'UPDATE w.client SET id = 101 WHERE id = 1'), 'client:1', 'a_cascade_that_updates_shows_nothing');
SELECT is(w.after('fk 4', 'DELETE FROM w.client WHERE id = 101'), 'client:101', 'a_cascade_that_deletes_shows_nothing');
SELECT is(w.after('fk 5', 'DELETE FROM w.client WHERE id = 3'), 'client:3', 'a_row_that_is_still_referred_to_shows_nothing_of_the_other');
SELECT is((SELECT count(*) FROM w.job WHERE client_id = 101), 0::bigint, 'the cascades were at work');
SET ROLE access_roads_owner;
CREATE FUNCTION w.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM w.bill WHERE client_id = 3; RETURN OLD; END $$;
CREATE TRIGGER spy BEFORE DELETE ON w.job FOR EACH ROW EXECUTE FUNCTION w.spy();
RESET ROLE;
INSERT INTO w.client (id) VALUES (5), (6), (7);
INSERT INTO w.job VALUES (15, 5), (16, 6), (17, 7);
SELECT is(w.after('fk 6', 'DELETE FROM w.client WHERE id = 5'), 'bill:3 client:5 job:5', 'a_trigger_in_a_cascade_reads_and_is_shown_rows');
SET ROLE access_roads_owner;
DROP TRIGGER spy ON w.job;
CREATE FUNCTION w.fine(text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
ALTER TABLE w.job ADD CHECK (w.fine(what));
RESET ROLE;
SELECT is(w.after('fk 7', 'UPDATE w.client SET id = 106 WHERE id = 6'), 'client:6 job:6', 'a_check_in_a_cascade_is_shown_rows');

-- What the server does for whoever owns a table, with that owner's functions
SET ROLE access_roads_owner;
CREATE FUNCTION w.tell(int, text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $2; END';
CREATE FUNCTION w.probe(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM ONLY w.job x WHERE x.id = $1 AND x.what = ''y''; RETURN 1; END';
CREATE INDEX told ON w.bill USING brin (w.tell(id, client_id::text));
CREATE TABLE w.named (id int, client_id int, name text) PARTITION BY LIST (w.tell(id, name));
CREATE TABLE w.named_rest PARTITION OF w.named DEFAULT;
RESET ROLE;
\o /dev/null
SELECT gdpr.add_link('client', 'w.named', '{client_id}'), gdpr.audit('w.named');
\o
SELECT is(w.after('road 1', 'SELECT brin_desummarize_range(''w.told'', 0), brin_summarize_range(''w.told'', 0)'), 'bill:A', 'an_index_that_is_summarized_shows_all_rows');
SELECT is(w.after('road 2', 'CREATE TABLE w.named_z PARTITION OF w.named FOR VALUES IN (''z'')'), 'named:A named_rest:A', 'a_new_partition_shows_the_rows_of_the_default_one');
SELECT is(w.after('road 3', $$DO 'BEGIN PERFORM gdpr_internal.record_reads(''w.bill''); RAISE foreign_key_violation; END'$$), 'bill:A', 'what_is_recorded_by_name_stays_after_a_rollback');
INSERT INTO w.client (id) VALUES (8);
CREATE TABLE w.note (client_id int REFERENCES w.client);
CREATE INDEX probed ON w.client ((id + w.probe(12)));
SELECT is(w.after('road 4', 'INSERT INTO w.note VALUES (8)'), 'job:2', 'a_function_that_runs_while_a_foreign_key_is_planned_reads_for_its_owner');

-- Settings
SET ROLE access_roads_owner;
SELECT throws_ok(format('SET %s = %s', name, value), state, NULL, format('nobody_but_a_superuser_sets_%s', name))
FROM (VALUES ('gdpr.audit_reads', 'off', '42501'), ('gdpr.on_audit_failure', 'continue_counted', '42501'), ('gdpr.durable_reads', 'on', '42501'),
  ('gdpr.spool_limit', '0', '55P02'), ('gdpr.access_retention', '''1 day''', '55P02')) AS s (name, value, state);
RESET ROLE;
SET gdpr.app_user = 'off';
SET gdpr.audit_reads = off;
SELECT is((SELECT capturing || ' ' || reason FROM gdpr_internal.spool_status()), 'false gdpr.audit_reads is off', 'that_nothing_is_recorded_is_said');
SELECT is((SELECT count(*) FROM w.client), 6::bigint, 'a read that is not recorded');
SET gdpr.audit_reads = on;
SET gdpr.app_user = '';
SELECT is(w.reached('off'), '-', 'off_means_off');
SELECT ok((SELECT capturing AND reason IS NULL AND dropped = 0 AND refused = 0 FROM gdpr_internal.spool_status()), 'reads are recorded again');
SELECT ok(EXISTS (SELECT FROM gdpr_internal.spool_files() f JOIN pg_stat_activity a ON a.pid = f.pid AND abs(extract(epoch FROM a.backend_start - f.started)) < 5
  WHERE a.pid = pg_backend_pid() AND f.bytes > 0), 'a_process_has_a_file_of_its_own');
SELECT * FROM finish();
