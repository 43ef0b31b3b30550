-- SPDX-License-Identifier: PostgreSQL
-- Prints "treatment nanoseconds md5_nanoseconds", once per repeat. All in one session, in turn, so that a
-- slow moment of the machine hits both; the scan itself is measured too and taken off.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE value AS
SELECT 'person' || n || '@example.org' AS email, 'Lastname' || n % 9973 AS last_name,
       '+35799' || lpad((n % 1000000)::text, 6, '0') AS phone
FROM generate_series(1, :rows) AS n;
ANALYZE value;
SELECT count(email), count(last_name), count(phone) FROM value \g /dev/null

CREATE FUNCTION pg_temp.seconds(expression text) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz := clock_timestamp();
BEGIN
  EXECUTE format('SELECT count(%s) FROM value', expression);
  RETURN extract(epoch FROM clock_timestamp() - began);
END
$$;

CREATE TEMP TABLE treatment (what text, value text, expression text);
INSERT INTO treatment VALUES
  ('mask:e-mail', 'email', 'gdpr.mask(email, ''email'')'),
  ('mask:phone', 'phone', 'gdpr.mask(phone, ''phone'')'),
  ('erase:name', 'last_name', 'gdpr.anonymize(last_name, ''last_name'')'),
  ('erase:unique e-mail', 'email', 'gdpr.anonymize(email, ''email unique'')'),
  ('fake:name', 'last_name', 'gdpr.anonymize(last_name, ''last_name'', ''fake'')'),
  ('fake:e-mail', 'email', 'gdpr.anonymize(email, ''email unique'', ''fake'')'),
  ('fake:phone', 'phone', 'gdpr.anonymize(phone, ''phone unique'', ''fake'')'),
  ('pseudonym:e-mail', 'email', 'gdpr.anonymize(email, ''email'', ''pseudonym'')'),
  ('pseudonym:phone by FF1', 'phone', 'gdpr.anonymize(phone, ''phone'', ''pseudonym'')');

SELECT replace(t.what, ' ', '_'), greatest(t.seconds - t.scan, 0.001) / :rows * 1e9,
       greatest(t.md5 - t.scan, 0.001) / :rows * 1e9
FROM (SELECT what, pg_temp.seconds(value) AS scan, pg_temp.seconds(expression) AS seconds,
             pg_temp.seconds(format('md5(%s)', value)) AS md5
      FROM generate_series(1, :repeats) AS repeat, treatment
      ORDER BY repeat) AS t;
