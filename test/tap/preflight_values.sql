-- SPDX-License-Identifier: PostgreSQL
-- Laws: no finding quotes a personal value; preflight changes nothing; checks run as the table's owner.
SELECT plan(12);
SET client_min_messages = error;
DROP ROLE IF EXISTS quiet_owner;
CREATE ROLE quiet_owner;
CREATE SCHEMA quiet AUTHORIZATION quiet_owner;
SET SESSION AUTHORIZATION quiet_owner;
SET search_path = quiet, public;
CREATE TABLE seen (who text);
CREATE FUNCTION tell_check(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  -- whoever calls this with more rights than the owner's would be heard of
  IF current_user <> 'quiet_owner' THEN RAISE EXCEPTION 'called as %', current_user; END IF;
  IF $1 ~ 'Anonymized|anonymized' THEN RAISE EXCEPTION 'refused: %', $1; END IF;
  RETURN true;
END $$;
CREATE TABLE person (id int PRIMARY KEY, name text, document jsonb NOT NULL, other text NOT NULL);
INSERT INTO person SELECT i, 'Canary' || i, jsonb_build_object('name', 'Canary' || i), 'Canary' || i FROM generate_series(1, 30) AS i;
ALTER TABLE person ADD CHECK (quiet.tell_check(other)), ADD CHECK (coalesce(document ->> 'name', '') ~ 'Canary');
SELECT gdpr.classify('person', c, k) FROM (VALUES ('name', 'full_name'), ('document', 'profile_json'), ('other', 'free_text')) AS v (c, k) \g /dev/null
SELECT gdpr.register_subject('person', 'person') \g /dev/null
RESET SESSION AUTHORIZATION;

SELECT is_empty($$SELECT finding, hint FROM gdpr.preflight('person') WHERE row(finding, hint)::text ~ 'Canary'$$, 'failing checks quote no value');
SELECT is((SELECT count(*) FROM gdpr.preflight('person') WHERE severity = 'error' AND column_name = 'document'), 1::bigint,
  'a check on a document is tried on the documents there are');
SELECT is((SELECT gdpr.effective_rule('quiet.person', 'other') ~ 'erase='), true, 'a check that raises is a check that refuses: another treatment is found');
ALTER TABLE quiet.person DROP CONSTRAINT person_document_check;
SELECT is_empty($$SELECT finding FROM gdpr.preflight('person') WHERE severity = 'error'$$, 'the trial runs the checks as the owner of the table');

SET SESSION AUTHORIZATION quiet_owner;
CREATE FUNCTION quiet.tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  INSERT INTO quiet.seen VALUES (OLD.name);
  RAISE EXCEPTION USING MESSAGE = 'no, not ' || OLD.name, ERRCODE = TG_ARGV[0];
END$$;
CREATE TRIGGER tell BEFORE UPDATE ON quiet.person FOR EACH ROW EXECUTE FUNCTION quiet.tell('P0001');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr.preflight('person') WHERE severity = 'error' AND finding ~ 'P0001'), 1::bigint, 'a trigger that refuses is found by the trial');
SELECT is_empty($$SELECT finding FROM gdpr.preflight('person') WHERE finding ~ 'Canary'$$, 'and what it says is not repeated');
SET SESSION AUTHORIZATION quiet_owner;
CREATE OR REPLACE TRIGGER tell BEFORE UPDATE ON quiet.person FOR EACH ROW EXECUTE FUNCTION quiet.tell('42501');
RESET SESSION AUTHORIZATION;
SELECT is_empty($$SELECT finding FROM gdpr.preflight('person') WHERE finding ~ 'Canary'$$, 'not even under a SQLSTATE that is ours to print');

-- A sequence does not go back with the transaction: the first times another session is in the way, and then none is.
SET SESSION AUTHORIZATION quiet_owner;
CREATE SEQUENCE quiet.met;
CREATE FUNCTION quiet.meet() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  IF nextval('quiet.met') <= TG_ARGV[1]::bigint THEN RAISE EXCEPTION USING MESSAGE = 'met ' || OLD.name, ERRCODE = TG_ARGV[0]; END IF;
  RETURN NEW;
END$$;
DROP TRIGGER tell ON quiet.person;
CREATE TRIGGER meet BEFORE UPDATE ON quiet.person FOR EACH ROW EXECUTE FUNCTION quiet.meet('40P01', '3');
RESET SESSION AUTHORIZATION;
SELECT is_empty($$SELECT severity, finding FROM gdpr.preflight('person') WHERE finding ~ '40P01'$$, 'a trial that met another session is tried again');
SET SESSION AUTHORIZATION quiet_owner;
CREATE OR REPLACE TRIGGER meet BEFORE UPDATE ON quiet.person FOR EACH ROW EXECUTE FUNCTION quiet.meet('40001', '1000000');
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT severity FROM gdpr.preflight('person') WHERE finding ~ '40001'$$, ARRAY['warning'], 'and is no error of the schema, however often it does');
SELECT is_empty($$SELECT finding, hint FROM gdpr.preflight('person') WHERE row(finding, hint)::text ~ 'Canary'$$, 'nor is what was said then repeated');
SELECT is((SELECT count(*) FROM quiet.seen) + (SELECT count(*) FROM quiet.person WHERE name !~ 'Canary')
  + (SELECT count(*) FROM gdpr.certificates), 0::bigint, 'preflight changes nothing');
SELECT ok(NOT gdpr.is_frozen('person', '1'), 'and freezes nobody');
SELECT * FROM finish();
