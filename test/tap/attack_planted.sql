-- SPDX-License-Identifier: PostgreSQL
-- A table's owner plants code wherever PostgreSQL lets him. Law: whatever pg_gdpr is asked to do, by
-- anybody, the code runs as that owner.
\ir lib/attack.sql
SELECT plan(36);

SELECT t.plant(p, 'attack_mallory') FROM unnest('{table_check,domain_check,domain_array,cast_to_text,cast_from_text,
  before_update,after_update,statement_update,deferred_trigger,generated,default_value,index_expression,
  index_predicate,statistics,rule_copy,view_output,view_filter,redirect_domain,key_domain,policy,
  operator_tid,operator_text}'::name[]) AS p;

CREATE SCHEMA evil AUTHORIZATION attack_mallory;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
SET SESSION AUTHORIZATION attack_mallory;
GRANT USAGE ON SCHEMA evil, mallory TO PUBLIC;

-- Declared immutable, as CHECKs and indexes want it, and still able to do anything through t.note.
CREATE FUNCTION evil.table_check(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('table_check'); END $$;
CREATE FUNCTION evil.domain_check(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('domain_check'); END $$;
CREATE FUNCTION evil.domain_array(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('domain_array'); END $$;
CREATE FUNCTION evil.redirect_domain(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('redirect_domain'); END $$;
CREATE FUNCTION evil.key_domain(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('key_domain'); END $$;
CREATE FUNCTION evil.generated(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('generated'); RETURN upper($1); END $$;
CREATE FUNCTION evil.default_value() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('default_value'); RETURN 'd'; END $$;
CREATE FUNCTION evil.index_expression(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('index_expression'); RETURN $1; END $$;
CREATE FUNCTION evil.index_predicate(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('index_predicate'); END $$;
CREATE FUNCTION evil.statistics(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('statistics'); RETURN $1; END $$;
CREATE FUNCTION evil.rule_copy(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('rule_copy'); RETURN $1; END $$;
CREATE FUNCTION evil.view_output(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('view_output'); RETURN $1; END $$;
CREATE FUNCTION evil.view_filter(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('view_filter'); END $$;
CREATE FUNCTION evil.policy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('policy'); END $$;
CREATE FUNCTION evil.trigger() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM t.note(TG_ARGV[0]);
  IF (SELECT phase <> 'setup' FROM t.phase) THEN
    PERFORM t.escalate(TG_ARGV[0]);
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION evil.tid_eq(tid, tid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('operator_tid'); RETURN tideq($1, $2); END $$;
CREATE OPERATOR evil.= (LEFTARG = tid, RIGHTARG = tid, FUNCTION = evil.tid_eq);
CREATE FUNCTION evil.text_ne(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('operator_text'); RETURN textne($1, $2); END $$;
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.text_ne);

CREATE DOMAIN mallory.mail AS text CHECK (evil.domain_check(VALUE));
CREATE DOMAIN mallory.tag AS text CHECK (evil.domain_array(VALUE));
CREATE DOMAIN mallory.pid AS int CHECK (evil.redirect_domain(VALUE));
CREATE DOMAIN mallory.id AS int CHECK (evil.key_domain(VALUE));
CREATE TYPE mallory.owner_kind AS ENUM ('mark', 'firm');
CREATE FUNCTION evil.cast_to_text(mallory.owner_kind) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('cast_to_text'); RETURN enum_out($1)::text; END $$;
CREATE CAST (mallory.owner_kind AS text) WITH FUNCTION evil.cast_to_text(mallory.owner_kind) AS ASSIGNMENT;
CREATE FUNCTION evil.cast_from_text(text) RETURNS mallory.owner_kind STABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('cast_from_text'); RETURN enum_in($1::cstring, 'mallory.owner_kind'::regtype); END $$;
CREATE CAST (text AS mallory.owner_kind) WITH FUNCTION evil.cast_from_text(text) AS ASSIGNMENT;

CREATE TABLE mallory.mark (
  id mallory.id PRIMARY KEY,
  name text CHECK (evil.table_check(name)),
  email mallory.mail UNIQUE,
  made text DEFAULT evil.default_value(),
  tags mallory.tag[],
  favourite mallory.owner_kind,
  shout text GENERATED ALWAYS AS (evil.generated(name)) STORED
);
CREATE TABLE mallory.note (id int PRIMARY KEY, mark_id mallory.pid, body text);
CREATE TABLE mallory.note_log (body text);
CREATE TABLE mallory.doc (id int PRIMARY KEY, owner_type mallory.owner_kind, owner_id varchar(20), body text);
CREATE TABLE mallory.hold_list (id int);
CREATE VIEW mallory.hold AS SELECT evil.view_output(id) AS mark_id FROM mallory.hold_list WHERE evil.view_filter(id);

INSERT INTO mallory.mark (id, name, email, tags, favourite)
  SELECT i, 'name ' || i, format('m%s@example.org', i), '{a,b}', 'mark' FROM generate_series(0, 9) AS i;
INSERT INTO mallory.note SELECT i, i, 'about name ' || i FROM generate_series(1, 9) AS i;
INSERT INTO mallory.doc SELECT i, 'mark', i, 'letter ' || i FROM generate_series(1, 9) AS i;
INSERT INTO mallory.hold_list VALUES (8);

CREATE INDEX ON mallory.mark (evil.index_expression(name));
CREATE INDEX ON mallory.mark (id) WHERE evil.index_predicate(id);
CREATE STATISTICS mallory.planted ON (evil.statistics(name)), email FROM mallory.mark;
CREATE TRIGGER b BEFORE UPDATE ON mallory.mark FOR EACH ROW EXECUTE FUNCTION evil.trigger('before_update');
CREATE TRIGGER a AFTER UPDATE ON mallory.mark FOR EACH ROW EXECUTE FUNCTION evil.trigger('after_update');
CREATE TRIGGER s AFTER UPDATE ON mallory.mark REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION evil.trigger('statement_update');
CREATE CONSTRAINT TRIGGER d AFTER UPDATE ON mallory.doc DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION evil.trigger('deferred_trigger');
CREATE RULE copy AS ON UPDATE TO mallory.note DO ALSO INSERT INTO mallory.note_log VALUES (evil.rule_copy(OLD.body));
ALTER TABLE mallory.mark ENABLE ROW LEVEL SECURITY;
ALTER TABLE mallory.mark FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mallory.mark USING (evil.policy(id));
ANALYZE mallory.mark;
RESET SESSION AUTHORIZATION;
-- His own search_path, which our work as mallory follows: even then his operators are not asked.
ALTER ROLE attack_mallory SET search_path = evil, pg_catalog, public;

-- An honest DBA trusts nobody and still gets away with it. He keeps mallory's schema on his path, too.
SELECT t.start('declare');
SET search_path = evil, mallory, public;
SELECT is(t.broken(), '', 'nothing is broken before we begin');
SELECT lives_ok($$SELECT gdpr.register_subject('mark', 'mallory.mark')$$, 'a superuser registers the planted table');
SELECT lives_ok($$SELECT gdpr.add_link('mark', 'mallory.note', '{mark_id}')$$, 'links by a planted domain');
SELECT lives_ok($$SELECT gdpr.add_link('mark', 'mallory.doc', '{owner_id}', discriminator => 'owner_type',
  discriminator_value => 'mark')$$, 'links by a discriminator with planted casts');
SELECT lives_ok($$SELECT gdpr.add_blocker('mark', 'hold', 'mallory.hold', 'mark_id')$$, 'takes a planted view for a blocker');
SELECT lives_ok($$SELECT gdpr.redirect_frozen('mark', 'mallory.note', 'mark_id', '0')$$, 'redirects into a planted domain');
SELECT lives_ok($$SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES
  ('mallory.mark', 'name', 'full_name'), ('mallory.mark', 'email', 'email'), ('mallory.mark', 'made', 'free_text'),
  ('mallory.mark', 'tags', 'free_text'), ('mallory.mark', 'favourite', 'free_text'), ('mallory.mark', 'shout', 'full_name'),
  ('mallory.note', 'body', 'free_text erase=redact'), ('mallory.doc', 'body', 'free_text')) AS x(r, c, k)$$, 'classifies the columns');
SELECT lives_ok($$SELECT gdpr.grant_bundle('operator', 'attack_op')$$, 'appoints an operator');
SELECT is(t.broken(), '', 'declaring ran planted code as mallory only');

SELECT t.start('effective_rule');
SELECT lives_ok($$SELECT gdpr.effective_rule('mallory.mark', c) FROM unnest('{name,email,made,tags,favourite}'::name[]) AS c$$,
  'a superuser asks for effective rules');
SELECT ok(t.count_of('ran', 'table_check') > 0 AND t.count_of('ran', 'domain_check') > 0, 'the planted checks were tried');
SELECT is(t.broken(), '', 'effective_rule ran planted code as mallory only');

SELECT t.start('preflight');
SELECT lives_ok($$SELECT gdpr.preflight('mark')$$, 'a superuser runs preflight');
SELECT is(t.attempt('attack_op', $$SELECT gdpr.preflight('mark')$$), '', 'the operator runs preflight');
SELECT ok(t.count_of('ran', 'before_update') > 0, 'the planted trigger ran in the trial');
SELECT is(t.broken(), '', 'preflight ran planted code as mallory only');

SELECT t.start('reports');
SELECT lives_ok($$SELECT gdpr.blockers('mark', '8')$$, 'a superuser asks what holds somebody back');
SELECT ok(t.count_of('ran', 'view_output') > 0 AND t.count_of('ran', 'view_filter') > 0, 'the planted view was read');
SELECT lives_ok($$SELECT gdpr.subject_map('mark')$$, 'a superuser draws the map');
SELECT lives_ok($$SELECT gdpr.subject_data('mark', '2')$$, 'a superuser reads everything about somebody');
SELECT lives_ok($$SELECT gdpr.unclassified('mark')$$, 'a superuser asks for unclassified columns');
SELECT lives_ok($$SELECT gdpr.export_rules()$$, 'a superuser exports the rules');
SELECT is(t.broken(), '', 'reports ran planted code as mallory only');

SELECT t.start('erase');
SELECT is(t.attempt('attack_op', $$SELECT gdpr.anonymize_subject('mark', '1', 'asked')$$), '', 'the operator erases somebody');
SELECT is((SELECT name FROM mallory.mark WHERE id = 1), 'Anonymized', 'who is anonymized');
SELECT lives_ok($$SELECT gdpr.anonymize_subject('mark', '2', 'asked')$$, 'a superuser erases somebody');
SELECT lives_ok($$SELECT gdpr.anonymize_subjects('mark', '{3,4}', 'asked')$$, 'a superuser erases two');
SELECT is(t.count_of('ran', 'operator_tid') + t.count_of('ran', 'operator_text'), 0::bigint,
  'operators planted on the owner''s search_path are not used');
SELECT is(t.broken(), '', 'erasing ran planted code as mallory only');
SELECT is((SELECT count(*) FROM gdpr.certificates WHERE reason <> 'asked'), 0::bigint, 'nobody wrote a certificate');

SELECT t.start('guard');
SELECT is(t.attempt('attack_mallory', $$INSERT INTO mallory.doc VALUES (100, 'mark', '5', 'x')$$), '', 'the guard lets a row through');
SELECT matches(t.attempt('attack_mallory', $$INSERT INTO mallory.doc VALUES (101, 'mark', '1', 'x')$$), '^PD001', 'the guard refuses a row');
SELECT is(t.attempt('attack_mallory', $$INSERT INTO mallory.note VALUES (102, 1, 'x')$$), '', 'the guard redirects a row');
SELECT is((SELECT mark_id::int FROM mallory.note WHERE id = 102), 0, 'to the suspense account');
SELECT is(t.broken(), '', 'the guard ran planted code as mallory only');

SELECT is((SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = 'attack_mallory'), false, 'mallory gained nothing');
SELECT finish();
ALTER ROLE attack_mallory RESET ALL;
ALTER ROLE attack_mallory NOSUPERUSER NOCREATEROLE;
