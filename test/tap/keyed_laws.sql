-- SPDX-License-Identifier: PostgreSQL
-- Keyed profiles: the key they need, and what preflight says of unique columns.
SELECT plan(9);

SELECT gdpr.anonymize('anna@example.com'::text, 'email', 'fake') AS fake, gdpr.anonymize('anna@example.com'::text, 'email', 'pseudonym') AS pseudonym \gset
SELECT current_setting('gdpr.key_file') AS key_file \gset
SET gdpr.key_file = '/nonexistent/gdpr.key';
SELECT throws_ok($$SELECT gdpr.anonymize('anna@example.com'::text, 'email', 'fake')$$, '55000', 'the key file is missing', 'without the key there are no fakes');
SELECT throws_ok($$SELECT gdpr.reveal('1234567', 'phone')$$, '55000', 'the key file is missing', 'nor is anything revealed');
SELECT is(gdpr.anonymize('x'::text, 'password', 'fake'), 'Anonymized', 'a constant needs no key');
SET gdpr.key_file = '';
SELECT throws_ok($$SELECT gdpr.anonymize('anna@example.com'::text, 'email', 'fake')$$, '55000', 'no key file is configured', 'nor without a setting');
-- Another key: COPY makes files of mode 0644, which are refused before.
SELECT set_config('gdpr.key_file', :'key_file' || '.keyed_laws', false) \g /dev/null
DO $$ BEGIN EXECUTE format('COPY (SELECT repeat(''ab'', 32)) TO %L', current_setting('gdpr.key_file'));
  EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'chmod 600 ' || current_setting('gdpr.key_file')); END $$;
SELECT throws_ok($$SELECT gdpr.anonymize('anna@example.com'::text, 'email', 'fake')$$, '55000',
  'the key file holds another key than this database was made with', 'another key makes no fakes of this database');
DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm ' || current_setting('gdpr.key_file')); END $$;
RESET gdpr.key_file;
SELECT is(gdpr.anonymize('anna@example.com'::text, 'email', 'fake'), :'fake', 'with the key the fake is the same as ever');
SELECT is(gdpr.anonymize('anna@example.com'::text, 'email', 'pseudonym'), :'pseudonym', 'and so is the pseudonym');

-- Preflight.
CREATE SCHEMA crm;
CREATE TABLE crm.person (id int PRIMARY KEY, email text UNIQUE, phone varchar(20) UNIQUE, login varchar(10) UNIQUE, city varchar(10));
SELECT gdpr.register_subject('person', 'crm.person'), gdpr.classify('crm.person', 'email', 'email'), gdpr.classify('crm.person', 'phone', 'phone'),
  gdpr.classify('crm.person', 'login', 'username'), gdpr.classify('crm.person', 'city', 'city') \g /dev/null
SELECT is((SELECT string_agg(severity || ' ' || column_name || ': ' || finding, E'\n' ORDER BY severity COLLATE "C", column_name)
    FROM gdpr.preflight('person') WHERE finding ~ 'profile fake'),
  'info email: a copy with profile fake keeps it unique by 80 digest bits: that any two among 0 rows are equal has a chance below 10^-9
info phone: a copy with profile fake keeps it unique: its values are permuted
warning login: a copy with profile fake is refused: the column is unique and too short for values that stay so', 'preflight says for every unique column what profile fake can do');
SELECT ok((SELECT bool_and(hint <> '') FROM gdpr.preflight('person') WHERE finding ~ 'profile fake' AND severity = 'warning'), 'and what to do about it');
SELECT finish();
