-- Profiles fake and pseudonym, in SQL: what they take, what they keep, what can be turned back.
\set VERBOSITY terse
CREATE SCHEMA keyed;
SET search_path = keyed, public;

-- The same key and value: the same, whatever else is called and however often.
SELECT count(DISTINCT gdpr.anonymize('anna@firma.de'::text, 'email', 'fake')) AS fakes,
  count(DISTINCT gdpr.anonymize('anna@firma.de'::text, 'email', 'pseudonym')) AS pseudonyms FROM generate_series(1, 100);
-- Another value another one, another person another one; a person's own is the same for every value.
SELECT gdpr.anonymize('a@x.de'::text, 'email', 'fake') <> gdpr.anonymize('b@x.de'::text, 'email', 'fake') AS by_value,
  gdpr.anonymize('a@x.de'::text, 'email', 'fake', '1') <> gdpr.anonymize('a@x.de'::text, 'email', 'fake', '2') AS by_person,
  gdpr.anonymize('a@x.de'::text, 'email', 'fake', '1') = gdpr.anonymize('b@x.de'::text, 'email', 'fake', '1') AS of_person,
  gdpr.anonymize('a@x.de'::text, 'email unique', 'fake', '1') <> gdpr.anonymize('b@x.de'::text, 'email unique', 'fake', '1') AS unique_of_person;
SELECT gdpr.anonymize(NULL::text, 'email', 'fake') IS NULL AS null, gdpr.anonymize(''::text, 'email', 'fake') = '' AS empty,
  gdpr.anonymize('x'::text, 'not_personal', 'fake') AS kept, gdpr.anonymize('x'::text, 'password', 'fake') AS constant,
  gdpr.anonymize('x'::text, 'email fake=null', 'fake') IS NULL AS nulled;
-- Every kind has a fake and a pseudonym of every type; a unique one fits 60 characters.
CREATE FUNCTION treats(kind text, profile text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r text := kind || ' unique length=60';
BEGIN
  PERFORM gdpr.anonymize('Some 1234 text, DE89 3704'::text, r, profile), gdpr.anonymize(1234567, kind, profile),
    gdpr.anonymize(1234567.89, kind, profile), gdpr.anonymize(12.5::float8, kind, profile), gdpr.anonymize('1980-05-17'::date, kind, profile),
    gdpr.anonymize('1980-05-17 12:00'::timestamptz, kind, profile), gdpr.anonymize('12:00'::time, kind, profile),
    gdpr.anonymize('1 day'::interval, kind, profile), gdpr.anonymize(true, kind, profile), gdpr.anonymize('10.1.2.3'::inet, kind, profile),
    gdpr.anonymize('10.1.2.0/24'::cidr, kind, profile), gdpr.anonymize('08:00:2b:01:02:03'::macaddr, kind, profile),
    gdpr.anonymize('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, kind, profile), gdpr.anonymize('\x0102'::bytea, kind, profile),
    gdpr.anonymize('{"a": "b"}'::jsonb, kind, profile), gdpr.anonymize('<a>b</a>'::xml, kind, profile),
    gdpr.anonymize(to_tsvector('simple', 'b'), kind, profile), gdpr.anonymize('(1,2)'::point, kind, profile),
    gdpr.anonymize(ARRAY['a', NULL, ''], kind, profile), gdpr.anonymize('[1,2)'::int4range, kind, profile);
  RETURN 'treated';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT p AS profile, treats(k.kind, p) AS outcome, count(*), CASE WHEN count(*) < 20 THEN array_agg(k.kind) END AS kinds
FROM gdpr.kinds AS k, unnest(ARRAY['fake', 'pseudonym']) AS p GROUP BY 1, 2 ORDER BY 1, 2;
SELECT gdpr.anonymize('a@b.de'::varchar(10), 'email unique length=10', 'fake');
SELECT gdpr.anonymize('Bonn'::text, 'city unique length=10', 'pseudonym');

-- What ff1 makes is turned back, in every spelling; nothing else is.
SELECT id, gdpr.reveal(gdpr.anonymize(id, 'national_id', 'pseudonym'), 'national_id') = id AS revealed,
  regexp_replace(gdpr.anonymize(id, 'national_id', 'pseudonym'), '[A-Za-z0-9]', 'x', 'g') = regexp_replace(id, '[A-Za-z0-9]', 'x', 'g') AS same_form,
  gdpr.anonymize(id, 'national_id', 'pseudonym') <> id AS another
FROM unnest(ARRAY['123-45-6789', 'BE 71 0961 2345 6769', 'be71096123456769', 'X7 y9 Z1', '+49 (30) 901820']) AS id;
SELECT gdpr.reveal(gdpr.anonymize('4111 1111 1111 1111'::text, 'card_number', 'pseudonym'), 'passport') <> '4111 1111 1111 1111' AS another_kind;
SELECT gdpr.reveal('x', 'email');
SELECT gdpr.reveal('x', 'email pseudonym=ff1') IS NOT NULL AS by_rule;
SELECT gdpr.reveal(NULL, 'phone') IS NULL AS null, gdpr.reveal('', 'phone') = '' AS empty;
-- Short ones are a permutation of their form.
SELECT count(DISTINCT gdpr.anonymize(to_char(i, 'FM0000'), 'passport', 'pseudonym')) FROM generate_series(0, 9999) AS i;

-- Locales.
SELECT c, gdpr.locale_of(c) FROM unnest(ARRAY['DE', 'Deutschland', 'DEU', '+49', 'United Kingdom', 'España', 'POLSKA', 'BR', 'Atlantis', '']) AS c;
SELECT rule, gdpr.check_rule(rule) FROM unnest(ARRAY['city fake=fake(de)', 'city fake=fake( country )', 'birth_date fake=shift(30) pseudonym=shift(30)',
  'salary fake=noise(5)', 'salary fake=bucket(100)', 'city fake=fake']) AS rule;
-- Without a row there is no country to choose by.
SELECT gdpr.anonymize('Bonn'::text, 'city fake=fake(country)', 'fake') = gdpr.anonymize('Bonn'::text, 'city', 'fake') AS same;

-- What uniqueness costs.
SELECT rule, t::regtype, r.how, r.bits >= 80 AS bits FROM (VALUES
  ('email unique', 'text'), ('email unique length=20', 'varchar'), ('email unique length=60', 'varchar'), ('phone unique length=20', 'text'),
  ('external_id unique', 'int8'), ('city unique', 'text'), ('city', 'text'), ('password unique', 'text'), ('birth_date unique', 'date')) AS v (rule, t),
  gdpr_internal.fake_room(v.rule, v.t::regtype, -1) AS r;
SELECT how FROM gdpr_internal.fake_room('email unique', 'varchar', 4 + 20);
DROP SCHEMA keyed CASCADE;
