-- Every message once: SQLSTATE, message, detail and hint. None quotes a personal value.
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA errors;
GRANT USAGE ON SCHEMA errors TO PUBLIC;
SELECT 'CREATE ROLE regress_errors_' || r FROM unnest(ARRAY['owner', 'other']) AS r \gexec
SET search_path = errors, public;
CREATE FUNCTION say(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || '  ' || message, '  detail  ' || nullif(detail, ''), '  hint    ' || nullif(hint, ''));
END $$;
CREATE TABLE person (id int PRIMARY KEY, name text, mail text UNIQUE, born date, code text NOT NULL CHECK (code IN ('A', 'B')));
CREATE TABLE job (id int PRIMARY KEY, person_id int REFERENCES person, note text, place point, needed int NOT NULL);
CREATE TABLE part (id int PRIMARY KEY, job_id int REFERENCES job);
CREATE TABLE town (id int, person_id int, up int GENERATED ALWAYS AS (id + 1) STORED) PARTITION BY LIST (person_id);
CREATE TABLE keyless (id int, n int, double float8 NOT NULL UNIQUE, maybe int UNIQUE);
CREATE VIEW names AS SELECT id, name FROM person;
INSERT INTO person VALUES (1, 'Ann', 'ann@example.org', '1980-01-01', 'A'), (2, 'Bob', 'bob@example.org', '1981-01-01', 'B'),
  (3, 'Cid', 'cid@example.org', '1982-01-01', 'B');
INSERT INTO job VALUES (1, 2, 'ring Bob', '(1,1)', 1);

-- Rules ------------------------------------------------------------------------------------------
SELECT say(format('SELECT gdpr.check_rule(%L)', rule)) FROM unnest(ARRAY['', 'emial', 'email foo', 'email erase', 'email erase=', 'email erase=stars',
  'email erase=bogus', 'email erase=null erase=null', 'email unique unique', 'email length', 'email length=', 'email length=99999999999', 'email mask=partial',
  'email mask=partial(1', 'email mask=partial(1;2)', 'email mask=partial(1,2', 'email erase=null(1)', 'email erase=surrogate(blue)', 'email erase=constant(1',
  'email erase=constant()', 'email erase=constant(''a', E'email erase=constant(''a\tb'')', 'not_personal erase=null', 'email"unique', 'email fake=fake(', 'email fake=fake(xx)', 'email fake=noise', 'email fake=noise(0)', 'age fake=shift(36501)',
  'email mask=shift(3)',
  'email erase=constant(''' || repeat('x', 1000) || ''')']) AS rule;

-- Values -----------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.anonymize('Ann'::text, 'first_name', 'erase ')$$,
  $$SELECT gdpr.anonymize('Ann'::text, 'email unique length=9', 'fake')$$,
  $$SELECT gdpr.anonymize('Ann'::text, 'first_name unique length=9', 'pseudonym')$$,
  $$SELECT gdpr.reveal('Ann'::text, 'first_name')$$,
  $$SELECT gdpr.reveal('---'::text, 'phone')$$,
  $$SELECT gdpr.anonymize('Ann'::text, 'first_name erase=null not_null')$$,
  $$SELECT gdpr.anonymize('[1,2)'::int4range, 'age not_null')$$,
  $$SELECT gdpr.anonymize(7, 'age erase=constant(''seven'')')$$]) AS s;
SET ROLE regress_errors_other;
SELECT say($$SELECT gdpr.anonymize('Ann'::text, 'first_name', 'fake')$$);
RESET ROLE;

-- Classification ---------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SECURITY LABEL FOR gdpr ON TABLE person IS 'email'$$,
  $$SECURITY LABEL FOR gdpr ON COLUMN person.mail IS 'emial'$$,
  $$SELECT gdpr.classify('names', 'name', 'full_name')$$,
  $$SELECT gdpr.classify('person', 'nmae', 'full_name')$$,
  $$SELECT gdpr.classify('person', 'ctid', 'full_name')$$,
  $$SELECT gdpr.classify('person', NULL, 'full_name')$$,
  $$SELECT gdpr.effective_rule('person', 'nmae')$$,
  $$SELECT gdpr.effective_rule(7, 'name')$$]) AS s;
SET ROLE regress_errors_other;
SELECT say($$SELECT gdpr.classify('errors.person', 'name', 'full_name')$$);
RESET ROLE;
SELECT gdpr.classify('person', c, k) FROM (VALUES ('name', 'full_name'), ('mail', 'email'), ('code', 'title')) AS v (c, k) \g /dev/null
SELECT say($$SELECT gdpr.effective_rule('person', 'code')$$);

-- Subjects ---------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.register_subject(NULL, 'person')$$,
  $$SELECT gdpr.register_subject('per son', 'person')$$,
  $$SELECT gdpr.register_subject('person', NULL)$$,
  $$SELECT gdpr.register_subject('person', 7)$$,
  $$SELECT gdpr.register_subject('person', 'names')$$,
  $$SELECT gdpr.register_subject('person', 'keyless')$$,
  $$SELECT gdpr.register_subject('person', 'keyless', '{n}')$$,
  $$SELECT gdpr.register_subject('person', 'keyless', '{double}')$$,
  $$SELECT gdpr.register_subject('person', 'keyless', '{maybe}')$$,
  $$SELECT gdpr.register_subject('person', 'person', '{idd}')$$,
  $$SELECT gdpr.register_subject('person', 'person', '{id,id}')$$,
  $$SELECT gdpr.register_subject('person', 'person', ARRAY[NULL]::name[])$$,
  $$SELECT gdpr.anonymize_subject('person', '1', 'left')$$,
  $$SELECT gdpr.preflight(NULL)$$]) AS s;
SET ROLE regress_errors_other;
SELECT say($$SELECT gdpr.register_subject('person', 'errors.person')$$);
RESET ROLE;
SELECT gdpr.register_subject('person', 'person') \g /dev/null
SELECT say($$SELECT gdpr.register_subject('person', 'person', '{mail}')$$);

-- Links ------------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_link('person', 'job', NULL)$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id,id}')$$,
  $$SELECT gdpr.add_link('person', 'job', '{place}')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', scope => 'mine')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', on_erase => 'burn')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', scope => 'shared', on_erase => 'delete')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', discriminator => 'note')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', discriminator => 'id', discriminator_value => 'x')$$,
  $$SELECT gdpr.add_link('person', 'job', '{needed}', on_erase => 'unlink')$$,
  $$SELECT gdpr.add_link('person', 'part', '{job_id}', parent => 'job')$$,
  $$SELECT gdpr.add_link('person', 'person', '{id}')$$]) AS s;
SELECT gdpr.add_link('person', 'job', '{person_id}') \g /dev/null
SELECT gdpr.add_link('person', 'part', '{job_id}', parent => 'job') \g /dev/null
SELECT gdpr.add_link('person', 'town', '{person_id}') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_link('person', 'job', '{id}', parent => 'part', parent_columns => '{job_id}')$$,
  $$SELECT gdpr.add_link('person', 'job', '{person_id}', scope => 'shared')$$,
  $$SELECT gdpr.add_link('person', 'job', '{id}', on_erase => 'delete')$$,
  $$SELECT gdpr.drop_link('person', 'job', '{id}')$$,
  $$SELECT gdpr.drop_link('person', 'job', '{person_id}')$$]) AS s;

-- Blockers and redirects -------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_blocker('person', NULL, 'job', 'person_id')$$,
  $$SELECT gdpr.add_blocker('person', 'open jobs', 'pg_class_oid_index', 'oid')$$,
  $$SELECT gdpr.drop_blocker('person', 'open jobs')$$,
  $$SELECT gdpr.redirect_frozen('person', 'job', 'person_id', NULL)$$,
  $$SELECT gdpr.redirect_frozen('person', 'job', 'note', 'x')$$,
  $$SELECT gdpr.redirect_frozen('person', 'job', 'person_id', 'Ann')$$,
  $$SELECT gdpr.redirect_frozen('person', 'town', 'person_id', '3')$$,
  $$SELECT gdpr.drop_redirect('person', 'job', 'person_id')$$]) AS s;
CREATE TABLE made (id int PRIMARY KEY, up int GENERATED ALWAYS AS (id + 1) STORED);
SELECT gdpr.add_link('person', 'made', '{up}') \g /dev/null
SELECT say($$SELECT gdpr.redirect_frozen('person', 'made', 'up', '3')$$);
SELECT gdpr.drop_link('person', 'made', '{up}') \g /dev/null
SELECT gdpr.add_blocker('person', 'open jobs', 'job', 'person_id') \g /dev/null
SELECT gdpr.redirect_frozen('person', 'job', 'person_id', '3') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_blocker('person', 'open jobs', 'job', 'needed')$$,
  $$SELECT gdpr.redirect_frozen('person', 'job', 'person_id', '2')$$]) AS s;
SELECT gdpr.drop_redirect('person', 'job', 'person_id') \g /dev/null
CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b));
SELECT gdpr.register_subject('pair', 'pair') \g /dev/null
SELECT say($$SELECT gdpr.add_blocker('pair', 'job', 'job', 'id')$$);
SELECT gdpr.unregister_subject('pair') \g /dev/null

-- Erasure ----------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.anonymize_subject('person', '1', NULL)$$,
  $$SELECT gdpr.anonymize_subject('person', '1', 'left', unclassified => 'drop')$$,
  $$SELECT gdpr.anonymize_subject('person', NULL, 'left')$$,
  $$SELECT gdpr.anonymize_subject('person', 'Ann', 'left')$$,
  $$SELECT gdpr.anonymize_subjects('person', '{1,Ann}', 'left')$$,
  $$SELECT gdpr.subject_data('person', '9')$$,
  $$SELECT gdpr.anonymize_subject('person', '1', 'left')$$]) AS s;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT say($$SELECT gdpr.anonymize_subject('person', '1', 'left')$$);
COMMIT;
SELECT gdpr.classify('person', 'code', 'title erase=constant(''A'')') \g /dev/null
SELECT say($$SELECT gdpr.anonymize_subject('person', '1', 'left')$$);
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('person', 'born', 'birth_date'), ('job', 'note', 'free_text'), ('job', 'place', 'geo'),
  ('job', 'needed', 'not_personal'), ('town', 'id', 'not_personal')) AS v (r, c, k) \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.anonymize_subject('person', '9', 'left')$$,
  $$SELECT gdpr.anonymize_subject('person', '2', 'left')$$,
  $$SELECT gdpr.anonymize_subjects('person', '{1,2,9}', 'left')$$]) AS s;
CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.name := OLD.name; RETURN NEW; END$$;
CREATE TRIGGER put_back BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION put_back();
SELECT say($$SELECT gdpr.anonymize_subject('person', '1', 'left')$$);
DROP TRIGGER put_back ON person;
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER swallow BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT say($$SELECT gdpr.anonymize_subject('person', '1', 'left')$$);
DROP TRIGGER swallow ON person;
CREATE FUNCTION breed() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO errors.job (id, person_id, note, needed) SELECT max(id) + 1, 1, OLD.note, 1 FROM errors.job; RETURN NULL; END$$;
CREATE TRIGGER breed AFTER UPDATE ON job FOR EACH ROW EXECUTE FUNCTION breed();
INSERT INTO job VALUES (2, 1, 'ring Ann', '(1,1)', 1);
SELECT gdpr.drop_blocker('person', 'open jobs') \g /dev/null
SELECT say($$SELECT gdpr.anonymize_subject('person', '1', 'left')$$);
DROP TRIGGER breed ON job;
SELECT gdpr.anonymize_subject('person', '1', 'left') > 0 AS done;

-- Frozen -----------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.anonymize_subject('person', '1', 'left')$$,
  $$UPDATE person SET name = 'Ann' WHERE id = 1$$,
  $$INSERT INTO job VALUES (10, 1, 'ring Ann', NULL, 1)$$,
  $$DELETE FROM job WHERE person_id = 1$$,
  $$TRUNCATE job CASCADE$$,
  $$SELECT gdpr.queue_erasure('person', '1', 'left')$$,
  $$SELECT gdpr.unregister_subject('person')$$]) AS s;

-- Consent ----------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_purpose(NULL)$$,
  $$SELECT gdpr.add_purpose('Letters!')$$,
  $$SELECT gdpr.add_purpose('letters', 'because')$$,
  $$SELECT gdpr.add_purpose('letters', 'consent', kinds => '{emial}')$$,
  $$SELECT gdpr.add_purpose('letters', 'contract', validity => interval '1 year')$$,
  $$SELECT gdpr.add_purpose('letters', 'consent', validity => interval '-1 year')$$,
  $$SELECT gdpr.drop_purpose('letters')$$,
  $$SELECT gdpr.drop_purpose('administration')$$,
  $$SELECT gdpr.grant_purpose('letters', 'regress_errors_other')$$,
  $$SELECT gdpr.revoke_purpose('letters', 'regress_errors_other')$$]) AS s;
SELECT gdpr.add_purpose('letters', 'consent', marketing => true), gdpr.add_purpose('delivery', 'contract'),
  gdpr.add_purpose('research', 'legitimate_interests') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_purpose('letters', 'contract')$$,
  $$SELECT gdpr.grant_purpose('letters', 'nobody_at_all')$$,
  $$SELECT gdpr.set_consent_mode('person', 'lenient')$$,
  $$SELECT gdpr.set_consent_mode('people', 'strict')$$,
  $$SELECT gdpr.set_consent_action('person', 'refused ', 'none')$$,
  $$SELECT gdpr.set_consent_action('person', 'rejected', 'forget')$$,
  $$SELECT gdpr.set_consent_action('person', 'accepted', 'none')$$,
  $$SELECT gdpr.set_consent_action('person', 'rejected', 'none', 'delivery')$$,
  $$SELECT gdpr.add_form(NULL, 'text')$$,
  $$SELECT gdpr.add_form('The Terms', 'text')$$,
  $$SELECT gdpr.add_form('terms', '')$$,
  $$SELECT gdpr.set_consent_form('person', 'terms:1')$$,
  $$SELECT gdpr.state_alias('maybe')$$,
  $$SELECT gdpr.record_consent('person', '2', 'Accepted', 'letters', 'email')$$,
  $$SELECT gdpr.record_consent('person', '2', NULL, 'letters', 'email')$$,
  $$SELECT gdpr.record_consent('person', NULL, 'accepted', 'letters', 'email')$$,
  $$SELECT gdpr.record_consent('person', '9', 'accepted', 'letters', 'email')$$,
  $$SELECT gdpr.record_consent('person', '1', 'accepted', 'letters', 'email')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'mars', 'email')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'delivery', 'email')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'pigeon')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'prechecked')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'email', channel => 'smoke')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'email', form => 'terms:7')$$,
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'email', attachment => '\x00', attachment_uri => 'https://x')$$,
  $$SELECT gdpr.record_consent('person', '2', 'withdrawn', 'letters', 'email')$$,
  $$SELECT gdpr.require_reconsent('person', 'terms:2', 'letters')$$,
  $$SELECT gdpr.mark_all('person', NULL, 'accepted', 'letters', 'email')$$,
  $$SELECT gdpr.mark_all('person', 'names', 'withdrawn', 'letters', 'email')$$,
  $$SELECT gdpr.add_basis('person', '2', 'letters', 'consent')$$,
  $$SELECT gdpr.add_basis('person', '2', 'letters', 'contract', '2030-01-01', '2029-01-01')$$,
  $$SELECT gdpr.end_basis(0)$$,
  $$SELECT gdpr.record_objection('person', '2', 'delivery')$$,
  $$SELECT gdpr.overrule_objection('person', '2', 'letters', 'we want to')$$,
  $$SELECT gdpr.overrule_objection('person', '2', 'research', 'we must')$$,
  $$SELECT gdpr.set_country('DE', 12, true)$$,
  $$SELECT gdpr.set_person_columns('person', 'name', 'name')$$,
  $$SELECT gdpr.in_scope('person')$$,
  $$SELECT gdpr.opt_out('person', '2', 'smoke')$$,
  $$SELECT gdpr.suppress('email', '', 'asked for it')$$,
  $$SELECT gdpr.suppress('fax', '1', 'asked for it')$$,
  $$SELECT gdpr.suppress('email', '.com', 'asked for it')$$,
  $$SELECT gdpr.import_optouts_start('email', NULL, 'crc', 'a list')$$,
  $$SELECT gdpr.import_optouts_start('email', NULL, 'md5', NULL)$$,
  $$SELECT gdpr.import_optouts_start('sms', NULL, 'domain', 'a list')$$,
  $$SELECT gdpr.import_optouts_start('email', NULL, 'md5', 'a list', options => '{"dated": "yesteryear"}')$$,
  $$SELECT gdpr.import_optouts_start('email', NULL, 'md5', 'a list', options => '{"dated": "2999-12-31"}')$$,
  $$SELECT gdpr.import_optouts_chunk(0, 1, '{}')$$,
  $$SELECT gdpr.audience('person', 'mars', 'email')$$,
  $$SELECT gdpr.set_country('Nowhere', 16, true)$$,
  $$SELECT gdpr.record_campaign('person', '{2}', '', 'letters', 'email')$$,
  $$SELECT gdpr.sign_up('person', 'letters', NULL)$$,
  $$SELECT gdpr.confirm_sign_up('not a secret')$$,
  $$SELECT gdpr.attach_sign_up(0, '2')$$,
  $$SELECT gdpr.why('person', '2', 'mars')$$,
  $$SELECT gdpr.consent_record('person', '9')$$]) AS s;

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT say($$SELECT gdpr.add_purpose('later')$$);
COMMIT;
SELECT gdpr.grant_purpose('letters', 'regress_errors_other') \g /dev/null
SELECT gdpr.sign_up('person', 'letters', '{"mail": "new@example.org"}') AS secret \gset
SELECT gdpr.confirm_sign_up(:'secret') AS sign_up \gset
SELECT gdpr.opt_out('person', '3') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_purpose('later', 'consent', kinds => '{NULL}')$$,
  $$SELECT gdpr.grant_purpose('letters', NULL)$$,
  $$SELECT gdpr.grant_purpose('letters', 'regress_errors_other', campaign => true)$$,
  $$SELECT gdpr.add_basis('person', '2', 'letters', NULL)$$,
  $$SELECT gdpr.set_country('DE', NULL, true)$$,
  $$SELECT gdpr.suppress('email', NULL, 'asked for it')$$,
  $$SELECT gdpr.suppress('email', 'a@example.org', '')$$,
  $$SELECT gdpr.opt_in('person', '3', 'email')$$,
  $$SELECT gdpr.record_campaign('person', '{2}', NULL, 'letters', 'email')$$,
  $$SELECT gdpr.sign_up('person', 'letters', '[]')$$,
  $$SELECT gdpr.sign_up('person', 'letters', '{}', valid_for => '1 year')$$]) AS s;
SELECT gdpr.suppress('email', '@example.net', 'we write to nobody there') \g /dev/null
SELECT say($$SELECT gdpr.lift_suppression('email', 'a@example.net', 'asked for it')$$);
SELECT gdpr.import_optouts_start('email', NULL, 'md5', 'a list') AS list \gset
SELECT say(format($$SELECT gdpr.import_optouts_chunk(%s, NULL, NULL)$$, :'list'));
SELECT regexp_replace(say(format($$SELECT gdpr.import_optouts_chunk(%s, 1, '{}')$$, :'list')), 'run [0-9]+', 'run N');
SELECT gdpr.run_cancel(:list) \g /dev/null
SELECT gdpr.attach_sign_up(:sign_up, '3') > 0 AS attached;
SELECT say(format($$SELECT gdpr.attach_sign_up(%s, '2')$$, :'sign_up'));

-- Links in letters: what is not ours has one message, whatever it is
SELECT gdpr.consent_token('person', '2', 'letters') AS token \gset
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.consent_token('person', '9', 'letters')$$,
  $$SELECT gdpr.consent_token('person', NULL, 'letters')$$,
  $$SELECT gdpr.consent_token('person', '2', 'letters', interval '-1 day')$$,
  $$SELECT gdpr.consent_token('person', '2', 'delivery')$$,
  $$SELECT gdpr.redeem_token('', 'accepted')$$,
  $$SELECT gdpr.redeem_token(NULL, 'accepted')$$,
  $$SELECT gdpr.redeem_token('not a token', 'accepted')$$,
  $$SELECT gdpr.redeem_token(repeat('A', 1000000), 'accepted')$$,
  format($$SELECT gdpr.redeem_token(%L, 'accepted')$$, overlay(:'token' PLACING 'xx' FROM 20)),
  format($$SELECT gdpr.redeem_token(%L, 'accepted', medium => NULL)$$, :'token'),
  format($$SELECT gdpr.redeem_token(%L, 'pending')$$, :'token')]) AS s;
SELECT count(DISTINCT say(format($$SELECT gdpr.redeem_token(%L, 'accepted')$$, x))) AS distinct_messages
FROM unnest(ARRAY['', 'not a token', repeat('A', 1000000), left(:'token', 30), :'token' || 'A', reverse(:'token')]) AS x;
SELECT gdpr.redeem_token(:'token', 'accepted');
SELECT say(format($$SELECT gdpr.redeem_token(%L, 'accepted')$$, :'token'));
SELECT gdpr.redeem_token(:'token', 'withdrawn');
SELECT gdpr.redeem_token(:'token', 'withdrawn');

-- Children
CREATE TABLE pupil (id int PRIMARY KEY, born date, country text);
INSERT INTO pupil VALUES (1, current_date - interval '10 years', 'DE');
SELECT gdpr.register_subject('pupil', 'pupil') \g /dev/null
SELECT gdpr.set_person_columns('pupil', 'country', 'born') \g /dev/null
SELECT say($$SELECT gdpr.record_consent('pupil', '1', 'accepted', 'letters', 'email')$$);
SELECT gdpr.record_consent('pupil', '1', 'accepted', 'letters', 'email', guardian => 'mother') > 0 AS with_a_guardian;
SELECT say('ALTER TABLE pupil ALTER id TYPE numeric');
SELECT gdpr.unregister_subject('pupil') \g /dev/null

-- Policies ---------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$CALL gdpr.protect('people')$$,
  $$CALL gdpr.protect('person', tenant_column => 'tenant')$$,
  $$CALL gdpr.unprotect('people')$$,
  $$SELECT gdpr.create_masked_view('errors.masked', 'errors.person', 'fake')$$,
  $$SELECT gdpr.create_masked_view('errors.masked', 'errors.made', 'mask')$$,
  $$SELECT gdpr.create_masked_view('errors.names', 'errors.person', 'mask')$$,
  $$SELECT gdpr.drop_masked_view('errors.names')$$,
  $$SELECT gdpr.grant_tenant('', 'regress_errors_other')$$]) AS s;
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON job USING (true);
ALTER TABLE job DISABLE ROW LEVEL SECURITY;
SELECT say($$CALL gdpr.protect('person')$$);
DROP POLICY mine ON job;
CALL gdpr.protect('person');
GRANT USAGE ON SCHEMA errors TO regress_errors_other;
GRANT SELECT, INSERT, UPDATE ON person, job TO regress_errors_other;
SET ROLE regress_errors_other;
SELECT say('SELECT FROM errors.person');
SET gdpr.purpose = 'mars';
SELECT say('SELECT FROM errors.person');
SET gdpr.purpose = 'delivery';
SELECT say('SELECT FROM errors.person');
SET gdpr.purpose = 'letters';
SELECT say($$INSERT INTO errors.job (id, person_id, needed) VALUES (900, 2, 1)$$);
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.record_consent('person', '2', 'accepted', 'letters', 'email')$$,
  $$SELECT gdpr.audience('person', 'letters', 'email')$$,
  $$SELECT gdpr.add_purpose('mine')$$,
  $$CALL gdpr.protect('person')$$,
  $$CALL gdpr.unprotect('person')$$]) AS s;
RESET ROLE;
RESET gdpr.purpose;
SELECT say(s) FROM unnest(ARRAY[
  $$UPDATE gdpr_internal.consent_event SET state = 'accepted'$$,
  $$DELETE FROM gdpr_internal.consent_event$$,
  $$TRUNCATE gdpr_internal.consent_event$$]) AS s;
SELECT say($$UPDATE errors.person SET id = 20 WHERE id = 2$$);
CREATE TRIGGER misplaced AFTER DELETE ON keyless REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
  EXECUTE FUNCTION gdpr.forget_deleted('person');
SELECT say('DELETE FROM keyless');
DROP TRIGGER misplaced ON keyless;
CREATE TRIGGER kept BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION gdpr.keep_allowed();
SELECT say('UPDATE person SET code = code WHERE id = 2');
DROP TRIGGER kept ON person;
SELECT gdpr.create_masked_view('errors.masked', 'errors.person', 'mask') \g /dev/null
SELECT say($$SELECT gdpr.create_masked_view('errors.masked', 'errors.person', 'erase')$$);
SELECT gdpr.drop_masked_view('errors.masked') \g /dev/null
CALL gdpr.protect('person', networks => '{192.0.2.0/24}');
SET ROLE regress_errors_other;
SET gdpr.purpose = 'letters';
SELECT say('SELECT FROM errors.person');
RESET ROLE;
CALL gdpr.protect('person', networks => '{}');
ALTER TABLE person ADD tenant text;
CALL gdpr.protect('person', tenant_column => 'tenant');
SELECT gdpr.grant_tenant('north', 'regress_errors_other') \g /dev/null
SET ROLE regress_errors_other;
SELECT say('SELECT FROM errors.person');
SET gdpr.tenant = 'south';
SELECT say('SELECT FROM errors.person');
RESET ROLE;
RESET gdpr.tenant;
RESET gdpr.purpose;
CALL gdpr.unprotect('person');
SELECT gdpr.revoke_tenant('north', 'regress_errors_other') \g /dev/null
ALTER TABLE person DROP tenant;
SELECT gdpr.drop_purpose(p) FROM unnest(ARRAY['letters', 'delivery', 'research']) AS p \g /dev/null

-- Runs -------------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.run_start('person', '')$$,
  $$SELECT gdpr.run_start('person', 'left', job => 'mark')$$,
  $$SELECT gdpr.run_candidates('person', 'somewhere', NULL, 10)$$,
  $$SELECT gdpr.queue_erasure('person', '2', '')$$,
  $$SELECT gdpr.run_add_keys(0, '{1}')$$,
  $$SELECT gdpr.run_cancel(0)$$,
  $$SELECT gdpr.run_resume('person', 0)$$]) AS s;
SELECT gdpr.run_start('person', 'left') AS run \gset
SELECT regexp_replace(say(s), '(run|resume|run_cancel\() ?\d+', '\1 …', 'g') FROM unnest(ARRAY[
  format($$SELECT gdpr.run_lease(%s)$$, :run),
  format($$SELECT gdpr.run_resume('person', %s)$$, :run)]) AS s;
SELECT gdpr.run_add_keys(:run, '{2}') \g /dev/null
SELECT gdpr.run_ready(:run) \g /dev/null
SELECT regexp_replace(say(s), '(run|resume|run_cancel\() ?\d+', '\1 …', 'g') FROM unnest(ARRAY[
  $$SELECT gdpr.run_start('person', 'left')$$,
  format($$SELECT gdpr.run_work(%s, 9, 1, 1)$$, :run),
  format($$SELECT gdpr.run_fail(%s, 9, 1, 'XX000', 'x')$$, :run),
  format($$SELECT gdpr.run_work(%s, 1, 1, 2)$$, :run),
  format($$SELECT gdpr.run_slice_done(%s, 9, 1, 1)$$, :run),
  format($$SELECT gdpr.run_slice_done(%s, 1, 2, 1)$$, :run),
  format($$SELECT gdpr.run_analyze(%s, 'errors.person')$$, :run),
  format($$SELECT gdpr.run_finish(%s)$$, :run)]) AS s;
SELECT gdpr.run_cancel(:run) \g /dev/null
SELECT regexp_replace(say(s), '(run|resume|run_cancel\() ?\d+', '\1 …', 'g') FROM unnest(ARRAY[
  format($$SELECT gdpr.run_cancel(%s)$$, :run),
  format($$SELECT gdpr.run_resume('person', %s)$$, :run)]) AS s;

-- Campaigns --------------------------------------------------------------------------------------
BEGIN;
SELECT gdpr.add_purpose('campaigns'), gdpr.add_form('campaigns', 'text'), gdpr.add_form('campaigns', 'another text') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.plan_campaign('person', 'campaigns', NULL)$$,
  $$SELECT gdpr.plan_campaign('person', 'campaigns', 'campaigns:1', stages => '{10}')$$,
  $$SELECT gdpr.plan_campaign('person', 'campaigns', 'campaigns:1', stages => (SELECT array_agg(i / 2.0) FROM generate_series(1, 200) AS i))$$,
  $$SELECT gdpr.plan_campaign('person', 'campaigns', 'campaigns:1', '{"age": 7}')$$,
  $$SELECT gdpr.plan_campaign('person', 'campaigns', 'campaigns:1', chunk_rows => 0)$$,
  $$SELECT gdpr.approve_campaign(0)$$,
  $$SELECT * FROM gdpr.take_messages(0)$$]) AS s;
SELECT run AS plan FROM gdpr.plan_campaign('person', 'campaigns', 'campaigns:1') \gset
SELECT run AS other FROM gdpr.plan_campaign('person', 'campaigns', 'campaigns:1') \gset
SELECT regexp_replace(say(s), '(approve|campaign|approve_campaign\() ?\d+', '\1 …', 'g') FROM unnest(ARRAY[
  format('SELECT gdpr.approve_campaign(%s)', :plan),
  format($$SELECT gdpr.run_resume('person', %s, 'reconsent')$$, :plan)]) AS s;
UPDATE gdpr_internal.campaign SET approved_by = 'somebody', approved_at = now();
SELECT gdpr.run_resume('person', :plan, 'reconsent') \g /dev/null
SELECT say(format($$SELECT gdpr.run_resume('person', %s, 'reconsent')$$, :other));
SELECT gdpr.set_consent_form('person', 'campaigns:2', 'campaigns') \g /dev/null
SELECT regexp_replace(say(format($$SELECT gdpr.run_resume('person', %s, 'reconsent')$$, :plan)), 'campaign \d+', 'campaign …');
UPDATE gdpr_internal.campaign SET asked_from = NULL;
SELECT regexp_replace(say(format('SELECT gdpr_internal.work_reconsent(r, 1, %L) FROM gdpr_internal.run AS r WHERE run = %s', '{}', :plan)), 'run \d+', 'run …');
SELECT gdpr.run_cancel(:plan), gdpr.run_cancel(:other) \g /dev/null
ROLLBACK;

-- Retention --------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_interaction('person', 'errors.person', 'name')$$,
  $$SELECT gdpr.add_interaction('person', 'errors.keyless', 'n')$$,
  $$SELECT gdpr.drop_interaction('person', 'errors.person', 'born')$$,
  $$SELECT gdpr.set_retention('person', NULL)$$,
  $$SELECT gdpr.set_retention('person', '0 days')$$,
  $$SELECT gdpr.set_retention('person', '1 year', warn => '2 years')$$,
  $$SELECT gdpr.set_retention('person', '1 year', grace => '-1 day')$$,
  $$SELECT gdpr.set_retention('person', '1 year', action => 'burn')$$,
  $$SELECT gdpr.set_retention('person', '1 year', channel => NULL)$$,
  $$SELECT gdpr.drop_retention('person')$$,
  $$SELECT * FROM gdpr.run_retention_page('person', NULL, 10)$$]) AS s;
ALTER TABLE keyless ADD seen date;
SELECT say($$SELECT gdpr.add_interaction('person', 'errors.keyless', 'seen')$$);
ALTER TABLE keyless DROP seen;
SELECT gdpr.set_retention('person', '1 year') \g /dev/null
SELECT say($$SELECT * FROM gdpr.run_retention_page('person', NULL, 10)$$);
SELECT gdpr.drop_retention('person') \g /dev/null

-- Audit ------------------------------------------------------------------------------------------
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
SELECT gdpr.audit('parted'), gdpr.audit('job') \g /dev/null
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.audit(NULL)$$,
  $$SELECT gdpr.audit(7::regclass)$$,
  $$SELECT gdpr.audit('pg_class')$$,
  $$SELECT gdpr.audit('job', 'secrets')$$,
  $$SELECT gdpr.audit('job')$$,
  $$SELECT gdpr.unaudit('part_1')$$,
  $$SELECT gdpr.unaudit('person')$$,
  $$DROP TRIGGER zzz_gdpr_audit_insert ON job$$,
  $$SELECT gdpr_internal.require_erased(2, 1)$$,
  $$SELECT gdpr.erase_audit('person', '{2}', 'left')$$,
  $$UPDATE gdpr_internal.audit_shape SET names = names$$]) AS s;
SELECT gdpr.unaudit('parted'), gdpr.unaudit('job') \g /dev/null
DROP TABLE parted;

-- Sealing ----------------------------------------------------------------------------------------
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT say('SELECT gdpr.seal_audit()');
ROLLBACK;
SELECT say($$SELECT gdpr.run_audit('all')$$);
SELECT say($$SELECT gdpr.night_work('all')$$);
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.prove_event('one')$$,
  $$SELECT gdpr.prove_event('1:1')$$,
  $$SELECT * FROM gdpr.subject_audit('person', NULL)$$,
  $$SELECT gdpr_internal.audit_values('\x0100', '{1}', '{}', 'to')$$,
  $$CREATE TRIGGER mine AFTER DELETE ON job REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes(); DELETE FROM job WHERE false$$]) AS s;

-- Reads ------------------------------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr_internal.set_of('{1,NULL}')$$,
  $$SELECT gdpr_internal.set_of(ARRAY(SELECT generate_series(1, 1048577)))$$,
  $$SELECT gdpr_internal.set_size('\x0102ff')$$]) AS s;

-- Rights, the key, the inside --------------------------------------------------------------------
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.grant_bundle('everything', 'regress_errors_other')$$,
  $$SELECT * FROM gdpr_internal.query_as_owner(NULL, 'SELECT 1') AS t (a int)$$,
  $$SELECT * FROM gdpr_internal.query_as_owner(7, 'SELECT 1') AS t (a int)$$,
  $$SELECT gdpr_internal.latest_tids('names'::regclass, '{"(0,1)"}')$$]) AS s;
SET gdpr.key_file = '';
SELECT say('SELECT gdpr.create_key()');
SET gdpr.key_file = 'key';
SELECT say('SELECT gdpr.create_key()');
SET gdpr.key_file = '/nowhere/at/all/key';
SELECT say('SELECT gdpr.create_key()');
SELECT set_config('gdpr.key_file', current_setting('data_directory') || '/key', false) <> '';
SELECT say('SELECT gdpr.create_key()');
RESET gdpr.key_file;
SET ROLE regress_errors_other;
SELECT say(s) FROM unnest(ARRAY[
  $$SELECT gdpr.create_key()$$,
  $$SELECT gdpr.anonymize_subject('person', '2', 'left')$$,
  $$SELECT gdpr.preflight('person')$$,
  $$SELECT gdpr_internal.subject('person')$$,
  $$SELECT gdpr.add_link('person', 'errors.job', '{person_id}')$$,
  $$SELECT gdpr.unregister_subject('person')$$]) AS s;
RESET ROLE;

-- What is gone -----------------------------------------------------------------------------------
ALTER TABLE job DROP person_id;
SELECT say($$SELECT gdpr.anonymize_subject('person', '2', 'left')$$);
SET client_min_messages = warning;
DROP TABLE job CASCADE;
SET client_min_messages = error;
SELECT say($$SELECT gdpr.anonymize_subject('person', '2', 'left')$$);
GRANT CREATE ON SCHEMA errors TO regress_errors_owner;
SET ROLE regress_errors_owner;
CREATE TABLE errors.job (id int, person_id int);
RESET ROLE;
SELECT say($$SELECT gdpr.anonymize_subject('person', '2', 'left')$$);

SELECT gdpr.unregister_subject('person', forget_frozen => true) \g /dev/null
SELECT gdpr.register_subject('person', 'person', anonymization => false) \g /dev/null
SELECT say(s) FROM unnest(ARRAY[$$SELECT gdpr.anonymize_subject('person', '2', 'left')$$, $$SELECT gdpr.run_start('person', 'left')$$]) AS s;
-- In place ---------------------------------------------------------------------------------------
CREATE TABLE staged (id int PRIMARY KEY, email text);
CREATE TABLE parts (born date) PARTITION BY RANGE (born);
CREATE TABLE parts_1 PARTITION OF parts DEFAULT;
CREATE FUNCTION refresh(relation regclass, col name, rule text, database name DEFAULT current_database(), profile text DEFAULT 'fake')
RETURNS text LANGUAGE sql AS $$
  SELECT replace(say(format('SELECT gdpr.refresh_tables(%L, %L, %L)', database,
    jsonb_build_array(jsonb_build_object('relation', relation::oid, 'columns', jsonb_build_object(col, rule))), profile)), current_database(), '(here)')
$$;
SELECT refresh('staged', 'email', 'email', 'production');
SELECT refresh('staged', 'email', 'email', profile => 'erase');
SELECT refresh('parts_1', 'born', 'birth_date');
SELECT refresh('parts', 'born', 'birth_date');
SELECT refresh('person', 'id', 'external_id');
CREATE TABLE narrow AS SELECT 'Müller-7'::varchar(8) AS code;
SELECT refresh('narrow', 'code', 'external_id unique length=8');
SELECT replace(say(format('SELECT gdpr.refresh_check(%L, %L)', current_database(),
  format('[{"relation": %s, "columns": {"code": "external_id unique length=8"}}]', 'narrow'::regclass::oid))), current_database(), '(here)');
INSERT INTO staged VALUES (1, 'a@b.fr');
CREATE RULE nothing AS ON UPDATE TO staged DO INSTEAD NOTHING;
SELECT refresh('staged', 'email', 'email');
DROP RULE nothing ON staged;
SELECT refresh('staged', 'email', 'email');
SELECT refresh('staged', 'email', 'email');
SELECT gdpr.grant_bundle('operator', 'regress_errors_other') \g /dev/null
SET ROLE regress_errors_other;
SELECT refresh('staged', 'email', 'email');
SELECT say(format('SELECT gdpr.refresh_forget(%L)', current_database()));
RESET ROLE;
SELECT gdpr.revoke_bundle('operator', 'regress_errors_other') \g /dev/null
SELECT gdpr.unregister_subject('person', forget_frozen => true) \g /dev/null
DROP SCHEMA errors CASCADE;
DROP OWNED BY regress_errors_owner;
SELECT 'DROP ROLE regress_errors_' || r FROM unnest(ARRAY['owner', 'other']) AS r \gexec
