-- SPDX-License-Identifier: PostgreSQL
-- The table of kinds and profiles: every cell says what is done, does what it says, and where that is less than a fake, why.
SET client_min_messages = error;
SELECT plan(13);
CREATE TABLE cell AS SELECT k.kind, p.profile, p.treatment, k.remark FROM gdpr.kinds AS k,
  LATERAL (VALUES ('erase', k.erase), ('mask', k.mask), ('generalize', k.generalize), ('fake', k.fake), ('pseudonym', k.pseudonym)) AS p(profile, treatment);
SELECT is((SELECT count(*) FROM cell), 5 * (SELECT count(*) FROM gdpr.kinds), 'five profiles for each kind');
SELECT is_empty($$SELECT kind, profile FROM cell WHERE coalesce(treatment, '') = '' AND coalesce(remark, '') = ''$$, 'no cell is empty without a reason');
SELECT is_empty($$SELECT kind, profile FROM cell WHERE profile IN ('fake', 'pseudonym') AND treatment NOT IN ('fake', 'hmac', 'ff1') AND coalesce(remark, '') !~ '^[A-Z].{20,}[a-z]$'$$,
  'whatever is less than a fake or a pseudonym carries its reason');
SELECT is_empty($$SELECT kind FROM gdpr.kinds WHERE coalesce(remark, '') <> '' AND fake = 'fake' AND pseudonym IN ('hmac', 'ff1')$$, 'and nothing else does');
-- What a cell says is what a rule may say, and does the same.
SELECT is((SELECT count(*) FROM cell WHERE gdpr.check_rule(format('%s %s=%s', kind, profile, treatment)) IS NOT NULL), (SELECT count(*) FROM cell), 'each cell can be written into a rule');
CREATE TABLE sample (v text);
INSERT INTO sample VALUES ('Anna Keller'), ('1980-05-17'), ('54321.50'), ('41'), ('DE89370400440532013000'), ('anna.keller@firma.de'), ('+49 170 1234567'), ('');
-- Surrogates are random; what erase does by default is not.
CREATE FUNCTION differs(c cell) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  r text := format('%s %s=%s', c.kind, c.profile, c.treatment);
BEGIN
  RETURN (SELECT count(*) FROM sample AS s WHERE gdpr.anonymize(s.v, c.kind, c.profile) IS DISTINCT FROM gdpr.anonymize(s.v, r, c.profile))
    + (SELECT count(*) FROM (VALUES (1234567), (7), (0)) AS n(v) WHERE gdpr.anonymize(n.v, c.kind, c.profile) IS DISTINCT FROM gdpr.anonymize(n.v, r, c.profile))
    + (SELECT count(*) FROM (VALUES (date '1980-05-17')) AS n(v) WHERE gdpr.anonymize(n.v, c.kind, c.profile) IS DISTINCT FROM gdpr.anonymize(n.v, r, c.profile))
    + (SELECT count(*) FROM (VALUES ('{"name": "Anna", "n": [1, {"email": "a@b.de"}]}'::jsonb)) AS n(v) WHERE gdpr.anonymize(n.v, c.kind, c.profile) IS DISTINCT FROM gdpr.anonymize(n.v, r, c.profile));
END $$;
SELECT is_empty($$SELECT c.kind, c.profile, c.treatment FROM cell AS c WHERE differs(c) > 0$$, 'a kind by itself does what its cell says, for texts, numbers, dates and documents');
CREATE FUNCTION made(c cell, v text) RETURNS text LANGUAGE sql AS $$ SELECT gdpr.anonymize(v, c.kind, c.profile) $$;
SELECT is((SELECT string_agg(DISTINCT made(c, 'Anna Keller'), ', ') FROM cell AS c WHERE c.treatment = 'constant'), 'Anonymized', 'constant is a constant');
SELECT is((SELECT string_agg(DISTINCT made(c, 'Anna Keller'), ', ') FROM cell AS c WHERE c.treatment = 'keep'), 'Anna Keller', 'keep keeps');
SELECT is_empty($$SELECT c.kind, c.treatment FROM cell AS c, sample AS s WHERE c.treatment IN ('fake', 'hmac', 'ff1') AND s.v ~ '[A-Za-z0-9]{5}' AND (made(c, s.v) IS NULL OR made(c, s.v) IN (s.v, 'Anonymized', ''))$$,
  'a fake or pseudonym is another value');
SELECT is_empty($$SELECT c.kind FROM cell AS c, sample AS s WHERE c.treatment = 'ff1' AND gdpr.reveal(made(c, s.v), c.kind) <> s.v$$, 'ff1 is turned back');
CREATE FUNCTION reveals(kind text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN gdpr.reveal('x', kind); EXCEPTION WHEN invalid_parameter_value THEN RETURN 'refused'; END $$;
SELECT is((SELECT string_agg(DISTINCT reveals(c.kind), ', ') FROM cell AS c WHERE c.profile = 'pseudonym' AND c.treatment <> 'ff1'), 'refused', 'nothing else is');
-- One day in 366 becomes itself: which one, only the key knows.
SELECT is_empty($$SELECT c.kind FROM cell AS c, generate_series(date '1950-01-01', '2000-01-01', '500 days') AS d WHERE c.treatment = 'shift(365)'
  GROUP BY c.kind, c.profile HAVING max(abs(gdpr.anonymize(d::date, c.kind, c.profile) - d::date)) > 365
    OR count(*) FILTER (WHERE gdpr.anonymize(d::date, c.kind, c.profile) = d::date) > 5$$, 'shift(365) moves a date by a year at most, and moves it');
SELECT is_empty($$SELECT c.kind, n FROM cell AS c, generate_series(20, 100000, 997) AS n
  WHERE c.treatment = 'noise(10)' AND abs(gdpr.anonymize(n, c.kind, c.profile) - n) > n * 0.1 + 1$$, 'noise(10) changes a number by a tenth at most');
SELECT * FROM finish();
