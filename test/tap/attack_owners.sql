-- SPDX-License-Identifier: PostgreSQL
-- Several owners meet in one subject type. Law: nobody's code runs as another owner, and nobody's rights
-- are borrowed by a trigger, a cascade, an operator or an index of somebody else.
\ir lib/attack.sql
SELECT plan(28);

SELECT t.plant(p, 'attack_mallory') FROM unnest('{cast_to_text,ticket_trigger,domain_check}'::name[]) AS p;
SELECT t.plant(p, 'attack_eve') FROM unnest('{cascade,public_operator,public_function}'::name[]) AS p;
SELECT t.plant('deferred', 'attack_op');

CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA vic, mallory, eve, crm TO PUBLIC;
-- As up to PostgreSQL 14: everybody may create in public.
GRANT CREATE ON SCHEMA public TO PUBLIC;

SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, email text UNIQUE);
CREATE TABLE vic.job (id int PRIMARY KEY, client_id int REFERENCES vic.client, title text);
INSERT INTO vic.client SELECT i, 'name ' || i, i || '@example.org' FROM generate_series(1, 9) AS i;
INSERT INTO vic.job SELECT i, i, 'job of name ' || i FROM generate_series(1, 6) AS i;
GRANT REFERENCES ON vic.client TO attack_eve;
GRANT SELECT, INSERT, UPDATE ON vic.job TO attack_mallory, attack_op;
ANALYZE vic.client;

SET SESSION AUTHORIZATION attack_mallory;
CREATE TYPE mallory.kind AS ENUM ('client', 'firm');
CREATE FUNCTION mallory.kind_text(mallory.kind) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('cast_to_text'); RETURN enum_out($1)::text; END $$;
CREATE FUNCTION mallory.domain_check(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN RETURN t.note('domain_check'); END $$;
CREATE CAST (mallory.kind AS text) WITH FUNCTION mallory.kind_text(mallory.kind) AS ASSIGNMENT;
CREATE DOMAIN mallory.number AS varchar(20) CHECK (mallory.domain_check(VALUE));
CREATE TABLE mallory.ticket (id int PRIMARY KEY, owner_type mallory.kind, owner_id mallory.number, body text);
INSERT INTO mallory.ticket SELECT i, 'client', i, 'ticket ' || i FROM generate_series(1, 9) AS i;
CREATE FUNCTION mallory.ticket_trigger() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM t.note('ticket_trigger');
  -- The engine works for us here: does the guard of other tables still watch?
  IF NEW.id = 5 THEN
    UPDATE vic.job SET title = 'written behind the guard' WHERE id = 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b BEFORE UPDATE ON mallory.ticket FOR EACH ROW EXECUTE FUNCTION mallory.ticket_trigger();

SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE eve.child (id int PRIMARY KEY, client_id int REFERENCES vic.client ON DELETE CASCADE);
INSERT INTO eve.child VALUES (1, 7), (2, 8), (3, 9);
CREATE FUNCTION eve.cascade() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wish text;
BEGIN
  PERFORM t.note('cascade');
  -- PostgreSQL runs the cascade as us, in a session of the one who deleted: is that enough to speak for her?
  FOREACH wish IN ARRAY ARRAY[
    'SELECT gdpr.unregister_subject(''client'', forget_frozen => true)',
    'SELECT gdpr.drop_link(''client'', ''vic.job'', ''{client_id}'')',
    'SELECT gdpr.add_link(''client'', ''eve.child'', ''{client_id}'')',
    'SELECT gdpr.add_blocker(''client'', ''never'', ''eve.child'', ''id'')',
    'SELECT gdpr.register_subject(''stolen'', ''vic.client'')',
    'SELECT gdpr.classify(''vic.client'', ''name'', ''not_personal'')'
  ] LOOP
    BEGIN
      EXECUTE wish;
      PERFORM nextval('t.won_cascade');
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  RETURN OLD;
END $$;
CREATE TRIGGER b BEFORE DELETE ON eve.child FOR EACH ROW EXECUTE FUNCTION eve.cascade();
-- Planted where everybody may plant. Exact argument types, so that they win wherever public comes first.
CREATE FUNCTION public.tid_eq(tid, tid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN tideq($1, $2); END $$;
CREATE OPERATOR public.= (LEFTARG = tid, RIGHTARG = tid, FUNCTION = public.tid_eq);
CREATE FUNCTION public.text_ne(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN textne($1, $2); END $$;
CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.text_ne);
CREATE FUNCTION public.text_eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN texteq($1, $2); END $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.text_eq);
CREATE FUNCTION public.int_eq(int, int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN int4eq($1, $2); END $$;
CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.int_eq);
CREATE FUNCTION public.name_eq(name, name) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN nameeq($1, $2); END $$;
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.name_eq);
CREATE FUNCTION public.oid_eq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_operator'); RETURN oideq($1, $2); END $$;
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.oid_eq);
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_function'); RETURN pg_catalog.lower($1); END $$;
CREATE FUNCTION public.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_function'); RETURN QUERY SELECT pg_catalog.unnest($1); END $$;
CREATE FUNCTION public.count(anyelement) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_function'); RETURN 1; END $$;
CREATE FUNCTION public.anonymize(text, text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_function'); RETURN $1; END $$;
CREATE FUNCTION public.char_length(text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('public_function'); RETURN 1; END $$;
RESET SESSION AUTHORIZATION;

-- The worst path there is, and honest owners do have it.
ALTER ROLE attack_vic SET search_path = public, pg_catalog;
ALTER ROLE attack_mallory SET search_path = public, pg_catalog;
CREATE TABLE crm.account (id int PRIMARY KEY, client_id int, name text CHECK (length(name) < 50), UNIQUE (name));
INSERT INTO crm.account SELECT i, i, 'account ' || i FROM generate_series(1, 9) AS i;
ANALYZE crm.account;

SELECT gdpr.register_subject('client', 'vic.client');
SELECT gdpr.add_link('client', 'vic.job', '{client_id}');
SELECT gdpr.add_link('client', 'crm.account', '{client_id}');
SELECT gdpr.add_link('client', 'mallory.ticket', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'client');
SELECT gdpr.register_subject('account', 'crm.account');
SELECT gdpr.add_link('account', 'mallory.ticket', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'firm');
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('vic.client', 'name', 'full_name'), ('vic.client', 'email', 'email'),
  ('vic.job', 'title', 'free_text'), ('crm.account', 'name', 'full_name'), ('mallory.ticket', 'body', 'free_text')) AS x(r, c, k);
SELECT gdpr.grant_bundle('operator', 'attack_op');

SELECT t.start('meet');
SELECT is(t.attempt('attack_op', $$SELECT gdpr.anonymize_subject('client', '1', 'asked')$$), '', 'a person in tables of three owners leaves');
SELECT ok(t.count_of('ran', 'ticket_trigger') > 0, 'the planted trigger ran');
SELECT is(t.broken(), '', 'each owner''s code ran as that owner');
SELECT is(t.count_of('ran', 'public_operator'), 0::bigint, 'operators planted in public are not used in an owner''s name');
SELECT is(t.count_of('ran', 'public_function'), 0::bigint, 'nor are functions');
SELECT is((SELECT string_agg(DISTINCT name, ',') FROM vic.client WHERE id <= 1), 'Anonymized', 'the person is anonymized');

-- The guard reads the row of one owner and locks the row of another.
SELECT t.start('guard');
SELECT is(t.attempt('attack_mallory', $$INSERT INTO mallory.ticket VALUES (50, 'client', '2', 'x')$$), '', 'a ticket for a client of vic''s');
SELECT is(t.attempt('attack_mallory', $$INSERT INTO mallory.ticket VALUES (51, 'firm', '2', 'x')$$), '', 'a ticket for an account of the superuser''s');
SELECT matches(t.attempt('attack_mallory', $$INSERT INTO mallory.ticket VALUES (52, 'client', '1', 'x')$$), '^PD001', 'a ticket for a frozen client is refused');
SELECT is(t.broken(), '', 'the guard ran the child''s casts as the child''s owner');

-- While the engine's UPDATE of a ticket runs, its trigger writes to a frozen person's job.
SELECT t.start('behind the guard');
SELECT matches(t.attempt('attack_op', $$SELECT gdpr.anonymize_subject('client', '5', 'asked')$$), '^PD001|^$', 'a trigger writes elsewhere during an erasure');
SELECT isnt((SELECT title FROM vic.job WHERE id = 1), 'written behind the guard', 'a frozen person''s row does not change behind the guard');

SELECT t.start('cascade');
SELECT is(t.attempt('attack_vic', $$DELETE FROM vic.client WHERE id = 7$$), '', 'vic deletes a client');
SELECT lives_ok($$DELETE FROM vic.client WHERE id = 8$$, 'a superuser deletes a client');
SELECT ok(t.count_of('ran', 'cascade') > 0, 'eve''s trigger ran within the cascades');
SELECT is(t.broken(), '', 'and could not declare anything in the name of who deleted');
SELECT is((SELECT count(*) FROM gdpr.client_frozen), 1::bigint, 'the frozen are still frozen');

-- A deferred trigger that the operator's own INSERT queued fires with her rights, as it would at COMMIT.
SET SESSION AUTHORIZATION attack_vic;
CREATE FUNCTION vic.deferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('deferred'); PERFORM t.escalate('deferred'); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER d AFTER INSERT ON vic.job DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION vic.deferred();
RESET SESSION AUTHORIZATION;
SELECT t.start('deferred');
-- SET SESSION AUTHORIZATION would succeed in any trigger here, because this session is the superuser's.
UPDATE t.phase SET phase = 'deferred';
CREATE OR REPLACE FUNCTION t.escalate(place name) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  BEGIN
    PERFORM 1 FROM gdpr_internal.subject_type;
    PERFORM nextval('t.won_deferred');
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
END $$;
SELECT is(t.attempt('attack_op', $do$DO $d$ BEGIN
  INSERT INTO vic.job VALUES (70, 6, 'queued');
  PERFORM gdpr.anonymize_subject('client', '2', 'asked');
END $d$$do$), '', 'an operator with a deferred trigger in her own transaction');
SELECT is(t.count_of('ran', 'deferred'), 1::bigint, 'it fired');
SELECT is(t.broken(), '', 'as the operator, not as the owner of pg_gdpr');
SELECT is(current_user::text, 'postgres', 'and everybody is again who they were');

-- A SECURITY DEFINER function asks in the name of its owner, whoever calls it.
SELECT t.start('definer');
SET SESSION AUTHORIZATION attack_eve;
CREATE FUNCTION eve.help() RETURNS void SECURITY DEFINER LANGUAGE sql AS $$SELECT gdpr.unregister_subject('client', true)$$;
SET SESSION AUTHORIZATION attack_vic;
CREATE FUNCTION vic.help() RETURNS void SECURITY DEFINER LANGUAGE sql AS $$SELECT gdpr.classify('vic.client', 'name', 'first_name');
  SELECT gdpr.register_subject('client', 'vic.client')$$;
RESET SESSION AUTHORIZATION;
SELECT is(left(t.attempt('postgres', 'SELECT eve.help()'), 5), '42501', 'eve''s helper borrows no right of a superuser who calls it');
SELECT is(t.attempt('attack_eve', 'SELECT vic.help()'), '', 'vic''s helper declares for vic when eve calls it');
-- A rule of vic's takes rows away from the erasure: rows changed must be rows found.
CREATE RULE nothing AS ON UPDATE TO vic.job DO INSTEAD NOTHING;
SELECT is(left(t.attempt('attack_op', $$SELECT gdpr.anonymize_subject('client', '6', 'asked')$$), 5), 'PD004', 'a rule cannot keep rows back');
SELECT is((SELECT name FROM vic.client WHERE id = 6), 'name 6', 'and nothing is changed by halves');
SELECT is(left(t.attempt('attack_eve', $$SELECT gdpr.unregister_subject('client', true)$$), 5), '42501', 'eve may not unregister');
SELECT is(left(t.attempt('attack_mallory', $$SELECT gdpr.add_blocker('client', 'never', 'mallory.ticket', 'owner_id')$$), 5), '42501',
  'the owner of a linked table may not hold people back');
SELECT is((SELECT bool_or(rolsuper OR rolcreaterole) FROM pg_roles WHERE rolname ~ '^attack_'), false, 'nobody gained anything');
SELECT finish();
ALTER ROLE attack_vic RESET ALL;
ALTER ROLE attack_mallory RESET ALL;
