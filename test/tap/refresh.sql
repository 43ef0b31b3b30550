-- SPDX-License-Identifier: PostgreSQL
-- Fakes in place: the values of a restored copy are replaced where they are, each row once.
SET client_min_messages = error;
SELECT plan(32);
SELECT gdpr.create_key() \g /dev/null
SELECT 'CREATE ROLE ' || r FROM unnest('{refresh_owner,refresh_night,refresh_other}'::text[]) AS r WHERE to_regrole(r) IS NULL \gexec
GRANT ALL ON DATABASE :"DBNAME" TO refresh_owner;
GRANT refresh_owner TO refresh_night;
CREATE SCHEMA shop AUTHORIZATION refresh_owner;
SET ROLE refresh_owner;
CREATE TABLE shop.person (id int PRIMARY KEY, email text NOT NULL, phone bigint NOT NULL, born date, pay int, doc jsonb, free text,
  CONSTRAINT person_email UNIQUE (email) INCLUDE (free), CONSTRAINT person_phone UNIQUE (phone) DEFERRABLE,
  upper_email text GENERATED ALWAYS AS (upper(email)) STORED);
COMMENT ON CONSTRAINT person_email ON shop.person IS 'one each';
CREATE UNIQUE INDEX person_lower ON shop.person (lower(email)) WHERE phone > 0;
ALTER TABLE shop.person REPLICA IDENTITY USING INDEX person_pkey;
ALTER TABLE shop.person CLUSTER ON person_email;
CREATE TABLE shop.call (id int PRIMARY KEY, email text REFERENCES shop.person (email) ON UPDATE CASCADE, boss int REFERENCES shop.person);
CREATE TABLE shop.visit (day date, email text, ip inet, UNIQUE (day, email)) PARTITION BY RANGE (day);
CREATE TABLE shop.visit_1 PARTITION OF shop.visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.visit_2 PARTITION OF shop.visit FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE VIEW shop.people AS SELECT * FROM shop.person;
CREATE TABLE shop.history (old text);
CREATE FUNCTION shop.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO shop.history VALUES (old.email); NEW.pay := 0; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.keep();
CREATE TRIGGER off BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.keep();
ALTER TABLE shop.person DISABLE TRIGGER off;
RESET ROLE;
-- Phones stand as close as they can: a permutation of the nine-digit ones gives many that another row still has.
INSERT INTO shop.person SELECT n, 'anna' || n || '@keller.de', n, date '1960-01-01' + n, 30000 + n, '{"name": "Anna"}', 'called ' || n
  FROM generate_series(1, 999) AS n;
INSERT INTO shop.call SELECT n, 'anna' || n || '@keller.de', n FROM generate_series(1, 999) AS n;
INSERT INTO shop.visit SELECT date '2020-12-01' + n % 60, 'anna' || n || '@keller.de', '10.0.0.0'::inet + n FROM generate_series(1, 999) AS n;
SELECT gdpr.classify('shop.person', c::name, r) FROM (VALUES ('email', 'email'), ('phone', 'external_id'), ('born', 'birth_date'),
  ('pay', 'salary'), ('doc', 'profile_json'), ('free', 'free_text')) AS v(c, r) \g /dev/null
SELECT gdpr.classify('shop.call', 'email', 'email'), gdpr.classify('shop.visit', 'email', 'email'), gdpr.classify('shop.visit', 'ip', 'ip') \g /dev/null
SELECT gdpr.register_subject('person', 'shop.person'), gdpr.add_link('person', 'shop.call', ARRAY['boss']::name[]) \g /dev/null
-- Bundles last: each new view is granted to whoever holds one.
SELECT gdpr.grant_bundle('operator', 'refresh_night'), gdpr.grant_bundle('operator', 'refresh_other') \g /dev/null
CALL gdpr.protect('person');
SELECT gdpr.record_consent('person', '7', 'accepted', medium => 'email', comment => 'Anna said so') \g /dev/null
UPDATE shop.person SET pay = 0 WHERE id = 8;
UPDATE shop.person SET pay = 30008 WHERE id = 8;
DELETE FROM shop.history;
CREATE FUNCTION plan_of(VARIADIC relations regclass[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('relation', r::oid, 'columns', (
    SELECT jsonb_object_agg(a.attname, gdpr.effective_rule(r, a.attname)) FROM pg_attribute AS a JOIN gdpr.classification AS c
      ON c.relation = coalesce((SELECT i.inhparent FROM pg_inherits AS i WHERE i.inhrelid = r), r) AND c.column_name = a.attname WHERE a.attrelid = r)))
  FROM unnest(relations) AS r
$$;
SELECT plan_of('shop.person', 'shop.call') AS plan \gset
CREATE TABLE expected AS SELECT p.id, gdpr.anonymize(p.email, r->>'email', 'fake') AS email, gdpr.anonymize(p.phone, r->>'phone', 'fake') AS phone,
    gdpr.anonymize(p.born, r->>'born', 'fake') AS born, gdpr.anonymize(p.pay, r->>'pay', 'fake') AS pay,
    gdpr.anonymize(p.doc, r->>'doc', 'fake') AS doc, gdpr.anonymize(p.free, r->>'free', 'fake') AS free
  FROM shop.person AS p, LATERAL (SELECT :'plan'::jsonb->0->'columns') AS x(r);
CREATE TABLE kept AS SELECT * FROM shop.person;
CREATE TABLE defined AS SELECT i.indexdef FROM pg_indexes AS i WHERE i.schemaname = 'shop'
  UNION ALL SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.connamespace = 'shop'::regnamespace
  UNION ALL SELECT format('%s %s %s', g.tgrelid::regclass, g.tgname, g.tgenabled) FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgrelid::regclass::text LIKE 'shop.%';
GRANT SELECT ON expected, kept, defined TO PUBLIC;

-- Who, and where.
SET SESSION AUTHORIZATION refresh_night;
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', 'production', :'plan'), '22023', 'this database is not the staging database that was named',
  'a_database_that_was_not_spelled_out_is_refused');
SELECT throws_ok(format('SELECT gdpr.refresh_tables(NULL, %L)', :'plan'), '22023', NULL, 'no_name_is_no_name');
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L, %L)', :'DBNAME', :'plan', 'erase'), '22023', NULL, 'only_keyed_profiles_keep_what_is_unique');
SET SESSION AUTHORIZATION refresh_other;
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', :'plan'), '42501', NULL, 'who_does_not_own_the_tables_is_refused');
SELECT throws_ok(format('SELECT gdpr.refresh_rewritten(%L, %L)', :'DBNAME', 'shop.person'), '42501', NULL, 'also_where_it_only_notes');
SET SESSION AUTHORIZATION refresh_owner;
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', :'plan'), '42501', NULL, 'an_owner_who_is_no_operator_is_refused');

-- Our own records first.
SET SESSION AUTHORIZATION refresh_night;
SELECT ok(EXISTS (SELECT FROM gdpr.refresh_records() AS r WHERE r.relation = 'gdpr_internal.consent_detail' AND r.rows = 1), 'comments_of_production_are_pointed_out');
SELECT ok(EXISTS (SELECT FROM gdpr.refresh_records() AS r WHERE r.relation = 'gdpr_internal.audit_change'), 'so_is_the_audit_log');
SELECT throws_ok(format('SELECT gdpr.refresh_forget(%L)', :'DBNAME'), '42501', NULL, 'an_operator_cannot_take_the_log_of_what_operators_do');
RESET SESSION AUTHORIZATION;
-- This test's own reads, before the worker brings them.
SELECT gdpr.drain_access() \g /dev/null
SELECT lives_ok(format('SELECT gdpr.refresh_forget(%L)', :'DBNAME'), 'they_can_be_emptied');
SELECT is((SELECT string_agg(r::text, ' ') FROM gdpr.refresh_records() AS r), NULL, 'nothing_of_production_is_left_in_them');

-- An error changes nothing.
SET SESSION AUTHORIZATION refresh_night;
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', jsonb_set(:'plan'::jsonb, '{0,columns,pay}', '"salary fake=constant(x)"')), 'PD005', NULL, 'a_column_that_cannot_take_it_stops');
RESET SESSION AUTHORIZATION;
SELECT ok(NOT EXISTS (SELECT * FROM shop.person EXCEPT SELECT * FROM kept) AND NOT EXISTS (SELECT FROM gdpr.refreshed_tables()), 'and_changes_nothing');

-- The change.
SET SESSION AUTHORIZATION refresh_night;
SELECT results_eq(format('SELECT relation::text, rows FROM gdpr.refresh_tables(%L, %L)', :'DBNAME', :'plan'),
  $$VALUES ('shop.person', 999::bigint), ('shop.call', 999::bigint)$$, 'every_row_is_changed');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT id, email, phone, born, pay, doc, free FROM shop.person EXCEPT SELECT * FROM expected', 'a_value_is_what_gdpr_anonymize_gives');
SELECT is((SELECT count(*) FROM shop.person AS p JOIN kept AS k USING (id) WHERE p.email = k.email OR p.free = k.free OR p.doc = k.doc), 0::bigint, 'no_old_value_is_left');
SELECT is((SELECT count(DISTINCT phone) FROM shop.person), 999::bigint, 'a_dense_unique_column_stays_unique');
SELECT ok((SELECT max(length(phone::text)) FROM shop.person) = 3, 'and_keeps_its_digits');
SELECT is((SELECT count(*) FROM shop.call AS c JOIN shop.person AS p ON p.id = c.boss AND p.email = c.email), 999::bigint, 'both_sides_of_a_natural_key_change_alike');
SELECT is((SELECT count(*) FROM shop.person WHERE upper_email = upper(email)), 999::bigint, 'generated_columns_follow');
SELECT is((SELECT count(*) FROM shop.history), 0::bigint, 'triggers_do_not_copy_old_values');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change), 0::bigint, 'the_audit_does_not_either');
SELECT is_empty($$(SELECT i.indexdef FROM pg_indexes AS i WHERE i.schemaname = 'shop'
  UNION ALL SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.connamespace = 'shop'::regnamespace
  UNION ALL SELECT format('%s %s %s', g.tgrelid::regclass, g.tgname, g.tgenabled) FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgrelid::regclass::text LIKE 'shop.%')
  EXCEPT ALL SELECT * FROM defined$$, 'indexes_constraints_and_triggers_are_as_before');
SELECT is((SELECT count(*) FROM defined), (SELECT (SELECT count(*) FROM pg_indexes AS i WHERE i.schemaname = 'shop') + (SELECT count(*) FROM pg_constraint AS c WHERE c.connamespace = 'shop'::regnamespace)
  + (SELECT count(*) FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgrelid::regclass::text LIKE 'shop.%')), 'all_of_them');
SELECT is(obj_description((SELECT c.oid FROM pg_constraint AS c WHERE c.conname = 'person_email'), 'pg_constraint'), 'one each', 'with_their_comments');
SELECT ok((SELECT i.indisclustered FROM pg_index AS i WHERE i.indexrelid = 'shop.person_email'::regclass), 'and_marks');
SELECT is((SELECT count(*) FROM gdpr.doctor() AS d WHERE d.object LIKE '%shop.person%' AND d.finding ~ 'dropped|disabled|switched off'), 0::bigint, 'protection_is_whole_afterwards');
UPDATE shop.person SET pay = 1 WHERE id = 9;
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change), 1::bigint, 'and_the_audit_goes_on');

-- Once.
SET SESSION AUTHORIZATION refresh_night;
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', :'plan'), '55000', 'table shop.person was anonymized in place before', 'a_table_is_treated_once');
RESET SESSION AUTHORIZATION;
SELECT lives_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', plan_of('shop.visit_1', 'shop.visit_2')), 'partitions_change_together');
SELECT is_empty('SELECT email FROM shop.visit EXCEPT SELECT email FROM shop.call', 'a_value_is_the_same_in_every_table');
SELECT throws_ok(format('SELECT gdpr.refresh_tables(%L, %L)', :'DBNAME', jsonb_build_array(jsonb_build_object('relation', 'shop.visit_1'::regclass::oid, 'columns', '{"day": "birth_date"}'::jsonb))), '55000', NULL, 'and_once_too');
SELECT * FROM finish();
