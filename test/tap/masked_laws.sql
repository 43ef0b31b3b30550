-- SPDX-License-Identifier: PostgreSQL
-- Laws of masked views: every row, cell by cell clear or treated, for whoever may read the view and
-- nothing else; what the application's policies hide stays hidden.
SET client_min_messages = error;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY '{masked_owner,masked_reader,masked_other,masked_chief}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF;
  END LOOP;
END $$;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA crm;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA crm TO masked_owner;
GRANT USAGE ON SCHEMA crm TO masked_reader, masked_other, masked_chief;
SELECT plan(66);
CREATE FUNCTION t.sees(role name, purpose text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  outcome text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('role', role, true);
  EXECUTE format('SELECT coalesce(string_agg(q::text, '' '' ORDER BY q::text), '''') FROM (%s) AS q', query) INTO outcome;
  PERFORM set_config('role', 'none', true);
  RETURN outcome;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;

CREATE TYPE crm.mood AS ENUM ('good', 'bad', 'unknown');
CREATE DOMAIN crm.short AS varchar(8) CHECK (VALUE <> 'n****');
CREATE TABLE crm.contact (
  id int PRIMARY KEY, first crm.short, email citext UNIQUE NOT NULL, born date, pay numeric(10,2), mood crm.mood, tags text[],
  facts jsonb, home inet, photo bytea, seen timestamptz, active boolean, code char(6), label text,
  whole text GENERATED ALWAYS AS (first::text || '!') STORED, twice int GENERATED ALWAYS AS (id * 2) STORED);
ALTER TABLE crm.contact OWNER TO masked_owner;
INSERT INTO crm.contact (id, first, email, born, pay, mood, tags, facts, home, photo, seen, active, code, label)
SELECT i, 'name ' || i, format('person%s@example.org', i), '1990-05-04', 4321.5, 'bad', '{likes,cats}', '{"eats": "fish"}', '10.1.2.3', 'abc', '2020-02-03', true, 'C' || i, 'blue'
FROM generate_series(1, 3) AS i;
CREATE TABLE crm.account (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), contact_id bigint, iban text);
CREATE TABLE crm.posting (id int PRIMARY KEY, account uuid, remark text);
CREATE TABLE crm.product (id int PRIMARY KEY, name text);
ALTER TABLE crm.account OWNER TO masked_owner;
ALTER TABLE crm.posting OWNER TO masked_owner;
ALTER TABLE crm.product OWNER TO masked_owner;
INSERT INTO crm.account (contact_id, iban) SELECT i, 'DE02120300000000202051' FROM generate_series(1, 3) AS i;
INSERT INTO crm.posting SELECT contact_id, id, 'paid' FROM crm.account;
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', 'crm.account', '{contact_id}');
SELECT gdpr.add_link('contact', 'crm.posting', '{account}', parent => 'crm.account');
SELECT gdpr.classify('crm.contact', c, k) FROM (VALUES ('first', 'first_name'), ('email', 'email'), ('born', 'birth_date'), ('pay', 'salary'), ('mood', 'health'),
  ('tags', 'free_text'), ('facts', 'profile_json'), ('home', 'ip'), ('photo', 'photo'), ('seen', 'health'), ('active', 'health'), ('code', 'external_id')) AS v(c, k);
SELECT gdpr.classify('crm.account', 'iban', 'iban'), gdpr.classify('crm.posting', 'remark', 'free_text');
SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('statistics', 'legitimate_interests', kinds => '{birth_date}');
SELECT gdpr.grant_purpose('letters', 'masked_reader'), gdpr.grant_purpose('statistics', 'masked_reader');
SELECT gdpr.record_consent('contact', '1', 'accepted', 'letters', medium => 'email');

-- Making one.
SET ROLE masked_owner;
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.v', 'crm.contact', 'fake')$$, '22023', NULL, 'profiles with a key are refused');
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.v', 'crm.contact', NULL)$$, '22023', NULL, 'and no profile');
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.v', 'crm.contact')$$, 'PD003', NULL, 'a column that nobody classified is refused');
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.v', 'crm.product')$$, '55000', NULL, 'a table that is nobody''s is refused');
RESET ROLE;
SELECT gdpr.classify('crm.contact', 'label', 'not_personal');
SET ROLE masked_reader;
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.v', 'crm.contact')$$, '42501', NULL, 'only the owner of the table makes one');
SET ROLE masked_owner;
SELECT throws_ok($$SELECT gdpr.create_masked_view('t.v', 'crm.contact')$$, '42501', NULL, 'where the owner may create');
SELECT lives_ok($$SELECT gdpr.create_masked_view('contact_masked', 'crm.contact')$$, 'the owner makes one beside the table');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.contact_general', 'crm.contact', 'generalize')$$, 'one with another profile');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.contact_erased', 'crm.contact', 'erase')$$, 'and another');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.account_masked', 'crm.account')$$, 'one of a linked table');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.posting_masked', 'crm.posting')$$, 'and of one that is linked to that');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.contact_masked', 'crm.contact')$$, 'the same once more is a notice');
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.contact_masked', 'crm.contact', 'erase')$$, '42710', NULL, 'a different one an error');
GRANT SELECT ON crm.contact_masked, crm.contact_general, crm.contact_erased, crm.account_masked, crm.posting_masked TO masked_reader;
RESET ROLE;
SELECT is((SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relname ~ '_(masked|general|erased)$'), 'gdpr_owner', 'the views are ours: nobody changes what they show');
SET ROLE masked_owner;
SELECT throws_ok('CREATE OR REPLACE VIEW crm.contact_masked AS SELECT * FROM crm.contact', '42501', NULL, 'not even the table''s owner');
RESET ROLE;

-- What they show.
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id FROM crm.contact'), '42501', 'a reader of the view needs no right on the table');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, first FROM crm.contact_masked'), '(1,"name 1") (2,n****) (3,n****)', 'clear for who agreed, masked for the others');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT email FROM crm.contact_masked WHERE id = 1'), '(person1@example.org)', 'each cell of the person');
SELECT is(t.sees('masked_reader', '', 'SELECT first FROM crm.contact_masked'), '(n****) (n****) (n****)', 'without a purpose everything is masked');
SELECT is(t.sees('masked_reader', 'statistics', 'SELECT id, first, born FROM crm.contact_masked'), '(1,n****,1990-05-04) (2,n****,1990-05-04) (3,n****,1990-05-04)', 'a purpose shows the kinds that it needs');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, label, twice FROM crm.contact_masked'), '(1,blue,2) (2,blue,4) (3,blue,6)', 'keys and what is not personal are clear');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, whole FROM crm.contact_masked'), '(1,"name 1!") (2,) (3,)', 'a generated column says no more than what it is made from');
SELECT unalike(t.sees('masked_reader', 'letters', 'SELECT * FROM crm.contact_masked WHERE id > 1'), '%example.org%', 'no address of the others');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT * FROM crm.contact_masked WHERE id > 1') ~ 'person[23]|name [23]|4321|fish|cats|10\.1\.2|1990|abc', false, 'nor any other value of theirs');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT * FROM crm.contact_erased WHERE id > 1') ~ 'person[23]|name [23]|4321|fish|cats|10\.1\.2|1990|abc', false, 'nor with erase');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT * FROM crm.contact_general WHERE id > 1') ~ 'person[23]|name [23]|4321\.|fish|cats|10\.1\.2\.3|1990-05|abc', false, 'nor with generalize');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT born FROM crm.contact_general WHERE id = 2'), '(1990-01-01)', 'which shows the year');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT contact_id, iban = ''DE02120300000000202051'' FROM crm.account_masked'), '(1,t) (2,f) (3,f)', 'linked rows follow their person');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, remark FROM crm.posting_masked'), '(1,paid) (2,****) (3,****)', 'two hops away');
SELECT is((SELECT string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = 'crm.contact_masked'::regclass AND a.attname IN ('email', 'pay', 'code', 'mood')),
  'email citext, pay numeric, mood crm.mood, code character(6)', 'columns keep their types, numbers without their precision');
SELECT is((SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = 'crm.contact_masked'::regclass AND a.attname = 'first'), 'character varying(8)', 'domains become what they are made of: a mask need not fit their checks');
SELECT is(t.sees('masked_other', 'letters', 'SELECT id FROM crm.contact_masked'), '42501', 'the view is granted like any other');

-- Nothing looks behind the mask.
CREATE TABLE t.caught (value text);
GRANT INSERT ON t.caught TO PUBLIC;
CREATE FUNCTION t.catch(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN INSERT INTO t.caught VALUES (value); RETURN true; END $$;
SELECT t.sees('masked_reader', 'letters', 'SELECT id FROM crm.contact_masked WHERE t.catch(first::text) AND t.catch(email::text) AND t.catch(whole)');
SELECT is((SELECT count(*) FROM t.caught WHERE value ~ 'name [23]|person[23]'), 0::bigint, 'a cheap function in a filter is given what the view shows');
SELECT is((SELECT count(*) > 0 FROM t.caught WHERE value = 'name 1'), true, 'and it was asked');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id FROM crm.contact_masked WHERE first = ''name 2'''), '', 'a filter does not find masked values');

-- Protected tables, and the application's own policies.
CALL gdpr.protect('contact');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, first FROM crm.contact_masked'), '(1,"name 1") (2,n****) (3,n****)', 'our policies let the view show everybody, masked');
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id FROM crm.posting_masked'), '(1) (2) (3)', 'two hops away as well');
CREATE VIEW crm.over AS SELECT id, first FROM crm.contact_masked;
ALTER VIEW crm.over OWNER TO masked_owner;
GRANT SELECT ON crm.over TO masked_reader;
SELECT is(t.sees('masked_reader', 'letters', 'SELECT * FROM crm.over'), '(1,"name 1") (2,n****) (3,n****)', 'a view over the view shows no more');
GRANT SELECT ON crm.contact TO masked_reader;
SELECT is(t.sees('masked_reader', 'letters', 'SELECT m.first, c.id FROM crm.contact_masked AS m JOIN crm.contact AS c USING (id)'), '("name 1",1)', 'the table beside it is as protected as ever');
SET ROLE masked_owner;
CREATE POLICY low ON crm.contact AS RESTRICTIVE FOR SELECT USING (id < 3);
SELECT throws_ok('CREATE POLICY single ON crm.contact FOR SELECT TO masked_reader USING (true)', '42501', NULL, 'a policy for a single role is refused while a masked view stands');
SELECT throws_ok('CREATE POLICY sub ON crm.contact FOR SELECT USING (id IN (SELECT contact_id FROM crm.account))', '42501', NULL, 'and one with a subquery');
SELECT throws_ok('ALTER POLICY low ON crm.contact TO masked_reader', '42501', NULL, 'or changed to one');
SELECT lives_ok('CREATE POLICY writers ON crm.contact FOR UPDATE TO masked_reader USING (true)', 'policies for changes are none of the view''s business');
RESET ROLE;
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id FROM crm.contact_masked'), '(1) (2)', 'the application''s policies hide rows of the view, too');
SET ROLE masked_owner;
CREATE POLICY sub ON crm.posting FOR DELETE TO masked_reader USING (true);
SELECT gdpr.drop_masked_view('crm.posting_masked');
CREATE POLICY single ON crm.posting FOR SELECT TO masked_reader USING (true);
SELECT throws_ok($$SELECT gdpr.create_masked_view('crm.posting_masked', 'crm.posting')$$, '42501', NULL, 'with such policies no view is made');
DROP POLICY single ON crm.posting;
RESET ROLE;

-- Changes of what it is made from; dropping.
DROP VIEW crm.over;
CREATE FUNCTION t.rights(view text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(r, ' ' ORDER BY r) FROM (
    SELECT unnest(c.relacl)::text FROM pg_class AS c WHERE c.oid = $1::regclass
    UNION ALL SELECT a.attname || ':' || unnest(a.attacl)::text FROM pg_attribute AS a WHERE a.attrelid = $1::regclass) AS x(r) $$;
SET ROLE masked_owner;
GRANT SELECT ON crm.contact_masked TO masked_chief WITH GRANT OPTION;
GRANT SELECT (id, label) ON crm.contact_masked TO masked_other;
GRANT SELECT ON crm.contact_general TO PUBLIC;
SET ROLE masked_chief;
GRANT SELECT (id) ON crm.contact_masked TO masked_reader;
RESET ROLE;
GRANT REFERENCES, TRIGGER ON crm.contact_masked TO masked_other;
CREATE FUNCTION t.holders(view text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(DISTINCT refobjid::regrole::text, ' ') FROM pg_shdepend WHERE classid = 'pg_class'::regclass AND objid = $1::regclass $$;
CREATE TABLE t.rights_before AS SELECT v AS view, t.rights(v) AS rights, t.holders(v) AS holders FROM unnest('{crm.contact_masked,crm.contact_general}'::text[]) AS v;
SELECT is((SELECT rights ~ 'masked_reader=r/masked_owner' AND rights ~ 'masked_chief=r\*/masked_owner' AND rights ~ 'id:masked_reader=r/masked_chief' FROM t.rights_before WHERE view ~ 'masked'), true, 'readers have their right from whoever granted it');
SELECT gdpr.classify('crm.contact', 'label', 'free_text');
ALTER DEFAULT PRIVILEGES FOR ROLE masked_owner GRANT INSERT ON TABLES TO masked_other;
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE object = 'crm.contact_masked' AND severity = 'warning'), 1::bigint, 'the doctor finds a view that is out of date');
SET ROLE masked_owner;
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.contact_masked', 'crm.contact')$$, 'the same call makes it anew');
SELECT lives_ok($$SELECT gdpr.create_masked_view('crm.contact_general', 'crm.contact', 'generalize')$$, 'and another of the same table');
RESET ROLE;
SELECT is(t.rights(view), rights, 'with the rights that it had, from whoever granted them: ' || view) FROM t.rights_before;
SELECT is(t.holders('crm.contact_masked'), 'gdpr_owner masked_chief masked_other masked_owner masked_reader', 'and PostgreSQL knows who has them');
SELECT is(t.holders(view), holders, 'as before: ' || view) FROM t.rights_before;
SELECT is(t.sees('masked_other', 'letters', 'SELECT id FROM crm.contact_general'), '(1) (2)', 'what everybody could read everybody can read');
SET ROLE masked_reader;
GRANT SELECT ON crm.contact_masked TO masked_other;
SELECT is(has_table_privilege('masked_other', 'crm.contact_masked', 'SELECT'), false, 'a reader who could not let others read it cannot now');
SET ROLE masked_owner;
REVOKE SELECT ON crm.contact_masked FROM masked_chief CASCADE;
RESET ROLE;
SELECT is(has_any_column_privilege('masked_chief', 'crm.contact_masked', 'SELECT'), false, 'and who granted can take back, with all that came of it');
SELECT throws_ok('DROP ROLE masked_reader', '2BP01', NULL, 'whose role cannot be dropped');
ALTER DEFAULT PRIVILEGES FOR ROLE masked_owner REVOKE INSERT ON TABLES FROM masked_other;
SELECT is(t.sees('masked_reader', 'letters', 'SELECT id, label FROM crm.contact_masked'), '(1,blue) (2,****)', 'its readers stay');
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE object = 'crm.contact_masked'), 0::bigint, 'and the doctor is content');
ALTER VIEW crm.contact_general RENAME TO contact_coarse;
SET ROLE masked_reader;
SELECT throws_ok($$SELECT gdpr.drop_masked_view('crm.contact_coarse')$$, '42501', NULL, 'a reader does not drop it');
SET ROLE masked_owner;
SELECT lives_ok($$SELECT gdpr.drop_masked_view('crm.contact_coarse')$$, 'the owner does, under its new name');
SELECT throws_ok($$SELECT gdpr.drop_masked_view('crm.contact_coarse')$$, '42704', NULL, 'once');
SELECT lives_ok($$SELECT gdpr.drop_masked_view('contact_masked'), gdpr.drop_masked_view('contact_erased'), gdpr.drop_masked_view('account_masked')$$, 'and the others');
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace = 'crm'::regnamespace AND a.grantee = 'gdpr_owner'::regrole), 0::bigint, 'no right of ours stays on the tables');
SET ROLE masked_owner;
SELECT gdpr.create_masked_view('crm.contact_masked', 'crm.contact');
RESET ROLE;
SELECT gdpr.unregister_subject('contact');
SELECT is((SELECT count(*) FROM pg_class WHERE relname = 'contact_masked'), 0::bigint, 'a subject type that goes takes its masked views along');
SELECT * FROM finish();
