-- SPDX-License-Identifier: PostgreSQL
-- gdpr.doctor() names every road past the policies, and everything that was lost since protect. Law:
-- a finding appears when its cause does, and goes with it.
SET client_min_messages = error;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY '{doctor_owner,doctor_app,doctor_past,doctor_none,doctor_dpo}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF;
    EXECUTE format('ALTER ROLE %I NOLOGIN NOBYPASSRLS; ALTER ROLE %1$I RESET ALL', r);
  END LOOP;
END $$;
CREATE SCHEMA crm;
GRANT USAGE, CREATE ON SCHEMA crm TO doctor_owner;
GRANT USAGE ON SCHEMA crm TO doctor_app;
SELECT plan(54);

-- Findings about an object, as lines.
CREATE FUNCTION found(what text, like_finding text DEFAULT '%') RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s: %s', severity, finding), E'\n' ORDER BY finding) FROM gdpr.doctor()
  WHERE object = what AND finding LIKE like_finding
$$;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text, spent numeric, tenant text);
CREATE TABLE crm.account (id int PRIMARY KEY, contact_id int);
CREATE TABLE crm.posting (id int, contact_id int) PARTITION BY LIST (id);
CREATE TABLE crm.posting_1 PARTITION OF crm.posting FOR VALUES IN (1);
ALTER TABLE crm.contact OWNER TO doctor_owner;
ALTER TABLE crm.account OWNER TO doctor_owner;
ALTER TABLE crm.posting OWNER TO doctor_owner;
ALTER TABLE crm.posting_1 OWNER TO doctor_owner;
INSERT INTO crm.contact SELECT i, 'name', 'x@example.org', 1, 'a' FROM generate_series(1, 3) AS i;
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE severity = 'error'), 0::bigint, 'with nothing declared there is nothing amiss');
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', 'crm.account', '{contact_id}'), gdpr.add_link('contact', 'crm.posting', '{contact_id}');
SELECT matches(found('contact'), '^warning: no table of this subject type is protected', 'consent that is not enforced is a finding');
SELECT gdpr.add_purpose('letters');
SELECT gdpr.grant_purpose('letters', 'doctor_app'), gdpr.grant_purpose('letters', 'doctor_owner');
ALTER ROLE doctor_owner SET gdpr.purpose = 'letters';
ALTER ROLE doctor_app SET gdpr.purpose = 'letters';
GRANT SELECT ON crm.contact TO doctor_app;
CALL gdpr.protect('contact');
SELECT is((SELECT string_agg(format('%s %s', object, finding), E'\n') FROM gdpr.doctor() WHERE severity <> 'info'), NULL, 'a protected database is in order');

-- Lost since.
ALTER TABLE crm.contact DISABLE ROW LEVEL SECURITY;
SELECT is(found('crm.contact'), 'error: row level security was switched off since it was protected', 'row security switched off');
ALTER TABLE crm.contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.contact NO FORCE ROW LEVEL SECURITY;
SELECT is(found('crm.contact'), 'error: row level security is not forced any more: its owner sees everybody', 'FORCE lost');
ALTER TABLE crm.contact FORCE ROW LEVEL SECURITY;
SELECT gdpr.unaudit('crm.account');
SELECT is(found('crm.account'), 'warning: it is protected and its changes are not audited: somebody took its audit off', 'audit taken off');
CALL gdpr.protect('contact');
SELECT is(found('crm.contact'), NULL, 'and back');
ALTER TABLE crm.account DISABLE TRIGGER zz_gdpr_purpose_delete;
SELECT is(found('crm.account'), 'error: policies or guards were dropped, changed or disabled since it was protected', 'a guard disabled');
ALTER TABLE crm.account ENABLE TRIGGER zz_gdpr_purpose_delete;
ALTER POLICY gdpr_purpose_select ON crm.account TO doctor_app;
SELECT is(found('crm.account'), 'error: policies or guards were dropped, changed or disabled since it was protected', 'a policy for some roles only');
ALTER POLICY gdpr_purpose_select ON crm.account TO PUBLIC;
ALTER POLICY gdpr_purpose_select ON crm.account USING (true);
SELECT is(found('crm.account'), 'error: policies or guards were dropped, changed or disabled since it was protected', 'a policy that lets everything through');
DROP POLICY gdpr_purpose_select ON crm.account;
SELECT is(found('crm.account', 'policies%') IS NOT NULL OR found('crm.account', 'it was made again%') IS NOT NULL, true, 'a policy dropped');
CREATE FUNCTION crm.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CALL gdpr.protect('contact');
DROP TRIGGER zz_gdpr_forget ON crm.contact;
CREATE TRIGGER zz_gdpr_forget AFTER DELETE ON crm.contact EXECUTE FUNCTION crm.nothing();
SELECT is(found('crm.contact'), 'error: policies or guards were dropped, changed or disabled since it was protected', 'another trigger in the place of ours');
CALL gdpr.protect('contact');
SELECT is(found('crm.account'), NULL, 'protect mends all of it');
SELECT is(found('crm.contact'), NULL, 'triggers as well');
DROP TABLE crm.account;
SELECT matches(found('contact'), '^error: its declarations cannot be followed', 'a declared table that is gone');
CREATE TABLE crm.account (id int PRIMARY KEY, contact_id int);
ALTER TABLE crm.account OWNER TO doctor_owner;
SELECT isnt(found('crm.account'), NULL, 'a table made again has no policies');
CALL gdpr.protect('contact');
SELECT is(found('crm.account'), NULL, 'until it is protected again');

-- Not covered.
CREATE TABLE crm.note (id int, contact_id int);
ALTER TABLE crm.note OWNER TO doctor_owner;
SELECT gdpr.add_link('contact', 'crm.note', '{contact_id}');
SELECT is(found('crm.note'), 'error: it holds data of subject type "contact" and has no policies', 'a link that came later');
SELECT gdpr.drop_link('contact', 'crm.note', '{contact_id}');
SELECT is(found('crm.note'), NULL, 'or went');
ALTER EVENT TRIGGER gdpr_follow_ddl DISABLE;
SELECT matches(found('event trigger gdpr_follow_ddl'), '^error: it is disabled', 'an event trigger disabled');
CREATE TABLE crm.posting_2 PARTITION OF crm.posting FOR VALUES IN (2);
SELECT matches(found('crm.posting_2'), '^error: it is a partition or child of a protected table', 'a partition that came meanwhile');
ALTER EVENT TRIGGER gdpr_follow_ddl ENABLE;
DROP TABLE crm.posting_2;
SELECT is(found('event trigger gdpr_follow_ddl'), NULL, 'and enabled');
CREATE FOREIGN DATA WRAPPER doctor_fdw;
CREATE SERVER doctor_server FOREIGN DATA WRAPPER doctor_fdw;
CREATE FOREIGN TABLE crm.posting_3 PARTITION OF crm.posting FOR VALUES IN (3) SERVER doctor_server;
SELECT matches(found('crm.posting_3'), '^error: it is a foreign table', 'a foreign partition cannot have policies');
DROP FOREIGN TABLE crm.posting_3;
DROP FOREIGN DATA WRAPPER doctor_fdw CASCADE;
CALL gdpr.protect('contact', tenant_column => 'tenant');
SELECT is(found('crm.account'), 'warning: it has no column "tenant": its rows are not kept apart by tenant', 'a table that tenants share');
SELECT is(found('crm.contact'), NULL, 'one that they do not');
CALL gdpr.unprotect('contact');
CALL gdpr.protect('contact');

-- Whom no policy binds.
SELECT matches(found('role postgres'), '^info: it is a superuser', 'superusers');
ALTER ROLE doctor_past LOGIN BYPASSRLS;
SELECT is(found('role doctor_past'), NULL, 'BYPASSRLS without a right to read');
GRANT SELECT (name) ON crm.contact TO doctor_past;
SELECT is(found('role doctor_past'), 'warning: it has BYPASSRLS and may read crm.contact: no policy binds it', 'and with one, be it on one column');
ALTER ROLE doctor_past NOLOGIN;
GRANT TRUNCATE ON crm.contact TO doctor_app;
SELECT is(found('role doctor_app'), 'warning: it may TRUNCATE crm.contact: TRUNCATE asks no policy', 'TRUNCATE');
REVOKE TRUNCATE ON crm.contact FROM doctor_app;
CREATE VIEW crm.seen AS SELECT * FROM crm.contact;
SELECT matches(found('crm.seen'), '^warning: this view reads crm.contact as "postgres"', 'a superuser''s view');
CREATE VIEW crm.seen_again AS SELECT * FROM crm.seen;
ALTER VIEW crm.seen OWNER TO doctor_owner;
SELECT is(found('crm.seen'), NULL, 'somebody else''s is bound');
CREATE VIEW crm.invoker WITH (security_invoker = true) AS SELECT * FROM crm.contact;
SELECT is(found('crm.invoker'), NULL, 'so is one with security_invoker');
ALTER VIEW crm.seen OWNER TO doctor_past;
SELECT matches(found('crm.seen'), '^warning: this view reads', 'a view of a role with BYPASSRLS is not');
GRANT SELECT ON crm.contact TO doctor_past;
CREATE MATERIALIZED VIEW crm.kept AS SELECT id FROM crm.contact;
SELECT matches(found('crm.kept'), '^warning: this materialized view keeps rows of crm.contact', 'a materialized view');
CREATE MATERIALIZED VIEW crm.kept_too AS SELECT id FROM crm.seen_again;
SELECT matches(found('crm.kept_too'), '^warning: this materialized view', 'through two views');
CREATE FUNCTION crm.look() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN QUERY SELECT name FROM crm.contact; END';
SELECT matches(found('crm.look()'), '^warning: this SECURITY DEFINER function names crm.contact and runs as "postgres"', 'a superuser''s definer function');
ALTER FUNCTION crm.look() OWNER TO doctor_owner;
SELECT matches(found('crm.look()'), 'for whose purposes it reads', 'that of a role with a purpose lends it out');
ALTER FUNCTION crm.look() OWNER TO doctor_none;
SELECT is(found('crm.look()'), NULL, 'that of a role without one does not');
CREATE PUBLICATION doctor_feed FOR TABLE crm.contact;
SELECT is(found('publication doctor_feed'), 'warning: it carries every row of crm.contact to its subscribers', 'a publication');
DROP PUBLICATION doctor_feed;

-- Sessions that would be stopped.
GRANT SELECT ON crm.contact, crm.posting TO doctor_none;
SELECT is(found('role doctor_none'), 'warning: it may read crm.contact, crm.posting and has no purpose: every statement is an error', 'a role without a purpose');
SELECT gdpr.grant_purpose('letters', 'doctor_none');
SELECT matches(found('role doctor_none'), '^info: it may process for letters, and neither role nor database sets gdpr.purpose', 'one that must name it');
ALTER ROLE doctor_none SET gdpr.purpose = 'letters';
SELECT is(found('role doctor_none'), NULL, 'one that has it');
SELECT gdpr.add_purpose('calls');
SELECT is(found('purpose calls'), 'info: nobody may process for it', 'a purpose that nobody may name');
SELECT is(found('purpose administration'), NULL, 'the built-in one is no finding');

-- Indexes that policies put out of use.
CREATE INDEX plain_email ON crm.contact (email);
CREATE INDEX lower_email ON crm.contact (lower(email));
CREATE INDEX like_email ON crm.contact (email text_pattern_ops);
CREATE INDEX spent ON crm.contact (id, spent);
SELECT is(found('crm.plain_email'), NULL, 'equality of text is leakproof');
SELECT matches(found('crm.lower_email'), '^info: .*lower\(email\).* is not leakproof$', 'lower(email) is not');
SELECT matches(found('crm.like_email'), '^info: .*LIKE is not leakproof$', 'nor is LIKE');
SELECT matches(found('crm.spent'), '^info: .* filters by spent cannot use it', 'nor is numeric');
SET gdpr.purpose = 'letters';
SET ROLE doctor_app;
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; lines text := '';
BEGIN FOR r IN EXECUTE 'EXPLAIN ' || query LOOP lines := lines || r."QUERY PLAN" || E'\n'; END LOOP; RETURN lines; END $$;
SELECT matches(pg_temp.plan_of('SELECT * FROM crm.contact WHERE email = ''x'''), 'Index', 'what is no finding uses its index');
SELECT doesnt_match(pg_temp.plan_of('SELECT * FROM crm.contact WHERE lower(email) = ''x'''), 'Index Cond', 'what is a finding does not');
RESET ROLE;
RESET gdpr.purpose;

-- Records and settings.
SELECT gdpr.record_consent('contact', '1', 'accepted', medium => 'email');
SELECT gdpr.add_purpose('surveys');
SELECT matches(found('contact', '%general%'), '^info: 1 general acceptances are older than a purpose', 'a general acceptance does not cover what came later');
SET gdpr.proof_retention = '1 month';
SELECT matches(found('gdpr.proof_retention'), '^warning: the proof of an erased person''s consent is kept for', 'proofs that go too soon');
RESET gdpr.proof_retention;

-- Who may ask.
SELECT gdpr.grant_bundle('dpo', 'doctor_dpo');
SET ROLE doctor_dpo;
SELECT lives_ok('SELECT * FROM gdpr.doctor()', 'the DPO may ask');
SET ROLE doctor_app;
SELECT throws_ok('SELECT * FROM gdpr.doctor()', '42501', NULL, 'an application may not');
RESET ROLE;
SELECT * FROM finish();
