-- SPDX-License-Identifier: PostgreSQL
-- Fakes in place: what is refused before the first table, each with the column's name; a row's country; what belongs to one person.
SET client_min_messages = error;
SELECT plan(20);
SELECT gdpr.create_key() \g /dev/null
CREATE SCHEMA shop;
CREATE TABLE shop.person (email varchar(60) PRIMARY KEY, name text);
CREATE TABLE shop.person_old (more text) INHERITS (shop.person);
CREATE TABLE shop.note (id int PRIMARY KEY, email varchar(60) REFERENCES shop.person (email), said text);
CREATE TABLE shop.device (id int PRIMARY KEY, code varchar(8) UNIQUE, address varchar(20) UNIQUE, wide varchar(39) UNIQUE, said text);
CREATE TYPE shop.land AS ENUM ('Poland', 'France');
CREATE TABLE shop.place (id int PRIMARY KEY, country text, city text, phone text, land shop.land, town text) PARTITION BY LIST (id);
CREATE TABLE shop.place_1 PARTITION OF shop.place FOR VALUES IN (1, 2, 3, 4);
CREATE TABLE shop.shelf (id int, land shop.land, town text);
INSERT INTO shop.person VALUES ('anna@keller.de', 'Anna Keller'), ('bob@maler.de', 'Bob Maler');
INSERT INTO shop.person_old VALUES ('old@maler.de', 'Old Maler');
INSERT INTO shop.note VALUES (1, 'anna@keller.de', 'called');
INSERT INTO shop.device VALUES (1, 'A-12', '10.1.2.3', '2001:db8::1'), (2, 'B-34', '10.1.2.4', '2001:db8::2');
INSERT INTO shop.place VALUES (1, 'Germany', 'Bonn', '+33 1 42 68 53 00'), (2, 'FR ', 'Paris', '0142685300'), (3, NULL, 'Bath', '12'), (4, 'Atlantis', 'Rome', '12');
INSERT INTO shop.shelf VALUES (1, 'Poland', 'Lublin'), (2, NULL, 'Bath');
SELECT gdpr.classify('shop.person', 'email', 'email'), gdpr.classify('shop.person', 'name', 'full_name'), gdpr.classify('shop.device', 'code', 'external_id'),
  gdpr.classify('shop.device', 'address', 'ip'), gdpr.classify('shop.device', 'wide', 'ip'), gdpr.classify('shop.place', 'country', 'country'),
  gdpr.classify('shop.place', 'city', 'city fake=fake(country)'), gdpr.classify('shop.place', 'phone', 'phone fake=fake(country)'),
  gdpr.classify('shop.shelf', 'land', 'country fake=keep'), gdpr.classify('shop.shelf', 'town', 'city fake=fake(country)') \g /dev/null
SELECT gdpr.register_subject('person', 'shop.person') \g /dev/null
CREATE FUNCTION plan_of(VARIADIC relations regclass[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('relation', r::oid, 'columns', (
    SELECT jsonb_object_agg(c.column_name, gdpr.effective_rule(r, c.column_name)) FROM gdpr_internal.column_rules(r) AS c WHERE c.rule !~ 'keep')))
  FROM unnest(relations) AS r
$$;
CREATE FUNCTION check_of(plan jsonb, profile text DEFAULT 'fake') RETURNS void LANGUAGE sql AS $$ SELECT gdpr.refresh_check(current_database(), plan, profile) $$;
CREATE FUNCTION state_of(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;

-- Plans that would be noted as done while rows stay as they are.
CREATE VIEW shop.places AS SELECT * FROM shop.place;
SELECT is_empty($$SELECT plan FROM (VALUES (NULL), ('{}'), ('[1]'), ('[{"relation": 1, "columns": {"email": "email"}}]'), ('[{"relation": "shop.person", "columns": {"name": "full_name"}}]'),
    (format('[{"relation": %s, "columns": {"city": "city"}}]', 'shop.place'::regclass::oid)), (format('[{"relation": %s, "columns": {"city": "city"}}]', 'shop.places'::regclass::oid)),
    (format('[{"relation": %s, "columns": {}}]', 'shop.place_1'::regclass::oid)), (format('[{"relation": %s}]', 'shop.place_1'::regclass::oid)),
    (format('[{"relation": %1$s, "columns": {"city": "city"}}, {"relation": %1$s, "columns": {"phone": "phone"}}]', 'shop.place_1'::regclass::oid))) AS v(plan)
  WHERE state_of(format('SELECT gdpr.refresh_check(current_database(), %L)', plan)) <> '22023' OR state_of(format('SELECT gdpr.refresh_tables(current_database(), %L)', plan)) <> '22023'$$,
  'a_plan_of_anything_but_tables_with_rows_and_columns_is_refused');
SELECT is((SELECT count(*) FROM gdpr.refreshed_tables()), 0::bigint, 'and_nothing_is_noted');

-- Keys of people.
SELECT throws_ok($$SELECT check_of(plan_of('shop.person'))$$, '0A000', 'column "email" of table shop.person is a key of subject type "person"',
  'a_key_of_people_that_would_change_is_refused_before_anything_is_done');
SELECT throws_ok($$SELECT * FROM gdpr.refresh_tables(current_database(), plan_of('shop.person'))$$, '0A000', NULL, 'by_the_work_itself_too');
SELECT throws_ok($$SELECT check_of(plan_of('shop.person_old'))$$, '0A000', NULL, 'in_a_table_that_inherits_it_too');
SELECT lives_ok($$SELECT check_of(jsonb_set(plan_of('shop.person'), '{0,columns}', '{"name": "full_name"}'))$$, 'a_column_beside_the_key_may_change');
SELECT gdpr.unregister_subject('person') \g /dev/null
SELECT lives_ok($$SELECT check_of(plan_of('shop.person'))$$, 'without_records_that_are_kept_under_it_a_key_is_a_column');

-- Room.
SELECT lives_ok($$SELECT check_of(plan_of('shop.device'))$$, 'values_of_the_usual_form_have_room_in_narrow_columns');
SELECT gdpr.register_subject('device', 'shop.device') \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', f.severity, f.column_name), ', ' ORDER BY f.column_name) FROM gdpr_internal.preflight_fake('device') AS f), 'info address, info code, info wide', 'and_preflight_finds_nothing_there');
INSERT INTO shop.device VALUES (3, 'Müller-7', '2001:db8::3', '2001:0db8:0000:0000:0000:ff00:0042:8329'), (4, NULL, '10.1.2.5', NULL);
SELECT throws_ok($$SELECT check_of(plan_of('shop.device'))$$, 'PD005', NULL, 'a_value_whose_fake_has_no_room_is_found_before_the_first_table');
SELECT throws_like($$SELECT check_of(jsonb_set(plan_of('shop.device'), '{0,columns}', '{"code": "external_id unique length=8"}'))$$, '1 values of column "code" of table shop.device %', 'and_named_with_its_column');
SELECT is((SELECT string_agg(concat_ws(' ', f.severity, f.column_name, substring(f.finding FROM 'of ([0-9]+) of')), ', ' ORDER BY f.column_name)
  FROM gdpr.preflight('device') AS f WHERE f.finding ~ 'profile fake'), 'warning address 1, warning code 1, info wide', 'preflight_says_so_long_before');
SELECT throws_like($$SELECT * FROM gdpr.refresh_tables(current_database(), plan_of('shop.device'))$$, 'could not replace the values of table shop.device: a value has no room', 'an_error_in_the_middle_names_its_table');
CREATE FUNCTION shop.loud(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN IF $1 = 'Canary' THEN RETURN true; END IF; RAISE EXCEPTION 'not % but Canary', $1 USING ERRCODE = 'PD005'; END$$;
CREATE TABLE shop.quoted (name text CHECK (shop.loud(name)));
INSERT INTO shop.quoted VALUES ('Canary');
SELECT gdpr.classify('shop.quoted', 'name', 'last_name') \g /dev/null
SELECT throws_ok(format('SELECT * FROM gdpr.refresh_tables(current_database(), %L)', format('[{"relation": %s, "columns": {"name": "last_name"}}]', 'shop.quoted'::regclass::oid)), 'PD005',
  'could not replace the values of table shop.quoted: a value has no room', 'nor_does_it_repeat_what_a_check_of_the_owners_says');
SELECT is((SELECT string_agg(gdpr.fits(v, 'external_id unique length=8', p)::text, ' ' ORDER BY v, p) FROM unnest('{B-34,Müller-7}'::text[]) AS v, unnest('{fake,pseudonym}'::text[]) AS p),
  'true true false false', 'everybody_may_ask_whether_a_value_fits');

-- The row's country.
CREATE TABLE expected AS SELECT p.id, gdpr.anonymize(p.city, 'city fake=fake(country)', 'fake', NULL, p.country) AS city,
  gdpr.anonymize(p.phone, 'phone fake=fake(country)', 'fake', NULL, p.country) AS phone, gdpr.anonymize(p.city, 'city fake=fake(de)', 'fake') AS german,
  gdpr.anonymize(p.city, 'city', 'fake') AS english, p.phone AS old FROM shop.place AS p;
SELECT gdpr.refresh_tables(current_database(), plan_of('shop.place_1')) \g /dev/null
SELECT is_empty('SELECT id, city, phone FROM shop.place EXCEPT SELECT id, city, phone FROM expected', 'the_rows_country_chooses_the_locale');
SELECT is((SELECT string_agg(CASE p.city WHEN e.german THEN 'de' WHEN e.english THEN 'en' ELSE 'another' END, ' ' ORDER BY p.id) FROM shop.place AS p JOIN expected AS e USING (id)),
  'de another en en', 'german_for_germany_english_where_it_says_nothing');
SELECT ok((SELECT p.phone LIKE '+33 %' FROM shop.place AS p WHERE p.id = 1), 'but_what_the_value_itself_says_comes_first');
CREATE TABLE expected_shelf AS SELECT id, gdpr.anonymize(town, 'city fake=fake(pl)', 'fake') AS town FROM shop.shelf WHERE id = 1;
SELECT gdpr.refresh_tables(current_database(), plan_of('shop.shelf')) \g /dev/null
SELECT is((SELECT town FROM shop.shelf WHERE id = 1), (SELECT town FROM expected_shelf), 'a_country_of_an_enum_too');

-- Countries by hand: a reader''s call without a country is as before.
SELECT is(gdpr.anonymize('Bonn'::text, 'city fake=fake(country)', 'fake', NULL, NULL), gdpr.anonymize('Bonn'::text, 'city fake=fake(country)', 'fake'), 'no_country_is_english');
SELECT * FROM finish();
