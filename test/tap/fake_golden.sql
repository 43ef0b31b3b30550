-- SPDX-License-Identifier: PostgreSQL
-- Fakes and pseudonyms reached through SQL are core's, byte for byte: every golden vector of test/unit, under its key.
SET client_min_messages = error;
SELECT plan(5);
CREATE TABLE golden (line serial, profile text, rule text, class text, seed text, input text, output text);
\copy golden (profile, rule, class, seed, input, output) FROM 'test/unit/golden_vectors.tsv' WITH (NULL '\N')
-- The key of the vectors, in a file of its own, which only the server's user reads.
SELECT set_config('gdpr.key_file', current_setting('gdpr.key_file') || '.golden', false) \g /dev/null
DO $$ BEGIN EXECUTE format('COPY (SELECT string_agg(lpad(to_hex(n), 2, ''0''), '''' ORDER BY n) FROM generate_series(0, 31) AS n) TO PROGRAM %L',
  format('cat >%1$s && chmod 600 %1$s', current_setting('gdpr.key_file'))); END $$;
DELETE FROM gdpr_internal.key_fingerprint;
SELECT gdpr.create_key() \g /dev/null

CREATE FUNCTION made(profile text, rule text, class text, seed text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  start CONSTANT timestamp := '2000-01-01';
  step CONSTANT interval := '1 microsecond';
BEGIN
  RETURN CASE class
    WHEN 'text' THEN gdpr.anonymize(input, rule, profile, seed)
    WHEN 'int2' THEN gdpr.anonymize(input::int2, rule, profile, seed)::text
    WHEN 'int4' THEN gdpr.anonymize(input::int4, rule, profile, seed)::text
    WHEN 'int8' THEN gdpr.anonymize(input::int8, rule, profile, seed)::text
    WHEN 'boolean' THEN gdpr.anonymize(input = '1', rule, profile, seed)::int::text
    WHEN 'date' THEN (gdpr.anonymize(start::date + input::int, rule, profile, seed) - start::date)::text
    WHEN 'timestamp' THEN (extract(epoch FROM gdpr.anonymize(start + input::bigint * step, rule, profile, seed) - start) * 1000000)::bigint::text
    WHEN 'time' THEN (extract(epoch FROM gdpr.anonymize(time '00:00' + input::bigint * step, rule, profile, seed)) * 1000000)::bigint::text
    WHEN 'uuid' THEN replace(gdpr.anonymize(input::uuid, rule, profile, seed)::text, '-', '')
    WHEN 'mac' THEN replace(gdpr.anonymize(input::macaddr, rule, profile, seed)::text, ':', '')
    WHEN 'bytes' THEN encode(gdpr.anonymize(decode(input, 'hex'), rule, profile, seed), 'hex')
    WHEN 'inet' THEN (SELECT string_agg(lpad(to_hex(b::int), 2, '0'), '' ORDER BY n)
      FROM string_to_table(host(gdpr.anonymize((SELECT string_agg(get_byte(decode(input, 'hex'), i)::text, '.' ORDER BY i) FROM generate_series(0, 3) AS i)::inet,
        rule, profile, seed)), '.') WITH ORDINALITY AS t(b, n)) END;
END $$;
SELECT cmp_ok((SELECT count(*) FROM golden), '>', 1300::bigint, 'the golden vectors are there');
SELECT is_empty($$SELECT g.line, g.rule, g.class, x.is FROM golden AS g, LATERAL (SELECT made(g.profile, g.rule, g.class, nullif(g.seed, '-'), g.input)) AS x("is")
  WHERE x.is IS DISTINCT FROM g.output$$, 'what SQL makes under their key is what they say');
-- The other string types, a domain, elements of an array: the same bytes.
CREATE DOMAIN word AS varchar(200);
SELECT is((SELECT count(*) FROM golden AS g WHERE g.class = 'text' AND (gdpr.anonymize(g.input::varchar, g.rule, g.profile, nullif(g.seed, '-')),
    gdpr.anonymize(g.input::word, g.rule, g.profile, nullif(g.seed, '-'))) IS DISTINCT FROM (g.output, g.output)), 0::bigint, 'varchar and a domain give the same');
SELECT is((SELECT count(*) FROM golden AS g WHERE g.class = 'text' AND gdpr.anonymize(ARRAY[g.input, NULL, g.input], g.rule, g.profile, nullif(g.seed, '-'))
    IS DISTINCT FROM ARRAY[g.output, NULL, g.output]), 0::bigint, 'so do the elements of an array');
WITH turned AS MATERIALIZED (
  SELECT g.* FROM golden AS g JOIN gdpr.kinds AS k ON k.kind = split_part(g.rule, ' ', 1)
  WHERE g.class = 'text' AND g.profile = 'pseudonym' AND k.pseudonym = 'ff1'
)
SELECT is(count(*) FILTER (WHERE gdpr.reveal(g.output, g.rule) IS NOT DISTINCT FROM g.input), count(*), 'pseudonyms by ff1 are turned back') FROM turned AS g;
DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm ' || current_setting('gdpr.key_file')); END $$;
SELECT * FROM finish();
