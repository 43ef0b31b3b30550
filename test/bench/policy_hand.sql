-- SPDX-License-Identifier: PostgreSQL
-- The same people with keys of type :key, and consent as one would write it by hand: a column in the person's row,
-- or a table with an EXISTS in the policy. Seven of ten people accepted, one refused, one withdrew, one was never asked.
SET client_min_messages = warning;
SET synchronous_commit = off;
SELECT :'key' = 'uuid' AS by_uuid \gset
\if :by_uuid
ALTER TABLE crm.contact ALTER id TYPE uuid USING md5(id::text)::uuid;
ALTER TABLE crm.activity ALTER contact_id TYPE uuid USING md5(contact_id::text)::uuid;
ALTER TABLE crm.account ALTER contact_id TYPE uuid USING md5(contact_id::text)::uuid;
\else
ALTER TABLE crm.activity ALTER contact_id TYPE bigint;
ALTER TABLE crm.account ALTER contact_id TYPE bigint;
\endif
CREATE FUNCTION crm.consent_of(mail text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT (ARRAY['accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'rejected',
                'withdrawn', NULL])[1 + (hashtext(mail) & 1048575) % 10]
$$;
ALTER TABLE crm.contact ADD may_market boolean NOT NULL DEFAULT false;
UPDATE crm.contact SET may_market = crm.consent_of(email) IS NOT DISTINCT FROM 'accepted';
CREATE TABLE crm.consent AS
SELECT id AS contact_id, crm.consent_of(email) AS state, now() AS updated_at FROM crm.contact WHERE crm.consent_of(email) IS NOT NULL;
ALTER TABLE crm.consent ADD PRIMARY KEY (contact_id);
CREATE INDEX ON crm.contact (lower(email));
CREATE INDEX ON crm.contact (email text_pattern_ops);
ALTER TABLE crm.activity ADD may_market boolean NOT NULL DEFAULT false;
UPDATE crm.activity AS a SET may_market = c.may_market FROM crm.contact AS c WHERE c.id = a.contact_id;

-- Who comes by which door: the owner sees everything, the others what their policy says.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['bench_owner', 'bench_same_row', 'bench_exists', 'bench_app'] LOOP
    IF to_regrole(name) IS NULL THEN
      EXECUTE format('CREATE ROLE %I LOGIN', name);
    END IF;
  END LOOP;
END
$$;
GRANT USAGE, CREATE ON SCHEMA crm TO bench_owner;
GRANT USAGE ON SCHEMA crm TO bench_same_row, bench_exists, bench_app;
ALTER TABLE crm.contact OWNER TO bench_owner;
ALTER TABLE crm.activity OWNER TO bench_owner;
GRANT SELECT ON crm.contact, crm.activity, crm.consent TO bench_same_row, bench_exists, bench_app;
VACUUM (FULL, ANALYZE) crm.contact;
VACUUM (FULL, ANALYZE) crm.activity;
VACUUM (FULL, ANALYZE) crm.consent;
