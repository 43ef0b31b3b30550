-- One value at a time: every type comes back in its own type, treated as the rule says.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET lc_monetary = 'C';
CREATE SCHEMA vals;
SET search_path = vals, public;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'unknown');
CREATE DOMAIN short AS text CHECK (length(value) < 8);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN mail AS citext;

-- Strings of all types come back as text --------------------------------------------------------
SELECT gdpr.anonymize('bob@example.fr', 'email') AS literal,
  gdpr.anonymize('bob@example.fr'::varchar(30), 'email') AS varchar,
  gdpr.anonymize('bob'::char(9), 'first_name') AS char,
  gdpr.anonymize('bob'::name, 'first_name') AS name,
  gdpr.anonymize('bob'::citext, 'first_name') AS citext;
SELECT pg_typeof(gdpr.anonymize('bob'::varchar(30), 'first_name')) AS varchar,
  pg_typeof(gdpr.anonymize('bob'::name, 'first_name')) AS name,
  pg_typeof(gdpr.anonymize('bob'::citext, 'first_name')) AS citext,
  pg_typeof(gdpr.anonymize('bob'::short, 'first_name')) AS domain,
  pg_typeof(gdpr.mask('bob'::mail, 'first_name')) AS domain_over_citext;
-- The facts of a column: length and uniqueness.
SELECT gdpr.anonymize('bob', 'first_name length=4') AS cut,
  length(gdpr.anonymize('bob', 'first_name unique length=9')) AS random,
  gdpr.anonymize('bob', 'first_name unique') ~ '^anonymized-[0-9a-z]+$' AS surrogate,
  gdpr.anonymize('bob@example.fr', 'email unique') ~ '^anonymized-[0-9a-z]+@anonymized\.invalid$' AS mail;
SELECT count(DISTINCT gdpr.anonymize('same', 'username unique')) FROM generate_series(1, 10000);

-- Numbers ---------------------------------------------------------------------------------------
SELECT gdpr.anonymize(7::int2, 'age') AS int2, gdpr.anonymize(7, 'age') AS int4,
  gdpr.anonymize(7::int8, 'age') AS int8, gdpr.anonymize(7.5, 'salary') AS numeric,
  gdpr.anonymize('NaN'::numeric, 'salary') AS nan, gdpr.anonymize(7.5::float4, 'salary') AS float4,
  gdpr.anonymize(7.5::float8, 'salary') AS float8, gdpr.anonymize(7.5::numeric::money, 'salary') AS money;
SELECT gdpr.anonymize(7::int2, 'age unique') < 0 AS int2, gdpr.anonymize(7, 'age unique') < 0 AS int4,
  gdpr.anonymize(7::int8, 'age unique') < 0 AS int8, gdpr.anonymize(7.5, 'age unique') < 0 AS numeric;
SELECT gdpr.generalize(47, 'age') AS age, gdpr.generalize(12345, 'salary') AS salary,
  gdpr.generalize(12345.67, 'salary') AS numeric, gdpr.generalize(12345.67::float8, 'salary') AS float8,
  gdpr.generalize(12345.67::numeric::money, 'salary') AS money;

-- Dates and times -------------------------------------------------------------------------------
SELECT gdpr.anonymize(date '1984-02-29', 'birth_date') AS date,
  gdpr.anonymize(timestamp '1984-02-29 12:34', 'birth_date') AS timestamp,
  gdpr.anonymize(timestamptz '1984-02-29 12:34+01', 'birth_date') AS timestamptz;
SELECT gdpr.anonymize(time '12:34', 'birth_date') AS time,
  gdpr.anonymize(timetz '12:34+03', 'birth_date') AS timetz,
  gdpr.anonymize(interval '3 mons 2 days 1:00', 'birth_date') AS interval;
SELECT gdpr.generalize(date '1984-02-29', 'birth_date') AS date,
  gdpr.generalize(date '1984-02-29', 'birth_date generalize=month') AS month,
  gdpr.generalize(timestamptz '1984-02-29 12:34+01', 'birth_date') AS timestamptz,
  gdpr.mask(date '1984-02-29', 'birth_date') AS mask;

-- Everything else -------------------------------------------------------------------------------
SELECT gdpr.anonymize(true, 'gender') AS boolean, gdpr.anonymize('sad'::mood, 'gender') AS enum,
  gdpr.anonymize(point '(48.85,2.35)', 'geo') AS point, gdpr.generalize(point '(48.85,2.35)', 'geo') AS coarse;
SELECT gdpr.anonymize(inet '10.1.2.3/8', 'ip') AS inet, gdpr.anonymize(inet '2001:db8::1', 'ip') AS inet6,
  gdpr.anonymize(macaddr '08:00:2b:01:02:03', 'mac') AS macaddr,
  gdpr.mask(inet '10.1.2.3', 'ip') AS mask,
  gdpr.anonymize(macaddr8 '08:00:2b:01:02:03:04:05', 'mac') AS macaddr8;
SELECT gdpr.generalize(inet '10.1.2.3', 'ip') AS inet, gdpr.generalize(cidr '10.1.2.0/28', 'ip') AS cidr,
  gdpr.generalize(inet '2001:db8:1:2::3', 'ip') AS inet6, gdpr.generalize('10.1.2.3', 'ip') AS text;
SELECT gdpr.anonymize('\x0102'::bytea, 'photo') AS bytea,
  gdpr.anonymize('6ba7b810-9dad-41d1-80b4-00c04fd430c8'::uuid, 'external_id')
    <> '6ba7b810-9dad-41d1-80b4-00c04fd430c8' AS uuid,
  gdpr.anonymize('a fat cat'::tsvector, 'search_copy') = '' AS tsvector;
SELECT gdpr.anonymize('{"name": "Bob", "tags": ["a", 1, true, null], "é": {}}'::json, 'profile_json') AS json,
  gdpr.anonymize('{"name": "Bob", "tags": ["a", 1, true, null]}'::jsonb, 'profile_json') AS jsonb;
SELECT gdpr.anonymize('<p id="7">Bob<b/></p>'::xml, 'profile_xml') AS xml;

-- Arrays: element by element, dimensions and NULLs kept -------------------------------------------
SELECT gdpr.anonymize(ARRAY[['a', NULL], ['b', 'c']], 'email') AS text,
  gdpr.anonymize('[3:4]={1,2}'::int[], 'age') AS bounds, gdpr.anonymize('{}'::text[], 'email') AS empty,
  gdpr.anonymize(ARRAY['sad', 'ok']::mood[], 'gender') AS enum,
  gdpr.mask(ARRAY['bob@example.fr', 'a@b.fr']::citext[], 'email') AS citext;
SELECT pg_typeof(gdpr.anonymize(ARRAY['a']::citext[], 'email')) AS type;

-- NULL in, NULL out; the seed may be NULL ---------------------------------------------------------
SELECT gdpr.anonymize(NULL::text, 'email') IS NULL AS value, gdpr.anonymize('x', NULL) IS NULL AS rule,
  gdpr.anonymize('x', 'email', NULL) IS NULL AS profile, gdpr.mask(NULL::int, 'age') IS NULL AS typed,
  gdpr.anonymize('x', 'email', 'erase', NULL) AS seed, gdpr.anonymize('x', 'email', seed => '7') AS seeded;

-- The rule may change from row to row -------------------------------------------------------------
SELECT r AS rule, gdpr.mask('bob@example.fr', r) AS text, gdpr.generalize(4711, r) AS number
FROM unnest(ARRAY['email', 'age', 'not_personal', 'email mask=stars', 'age']) AS r;
SELECT p AS profile, gdpr.anonymize('+33 1 23 45 67 89', 'phone', p) FROM unnest(ARRAY['mask', 'erase', 'mask']) AS p;

-- Masks never show a short value whole ------------------------------------------------------------
SELECT v AS value, gdpr.mask(v, 'email') AS email, gdpr.mask(v, 'last_name') AS last_name, gdpr.mask(v, 'iban') AS iban
FROM unnest(ARRAY['a@b.fr', 'Al', '', 'Müller', '漢字']) AS v;

-- A type without a treatment is NULL; a column that takes no NULL is an error ----------------------
SELECT gdpr.anonymize('[1,2]'::int4range, 'free_text') IS NULL AS range, gdpr.mask(B'101', 'free_text') IS NULL AS bit;
SELECT gdpr.anonymize(B'101', 'free_text not_null');
-- Results that go into a domain are checked.
SELECT gdpr.anonymize(5::positive, 'age');
SELECT gdpr.anonymize(5::positive, 'age erase=constant(''1'')');
SELECT gdpr.anonymize(ARRAY[5, 6]::positive[], 'age');

-- Redaction: detectors, and the person's own values -----------------------------------------------
SELECT gdpr.redact('Call Bob Miller at bob@example.fr', 'free_text erase=redact', ARRAY['Miller', NULL, 'bob']);
SELECT gdpr.redact('Call Bob Miller', 'free_text', ARRAY['Miller']) AS constant,
  gdpr.redact('Call bob@example.fr', 'free_text erase=redact', NULL) AS no_list,
  gdpr.redact('Al a@b.c', 'free_text erase=redact length=10', ARRAY['Al']) AS cut,
  gdpr.redact('{"note": "Bob Miller"}'::jsonb, 'profile_json erase=redact', ARRAY['Miller']) AS jsonb;

-- Mistakes ------------------------------------------------------------------------------------
SELECT gdpr.anonymize('x', 'city unique length=10', 'pseudonym');
SELECT gdpr.anonymize('x', 'email', 'hide');
SELECT gdpr.check_rule('  email   mask=stars  erase=null ');
SELECT gdpr.check_rule('email erase=shred');
SELECT gdpr.anonymize(7, 'age erase=constant(''many'')');
SELECT gdpr.anonymize(7, 'age erase=null not_null');

-- The registry ----------------------------------------------------------------------------------
SELECT count(*) AS kinds, count(*) FILTER (WHERE special) AS special, count(DISTINCT category) AS categories,
  count(*) FILTER (WHERE description = '') AS undescribed FROM gdpr.kinds;
SELECT kind, erase, mask, generalize, fake, pseudonym FROM gdpr.kinds WHERE kind IN ('email', 'birth_date', 'not_personal') ORDER BY kind;
-- Whatever a profile does less for than for others says why.
SELECT kind, fake, pseudonym, remark FROM gdpr.kinds WHERE fake <> 'fake' OR pseudonym NOT IN ('hmac', 'ff1') OR remark IS NOT NULL ORDER BY kind COLLATE "C";

-- Values in a table, by index and in parallel ------------------------------------------------------
CREATE TABLE people AS SELECT i AS id, 'p' || i || '@example.org' AS mail FROM generate_series(1, 1000) AS i;
CREATE INDEX ON people (gdpr.mask(mail, 'email'));
SELECT count(*) FROM people WHERE gdpr.anonymize(mail, 'email') = 'Anonymized';
DROP SCHEMA vals CASCADE;
