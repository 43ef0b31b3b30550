-- SPDX-License-Identifier: PostgreSQL

--| Rows changed, counted for the tables as they were declared (a partition counts for its root).
CREATE OR REPLACE FUNCTION gdpr_internal.rows_by_relation(
  subject_type text, changed gdpr_internal.row_count[])
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.relation, sum(c.rows)::bigint
  FROM unnest($2) AS c
  JOIN gdpr_internal.steps($1) AS s
    ON s.relation::oid IN (SELECT gdpr_internal.self_and_ancestors(c.relid))
  GROUP BY s.step, s.relation ORDER BY s.step
$$;
COMMENT ON FUNCTION gdpr_internal.rows_by_relation(text, gdpr_internal.row_count[]) IS
  'Rows changed for each declared table';

--| People leave; what was changed, counted by table.
CREATE OR REPLACE FUNCTION gdpr_internal.erase(
  subject_type text, subject_keys text[], reason text, unclassified text,
  run bigint DEFAULT NULL, chunk integer DEFAULT NULL)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.* FROM gdpr_internal.erase_people($1, $2, $3, $4, $5, $6) AS e,
    gdpr_internal.rows_by_relation($1, e.changed) AS r
$$;
COMMENT ON FUNCTION gdpr_internal.erase(text, text[], text, text, bigint, integer) IS
  'Anonymizes people and returns the rows changed in each declared table';

--| One person leaves.
CREATE OR REPLACE FUNCTION gdpr.anonymize_subject(
  subject_type text, subject_key text, reason text, unclassified text DEFAULT 'error')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.immediate_constraints();
  RETURN ((gdpr_internal.erase_people($1, ARRAY[$2], $3, $4)).erasures)[1];
END
$$;
COMMENT ON FUNCTION gdpr.anonymize_subject(text, text, text, text) IS
  'Anonymizes one person in every linked table, freezes the person, and returns the number of the certificate; cannot be undone';

--| Several people leave, all or none.
CREATE OR REPLACE FUNCTION gdpr.anonymize_subjects(
  subject_type text, subject_keys text[], reason text, unclassified text DEFAULT 'error')
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.immediate_constraints();
  RETURN QUERY SELECT e.* FROM gdpr_internal.erase($1, $2, $3, $4) AS e;
END
$$;
COMMENT ON FUNCTION gdpr.anonymize_subjects(text, text[], text, text) IS
  'Anonymizes several people in one transaction, all or none, and returns rows changed per table; for many people use gdpr-batch';

--| An erasure of certain people that is rolled back: how it ends.
CREATE OR REPLACE FUNCTION gdpr_internal.trial_of(subject_type text, subject_keys text[],
  OUT error_code text, OUT message text, OUT detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.immediate_constraints();
  -- The trial erases people whom a blocker holds back, too; but a blocker that fails stops every erasure.
  PERFORM FROM gdpr_internal.blocked($1, $2);
  PERFORM gdpr_internal.erase_people($1, $2, 'trial', 'keep', trial => true);
  -- not PD000: a handler for that would catch the whole class
  RAISE EXCEPTION USING ERRCODE = 'PD999', MESSAGE = 'the trial went well';
EXCEPTION WHEN SQLSTATE 'PD999' THEN
  RETURN;
WHEN OTHERS OR assert_failure THEN
  GET STACKED DIAGNOSTICS error_code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.trial_of(text, text[]) IS
  'Tries an erasure of the given people and rolls it back; returns the error, NULL if there is none';

--| An erasure of a few people that is rolled back: does it work on the real rows?
CREATE OR REPLACE FUNCTION gdpr_internal.trial(subject_type text, sample integer)
RETURNS TABLE (error_code text, message text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(trial.subject_type);
  relation regclass := gdpr_internal.resolve(subject.relation_schema, subject.relation_name);
  keys text[];
BEGIN
  SELECT array_agg(k.key) INTO keys
  FROM gdpr_internal.query_as_owner(relation, format('SELECT %s FROM %s AS t LIMIT $1',
         gdpr_internal.text_of(subject.key), gdpr_internal.sql_name(relation)), trial.sample) AS k(key text)
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f
                    WHERE f.subject_type = trial.subject_type AND f.subject_key = k.key);
  IF keys IS NULL THEN RETURN; END IF;
  -- On a live system another session may be in the way, which says nothing of the schema.
  FOR attempt IN 1 .. 5 LOOP
    SELECT t.* INTO error_code, message, detail FROM gdpr_internal.trial_of(trial.subject_type, keys) AS t;
    EXIT WHEN error_code IS NULL OR NOT gdpr_internal.is_transient(error_code);
    PERFORM pg_sleep(0.05 * attempt);
  END LOOP;
  IF error_code IS NOT NULL THEN RETURN NEXT; END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.trial(text, integer) IS
  'Tries an erasure on a sample of people and rolls it back; returns the error if there is one. Where another session is in the way it tries five times';

--| Every person anonymized: when, why, by whom, and until when copies may hold the old values.
CREATE OR REPLACE VIEW gdpr.certificates AS
  SELECT e.erasure, e.subject_type, e.subject_key, e.key_digest, e.reason, e.erased_at, e.erased_by,
    e.run, e.rows_changed, e.plan, p.body->'unclassified' AS unclassified_kept, e.wal_lsn,
    e.erased_at + nullif(current_setting('gdpr.backup_retention', true), '')::interval AS backups_clean_after
  FROM gdpr_internal.erasure AS e JOIN gdpr_internal.erasure_plan AS p ON p.plan = e.plan;
COMMENT ON VIEW gdpr.certificates IS
  'One row for each person anonymized; backups_clean_after follows from the setting gdpr.backup_retention';
COMMENT ON COLUMN gdpr.certificates.subject_key IS 'The person''s key, or a keyed digest of it where the key itself was personal';
COMMENT ON COLUMN gdpr.certificates.wal_lsn IS 'WAL and base backups from before this position may still hold the old values';
COMMENT ON COLUMN gdpr.certificates.unclassified_kept IS 'Columns without a classification that were left as they were';

--| What was done to which columns.
CREATE OR REPLACE VIEW gdpr.certificate_columns AS
  SELECT p.plan, p.subject_type, s->>'name' AS relation, s->>'scope' AS scope, s->>'on_erase' AS on_erase,
    c->>'column' AS column_name, c->>'rule' AS rule
  FROM gdpr_internal.erasure_plan AS p, jsonb_array_elements(p.body->'steps') AS s,
    jsonb_array_elements(s->'columns') AS c;
COMMENT ON VIEW gdpr.certificate_columns IS
  'For each plan that certificates point to: the columns and the rule each was treated by';
