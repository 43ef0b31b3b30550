-- SPDX-License-Identifier: PostgreSQL
-- By person: whatever table, partition, child, list or document a row keeps a person's names in, its fakes are one person's.
SET client_min_messages = error;
SELECT plan(12);
CREATE SCHEMA crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, first_name text, last_name text, email text UNIQUE, login text UNIQUE);
CREATE TABLE crm.visitor (id int PRIMARY KEY, contact int, name text, mails text[]);
CREATE TABLE crm.visitor_old (shop text) INHERITS (crm.visitor);
CREATE TABLE crm.ticket (id int PRIMARY KEY, contact int, sender varchar(200)) PARTITION BY RANGE (id);
CREATE TABLE crm.ticket_1 PARTITION OF crm.ticket FOR VALUES FROM (0) TO (100);
CREATE TABLE crm.ticket_2 PARTITION OF crm.ticket FOR VALUES FROM (100) TO (1000);
CREATE TABLE crm.message (id int PRIMARY KEY, ticket int, body jsonb, raw text, head xml);
CREATE TABLE crm.nobody (id int PRIMARY KEY, name text);
INSERT INTO crm.contact SELECT n, 'Anna', 'Keller' || n, 'anna' || n || '@keller.de', 'anna' || n FROM generate_series(1, 50) AS n;
INSERT INTO crm.visitor SELECT n, n, 'Anna Keller' || n, ARRAY['anna' || n || '@keller.de', NULL, 'a' || n || '@home.de'] FROM generate_series(1, 50) AS n;
INSERT INTO crm.visitor_old SELECT 100 + n, n, 'ANNA KELLER' || n, '{}' FROM generate_series(1, 50) AS n;
INSERT INTO crm.ticket SELECT n * 10, n, 'Anna Keller' FROM generate_series(1, 50) AS n;
INSERT INTO crm.message SELECT n, n * 10, format('{"from": {"first_name": "Anna", "last_name": "Keller%1$s", "email": "anna%1$s@keller.de"}, "to": ["x"]}', n)::jsonb,
  format('{"username": "anna%s"}', n), format('<m><full_name>Anna Keller%s</full_name></m>', n)::xml FROM generate_series(1, 50) AS n;
INSERT INTO crm.nobody VALUES (1, 'Anna Keller1');
SELECT gdpr.register_subject('contact', 'crm.contact'), gdpr.add_link('contact', 'crm.visitor', '{contact}'), gdpr.add_link('contact', 'crm.ticket', '{contact}'),
  gdpr.add_link('contact', 'crm.message', '{ticket}', 'crm.ticket', '{id}') \g /dev/null
-- Rows of one table as a copy by person makes them: ONLY this table, seeded by its own links.
CREATE FUNCTION faked(relation regclass, rules jsonb) RETURNS TABLE (person text, made jsonb) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT %1$s, jsonb_build_object(%2$s) FROM ONLY %3$s AS t', coalesce(gdpr.copy_seed(relation), 'NULL::text'),
    (SELECT string_agg(format('%1$L, gdpr.anonymize(t.%1$I%2$s, %3$L, ''fake'', %4$s)', key, CASE WHEN a.atttypid = 'varchar'::regtype THEN '::text' ELSE '' END, value,
       coalesce(gdpr.copy_seed(relation), 'NULL')), ', ')
     FROM jsonb_each_text(rules) JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = key), relation);
END $$;
CREATE TABLE one AS SELECT f.person, made->>'first_name' AS first, made->>'last_name' AS last, made->>'email' AS email, made->>'login' AS login
  FROM faked('crm.contact', '{"first_name": "first_name", "last_name": "last_name", "email": "email unique", "login": "username unique"}') AS f;
CREATE FUNCTION plain(name text) RETURNS text LANGUAGE sql AS $$ SELECT lower(regexp_replace(name, '[^A-Za-z]', '', 'g')) $$;
SELECT is((SELECT count(DISTINCT (first, last)) > 40 AND count(DISTINCT email) = 50 AND count(DISTINCT login) = 50 FROM one), true, 'fifty people are fifty people');
SELECT is((SELECT count(*) FROM one WHERE email LIKE plain(first) || '.' || plain(last) || '.%' AND login LIKE plain(first) || plain(last) || '%'), 50::bigint,
  'names, e-mail and user name of a row belong together');
SELECT is((SELECT count(*) FROM faked('crm.visitor', '{"name": "full_name"}') AS f JOIN one AS o USING (person) WHERE f.made->>'name' = o.first || ' ' || o.last), 50::bigint, 'a linked table has the same name');
SELECT is((SELECT count(*) FROM faked('crm.visitor', '{"mails": "email unique"}') AS f JOIN one AS o USING (person)
    WHERE f.made->'mails'->>0 = o.email AND f.made->'mails'->>1 IS NULL AND f.made->'mails'->>2 LIKE plain(o.first) || '.' || plain(o.last) || '.%' AND f.made->'mails'->>2 <> o.email), 50::bigint,
  'a list has the same e-mail, and another one of the same name');
SELECT is((SELECT count(*) FROM faked('crm.visitor_old', '{"name": "full_name"}') AS f JOIN one AS o USING (person) WHERE f.made->>'name' = upper(o.first || ' ' || o.last)), 50::bigint, 'a child table has the same name, in its own writing');
SELECT is((SELECT count(*) FROM (SELECT * FROM faked('crm.ticket_1', '{"sender": "full_name"}') UNION ALL SELECT * FROM faked('crm.ticket_2', '{"sender": "full_name"}')) AS f
    JOIN one AS o USING (person) WHERE f.made->>'sender' = o.first || ' ' || o.last), 50::bigint, 'so have partitions');
CREATE TABLE message AS SELECT * FROM faked('crm.message', '{"body": "profile_json", "raw": "profile_json", "head": "profile_xml"}');
SELECT is((SELECT count(*) FROM message AS f JOIN one AS o USING (person) WHERE f.made#>>'{body,from,first_name}' = o.first AND f.made#>>'{body,from,last_name}' = o.last), 50::bigint, 'two hops away, in a document');
SELECT is((SELECT count(*) FROM message AS f JOIN one AS o USING (person) WHERE f.made#>>'{body,from,email}' LIKE plain(o.first) || '.' || plain(o.last) || '.%'), 50::bigint, 'with an e-mail of that name');
SELECT is((SELECT count(*) FROM message AS f JOIN one AS o USING (person) WHERE (f.made->>'raw')::jsonb->>'username' LIKE plain(o.first) || plain(o.last) || '%'), 50::bigint, 'in a document that is text');
SELECT is((SELECT count(*) FROM message AS f JOIN one AS o USING (person) WHERE f.made->>'head' = format('<m><full_name>%s %s</full_name></m>', o.first, replace(o.last, '''', '&apos;'))), 50::bigint, 'and in XML');
SELECT is(gdpr.copy_seed('crm.nobody'), NULL, 'who is nobody''s has no seed');
SELECT is((SELECT f.made->>'name' FROM faked('crm.nobody', '{"name": "full_name"}') AS f), gdpr.anonymize('Anna Keller1', 'full_name', 'fake'), 'and goes by the value');
SELECT * FROM finish();
