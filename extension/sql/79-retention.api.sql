-- SPDX-License-Identifier: PostgreSQL
-- How long people are kept: which columns say when there was something to do with them, and policies.

--| Stops unless a column holds dates or times of rows that are people's own.
CREATE OR REPLACE FUNCTION gdpr_internal.require_interaction(s gdpr_internal.subject_type, relation regclass, column_name name)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  data_type oid := gdpr_internal.column_type(relation, column_name);
BEGIN
  IF gdpr_internal.base_type(data_type) <> ALL (ARRAY['date', 'timestamp', 'timestamptz']::regtype[]) THEN
    RAISE EXCEPTION 'column "%" of relation % holds no dates', column_name, gdpr_internal.sql_name(relation)
      USING ERRCODE = '42804', DETAIL = format('Its type is %s.', format_type(data_type, NULL)),
            HINT = 'An interaction is a column of type date, timestamp or timestamptz.';
  ELSIF relation <> gdpr_internal.resolve((s).relation_schema, (s).relation_name) AND (
      SELECT bool_and(l.scope = 'owned') FROM gdpr_internal.link AS l
      WHERE l.subject_type = (s).subject_type AND l.scope <> 'stop'
        AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = relation) IS NOT TRUE THEN
    RAISE EXCEPTION 'rows of relation % are not subject type "%"''s own', gdpr_internal.sql_name(relation), (s).subject_type
      USING ERRCODE = '55000', DETAIL = 'Interactions lie in the table of people, or where only owned links lead.',
            HINT = 'Declare the link first, with gdpr.add_link(), or give the interaction up, with gdpr.drop_interaction().';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_interaction(gdpr_internal.subject_type, regclass, name) IS
  'Stops unless a column holds dates or times of rows that are people''s own';

--| Declares that a column says when there was something to do with a person.
CREATE OR REPLACE FUNCTION gdpr_internal.add_interaction(subject_type text, relation regclass, column_name name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(add_interaction.subject_type);
  wanted gdpr_internal.interaction;
BEGIN
  PERFORM gdpr_internal.require_table(add_interaction.relation);
  PERFORM gdpr_internal.require_owner(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name)),
          gdpr_internal.require_owner(add_interaction.relation);
  wanted.attnum := (gdpr_internal.column_numbers(add_interaction.relation, ARRAY[add_interaction.column_name]))[1];
  PERFORM gdpr_internal.require_interaction(s, add_interaction.relation, add_interaction.column_name);
  SELECT s.subject_type, n.nspname, c.relname, c.oid, pg_get_userbyid(c.relowner), add_interaction.column_name
  INTO wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.relation_oid, wanted.relation_owner, wanted.column_name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = add_interaction.relation;
  UPDATE gdpr_internal.interaction AS i
  SET relation_oid = wanted.relation_oid, relation_owner = wanted.relation_owner, attnum = wanted.attnum
  WHERE (i.subject_type, i.relation_schema, i.relation_name, i.column_name)
      = (wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.column_name);
  IF FOUND THEN
    RAISE NOTICE 'interaction "%" of relation % is already declared', wanted.column_name, gdpr_internal.sql_name(add_interaction.relation);
  ELSE
    INSERT INTO gdpr_internal.interaction SELECT wanted.*;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_interaction(text, regclass, name) IS
  'Declares that a date or time in the table of people, or in one that an owned link reaches, is an interaction with the person';

--| Gives up an interaction.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_interaction(subject_type text, relation regclass, column_name name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_interaction.subject_type);
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name), gdpr_internal.require_owner(drop_interaction.relation);
  DELETE FROM gdpr_internal.interaction AS i
  WHERE i.subject_type = s.subject_type AND i.column_name = drop_interaction.column_name
    AND gdpr_internal.resolve(i.relation_schema, i.relation_name) = drop_interaction.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'column "%" of relation % is no interaction', drop_interaction.column_name, gdpr_internal.sql_name(drop_interaction.relation)
      USING ERRCODE = '42704', HINT = 'gdpr.interactions lists what is declared.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_interaction(text, regclass, name) IS
  'Gives up an interaction: its dates keep nobody any longer';

--| Writes new names of interactions' columns down, as follow_names() does.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_interactions() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.interaction AS i SET column_name = f.columns[1], attnum = f.numbers[1], relation_oid = f.relid
  FROM (SELECT x.subject_type, x.relation_schema, x.relation_name, x.column_name, x.relid, k.columns,
          gdpr_internal.follow_numbers(x.relid, k.columns, ARRAY[x.attnum]) AS numbers
        FROM (SELECT y.*, gdpr_internal.resolve(y.relation_schema, y.relation_name) AS relid FROM gdpr_internal.interaction AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.relation_oid
            THEN gdpr_internal.follow_columns(x.relid, ARRAY[x.column_name], ARRAY[x.attnum]) ELSE ARRAY[x.column_name] END AS columns) AS k
        WHERE x.relid IS NOT NULL AND gdpr_internal.is_same(x.relid, x.relation_oid, x.relation_owner)) AS f
  WHERE (i.subject_type, i.relation_schema, i.relation_name, i.column_name)
      = (f.subject_type, f.relation_schema, f.relation_name, f.column_name)
    AND (i.column_name, i.attnum, i.relation_oid) IS DISTINCT FROM (f.columns[1], f.numbers[1], f.relid::oid)
$$;
COMMENT ON FUNCTION gdpr_internal.follow_interactions() IS
  'Writes new names of columns with interactions down, and refreshes OIDs and column numbers after a restore';

--| Gives up interactions on tables and columns that are gone; how many. Said aloud: people look idle for longer.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_missing_interactions(subject_type text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  i record;
  result bigint := 0;
BEGIN
  FOR i IN
    DELETE FROM gdpr_internal.interaction AS x
    WHERE x.subject_type = drop_missing_interactions.subject_type
      AND gdpr_internal.is_missing(x.relation_schema, x.relation_name, x.column_name)
    RETURNING x.*
  LOOP
    RAISE WARNING 'interactions in column "%" of %.% do not count any more', i.column_name,
        quote_ident(i.relation_schema), quote_ident(i.relation_name)
      USING HINT = 'Look at gdpr-batch retention --dry-run before the next night: people may look idle for longer now.';
    result := result + 1;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_missing_interactions(text) IS
  'Gives up interactions on tables and columns that do not exist any more; returns how many';

--| Takes away what was decided about how long people of a type are kept.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_retention(subject_type text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM gdpr_internal.interaction AS i WHERE i.subject_type = $1;
  DELETE FROM gdpr_internal.retention AS r WHERE r.subject_type = $1;
  DELETE FROM gdpr_internal.retention_warning AS w WHERE w.subject_type = $1;
$$;
COMMENT ON FUNCTION gdpr_internal.forget_retention(text) IS
  'Takes away interactions, policies and open warnings of a subject type';

--| Stops if the words of a policy do not go together.
CREATE OR REPLACE FUNCTION gdpr_internal.check_retention(keep interval, warn interval, grace interval, action text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF keep IS NULL OR grace IS NULL OR action IS NULL THEN
    RAISE EXCEPTION 'keep, grace and action of a retention policy must not be null' USING ERRCODE = '22004';
  ELSIF keep <= '0' THEN
    RAISE EXCEPTION 'people cannot be kept for less than no time' USING ERRCODE = '22023',
      HINT = 'Say how long after the last interaction: keep => ''3 years''.';
  ELSIF warn <= '0' OR warn >= keep THEN
    RAISE EXCEPTION 'the warning must lie between the last interaction and the end' USING ERRCODE = '22023',
      HINT = 'warn is how long before the end people are warned: keep => ''3 years'', warn => ''60 days''; NULL warns nobody.';
  ELSIF grace < '0' THEN
    RAISE EXCEPTION 'the grace after a warning cannot be negative' USING ERRCODE = '22023',
      HINT = 'It is the time that people have at least after the warning: grace => ''30 days''.';
  ELSIF action NOT IN ('anonymize', 'delete') THEN
    RAISE EXCEPTION 'unknown action of a retention policy' USING ERRCODE = '22023', HINT = 'Use anonymize or delete.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_retention(interval, interval, interval, text) IS
  'Stops if the words of a retention policy do not go together';

--| Says how long people are kept after their last interaction, and what becomes of them then.
CREATE OR REPLACE FUNCTION gdpr.set_retention(
  subject_type text, keep interval, warn interval DEFAULT NULL, grace interval DEFAULT '30 days',
  action text DEFAULT 'anonymize', purpose text DEFAULT NULL, channel text DEFAULT 'email')
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(set_retention.subject_type);
  wanted text := CASE WHEN purpose IS NULL THEN '' ELSE (gdpr_internal.known_purpose(purpose)).purpose END;
  known_channel text := gdpr_internal.check_channel(channel);
BEGIN
  PERFORM gdpr_internal.check_retention(keep, warn, grace, action);
  IF known_channel IS NULL THEN
    RAISE EXCEPTION 'the channel must not be null' USING ERRCODE = '22004';
  ELSIF NOT s.anonymization THEN
    RAISE EXCEPTION 'anonymization is not enabled for subject type "%"', s.subject_type
      USING ERRCODE = '55000', HINT = 'Unregister it and register it again with anonymization => true.';
  END IF;
  INSERT INTO gdpr_internal.retention AS r (subject_type, purpose, keep, warn, grace, action, channel, set_at, set_by)
  VALUES (s.subject_type, wanted, set_retention.keep, set_retention.warn, set_retention.grace, set_retention.action,
          known_channel, clock_timestamp(), pg_get_userbyid(gdpr_internal.caller()))
  ON CONFLICT ON CONSTRAINT retention_pkey DO UPDATE SET keep = excluded.keep, warn = excluded.warn, grace = excluded.grace,
    action = excluded.action, channel = excluded.channel, set_at = excluded.set_at, set_by = excluded.set_by;
END
$$;
COMMENT ON FUNCTION gdpr.set_retention(text, interval, interval, interval, text, text, text) IS
  'Says how long people are kept after their last interaction, when they are warned, and whether they are anonymized or deleted then; with a purpose: while they may be processed for it';

--| Gives up a policy. Who was warned or queued by it is judged anew by the next walk.
CREATE OR REPLACE FUNCTION gdpr.drop_retention(subject_type text, purpose text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_retention.subject_type);
BEGIN
  DELETE FROM gdpr_internal.retention AS r
  WHERE r.subject_type = s.subject_type AND r.purpose = coalesce(drop_retention.purpose, '');
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subject type "%" has no such retention policy', s.subject_type
      USING ERRCODE = '42704', HINT = 'gdpr.retention_policies lists them.';
  ELSIF NOT EXISTS (SELECT FROM gdpr_internal.retention AS r WHERE r.subject_type = s.subject_type) THEN
    -- no walk will come by
    PERFORM gdpr_internal.take_back_retention(s.subject_type, NULL);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.drop_retention(text, text) IS
  'Gives up a retention policy; with the last one, warnings and queued erasures of retention are taken back';

--| Policies in force.
CREATE OR REPLACE VIEW gdpr.retention_policies AS
  SELECT r.subject_type, nullif(r.purpose, '') AS purpose, r.keep, r.warn, r.grace, r.action, r.channel,
    (SELECT count(*) FROM gdpr_internal.interaction AS i WHERE i.subject_type = r.subject_type) AS interactions,
    r.set_at, r.set_by
  FROM gdpr_internal.retention AS r;
COMMENT ON VIEW gdpr.retention_policies IS
  'How long people are kept after their last interaction; purpose NULL applies to everybody, another one while it is allowed';
COMMENT ON COLUMN gdpr.retention_policies.interactions IS 'columns declared with gdpr.add_interaction(); without any the walk stops';

--| What counts as an interaction.
CREATE OR REPLACE VIEW gdpr.interactions AS
  SELECT i.subject_type, format('%I.%I', i.relation_schema, i.relation_name) AS relation, i.column_name
  FROM gdpr_internal.interaction AS i;
COMMENT ON VIEW gdpr.interactions IS 'Columns with dates of interactions: the newest over all of them is a person''s last interaction';

--| Runnable statements that declare interactions and policies again.
CREATE OR REPLACE FUNCTION gdpr_internal.export_retention() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT x.statement FROM (
    SELECT 1 AS part, format('SELECT gdpr.add_interaction(%L, %L, %L);', i.subject_type,
      format('%I.%I', i.relation_schema, i.relation_name), i.column_name) AS statement
    FROM gdpr_internal.interaction AS i
    UNION ALL
    SELECT 2, format('SELECT gdpr.set_retention(%L, %L, %L, %L, %L, %L, %L);', r.subject_type, r.keep, r.warn, r.grace,
      r.action, nullif(r.purpose, ''), r.channel)
    FROM gdpr_internal.retention AS r) AS x
  ORDER BY x.part, x.statement COLLATE "C"
$$;
COMMENT ON FUNCTION gdpr_internal.export_retention() IS 'Runnable statements that declare interactions and retention policies again';

--| What the walk would stop at: dates that are gone, policies without any.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_findings()
RETURNS TABLE(subject_type text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.subject_type, gdpr_internal.resolve(i.relation_schema, i.relation_name), i.column_name,
    format('the interaction in %I.%I does not exist any more: retention stops', i.relation_schema, i.relation_name),
    format('Create it again, or run SELECT gdpr.drop_missing(%L).', i.subject_type)
  FROM gdpr_internal.interaction AS i
  WHERE gdpr_internal.is_missing(i.relation_schema, i.relation_name, i.column_name)
  UNION ALL
  SELECT DISTINCT r.subject_type, NULL::regclass, NULL::name, 'it has a retention policy and no interaction: retention stops',
    format('SELECT gdpr.add_interaction(%L, table, column); for each date that says when there was something to do with a person.', r.subject_type)
  FROM gdpr_internal.retention AS r
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.interaction AS i WHERE i.subject_type = r.subject_type)
$$;
COMMENT ON FUNCTION gdpr_internal.retention_findings() IS
  'Interactions that are gone and policies without any, for preflight and doctor';

--| gdpr_internal.preflight_retention: what stops retention, and what goes or stays when rows are deleted
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_retention(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT 'warning', f.relation, f.column_name, f.finding, f.hint
  FROM gdpr_internal.retention_findings() AS f WHERE f.subject_type = $1
  UNION ALL
  SELECT 'warning', c.conrelid::regclass, NULL,
    format('foreign key %I: %s when rows of %s are deleted at the end of their retention', c.conname,
      CASE c.confdeltype WHEN 'c' THEN 'rows that no link declares go too' WHEN 'n' THEN 'it becomes null in rows that no link declares'
        WHEN 'd' THEN 'it gets its default in rows that no link declares' ELSE 'people fail who have rows here' END,
      gdpr_internal.sql_name(c.confrelid::regclass)),
    format('Declare the link with gdpr.add_link(), or let retention anonymize: SELECT gdpr.set_retention(%L, …, action => ''anonymize'');', $1)
  FROM gdpr_internal.preflight_tables($1) AS t JOIN pg_constraint AS c ON c.confrelid = t.relation AND c.contype = 'f' AND c.conparentid = 0
  WHERE t.scope = 'owned' AND EXISTS (SELECT FROM gdpr_internal.retention AS r WHERE r.subject_type = $1 AND r.action = 'delete')
    AND NOT EXISTS (SELECT FROM gdpr_internal.preflight_tables($1) AS o WHERE o.relation = c.conrelid AND o.scope = 'owned')
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_retention(text) IS
  'preflight: what stops retention, and foreign keys of undeclared tables where it deletes rows';

--| doctor: what stops retention.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_retention()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'error', f.subject_type, f.finding, f.hint FROM gdpr_internal.retention_findings() AS f
  WHERE EXISTS (SELECT FROM gdpr_internal.retention AS r WHERE r.subject_type = f.subject_type)
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_retention() IS 'doctor: interactions that are gone, policies without any';
