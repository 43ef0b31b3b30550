-- SPDX-License-Identifier: PostgreSQL
-- What the policy tests share: eight people, three purposes, and rows about people in every shape. Roles are
-- the cluster's, so their names begin with policy_: owner owns the tables, app may newsletter and billing,
-- mail may newsletter, nobody has rights on the tables and no purpose, bypass has BYPASSRLS.
SET client_min_messages = error;
CREATE SCHEMA t;
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA t, crm TO PUBLIC;

DO $$
DECLARE
  r name;
BEGIN
  FOREACH r IN ARRAY '{policy_owner,policy_app,policy_mail,policy_nobody,policy_bypass}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', r);
    END IF;
    EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS; ALTER ROLE %1$I RESET ALL', r);
  END LOOP;
  ALTER ROLE policy_bypass BYPASSRLS;
END
$$;
GRANT CREATE, USAGE ON SCHEMA crm TO policy_owner;

-- Runs a query in a session of that role with that purpose ('' is none): its rows, in order, or the SQLSTATE.
CREATE FUNCTION t.see(role name, purpose text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before name := session_user;
  result text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('session_authorization', role, true);
  EXECUTE format('SELECT coalesce(string_agg(q.x::text, '','' ORDER BY q.x), '''') FROM (%s) AS q(x)', query) INTO result;
  PERFORM set_config('session_authorization', before, true), set_config('gdpr.purpose', '', true);
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;

-- Runs a command likewise: how many rows it concerned, or the SQLSTATE. It is rolled back.
CREATE FUNCTION t.change(role name, purpose text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  message text; detail text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('session_authorization', role, true);
  EXECUTE command;
  GET DIAGNOSTICS n = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  RAISE EXCEPTION USING ERRCODE = 'TR000', MESSAGE = n;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
  RETURN CASE SQLSTATE WHEN 'TR000' THEN message ELSE SQLSTATE END;
END
$$;

-- The whole error of a command, every field that a client gets; '' if there is none.
CREATE FUNCTION t.error(role name, purpose text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('session_authorization', role, true);
  EXECUTE command;
  RAISE EXCEPTION USING ERRCODE = 'TR000';
EXCEPTION WHEN SQLSTATE 'TR000' THEN
  RETURN '';
WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- Rows about people: by key, through a parent that is no person, in partitions, in a child table, of nobody.
SET SESSION AUTHORIZATION policy_owner;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text UNIQUE, region text);
CREATE TABLE crm.note (id int PRIMARY KEY, contact_id int REFERENCES crm.contact, body text);
CREATE TABLE crm.file (id int PRIMARY KEY, note_id int REFERENCES crm.note, content text);
CREATE TABLE crm.event (id int, contact_id int, body text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE crm.event_1 PARTITION OF crm.event FOR VALUES FROM (0) TO (50);
CREATE TABLE crm.event_2 PARTITION OF crm.event FOR VALUES FROM (50) TO (1000);
CREATE TABLE crm.task (id int PRIMARY KEY, contact_id int, body text);
CREATE TABLE crm.urgent_task (due date) INHERITS (crm.task);
INSERT INTO crm.contact SELECT i, 'Name-' || i, format('p%s@example.org', i), 'r' || i % 2 FROM generate_series(1, 8) AS i;
INSERT INTO crm.note SELECT 10 * i + j, i, format('note %s about Name-%s', j, i)
  FROM generate_series(1, 8) AS i, generate_series(0, 1) AS j;
INSERT INTO crm.note VALUES (100, NULL, 'about nobody');
INSERT INTO crm.file SELECT n.id, n.id, 'file of ' || n.body FROM crm.note AS n;
INSERT INTO crm.event SELECT n.id, n.contact_id, n.body FROM crm.note AS n;
INSERT INTO crm.task SELECT n.id, n.contact_id, n.body FROM crm.note AS n WHERE n.id % 10 = 0;
INSERT INTO crm.urgent_task SELECT n.id, n.contact_id, n.body, '2026-01-01' FROM crm.note AS n WHERE n.id % 10 = 1;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO policy_app, policy_mail, policy_nobody, policy_bypass;
ANALYZE crm.contact; ANALYZE crm.note; ANALYZE crm.file; ANALYZE crm.event; ANALYZE crm.task;
RESET SESSION AUTHORIZATION;

\o /dev/null
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', ('crm.' || r)::regclass, '{contact_id}') FROM unnest('{note,event,task}'::text[]) AS r;
SELECT gdpr.add_link('contact', 'crm.file', '{note_id}', 'crm.note', '{id}');
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('crm.contact', 'name', 'full_name'), ('crm.contact', 'email', 'email'),
  ('crm.contact', 'region', 'region'), ('crm.note', 'body', 'free_text'), ('crm.file', 'content', 'free_text'), ('crm.event', 'body', 'free_text'),
  ('crm.task', 'body', 'free_text')) AS x(r, c, k);

SELECT gdpr.add_purpose('newsletter', 'consent', 'Our letter, once a month', marketing => true);
SELECT gdpr.add_purpose('billing', 'contract', 'Invoices');
SELECT gdpr.grant_purpose('newsletter', 'policy_app');
SELECT gdpr.grant_purpose('billing', 'policy_app');
SELECT gdpr.grant_purpose('newsletter', 'policy_mail');
SELECT gdpr.grant_purpose('administration', 'policy_app');

-- 1 and 8 accepted, 2 rejected, 3 withdrew, 4 was never asked, 5 objects, 6 is restricted, 7 has a basis of his own.
-- newsletter: 1 7 8, billing: all but 6, administration: all.
SELECT gdpr.record_consent('contact', p::text, 'accepted', 'newsletter', medium => 'email') FROM unnest('{1,3,5,6,8}'::int[]) AS p;
SELECT gdpr.record_consent('contact', '2', 'rejected', 'newsletter', medium => 'email');
SELECT gdpr.record_consent('contact', '3', 'withdrawn', 'newsletter', medium => 'click');
SELECT gdpr.record_objection('contact', '5', 'newsletter', 'no letters');
SELECT gdpr.restrict('contact', '6', 'in dispute');
SELECT gdpr.add_basis('contact', '7', 'newsletter', 'legitimate_interests');
\o
