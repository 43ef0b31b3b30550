-- SPDX-License-Identifier: PostgreSQL
-- Fakes in place, for a restored copy of production: every value of every classified column, a table (or
-- tables that refer to each other by such columns) in one transaction with its note in the ledger. What is
-- unique is compared at the end only: a permutation gives a row what another one still has. So unique
-- indexes and foreign keys over these columns are dropped first and made again, which proves them.

--| Refuses everything but the database that was spelled out, and who does not own the tables.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_allowed(staging_database name, profile text, relations oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  other oid;
BEGIN
  IF refresh_allowed.staging_database IS DISTINCT FROM current_database() THEN
    RAISE EXCEPTION 'this database is not the staging database that was named'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('This is database "%s"; "%s" was named.', current_database(), refresh_allowed.staging_database),
            HINT = 'Every value of every classified column is replaced for good: name the database only if it is a copy.';
  END IF;
  IF refresh_allowed.profile IS NULL OR refresh_allowed.profile NOT IN ('fake', 'pseudonym') THEN
    RAISE EXCEPTION 'a database can be anonymized in place by profile fake or pseudonym'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Other profiles make what is unique collide; use gdpr-batch copy.';
  END IF;
  SELECT c.oid INTO other FROM pg_class AS c
  WHERE c.oid = ANY (relations) AND NOT pg_has_role(gdpr_internal.caller()::oid, c.relowner, 'USAGE')
  ORDER BY c.oid LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'table % belongs to another role', other::regclass
      USING ERRCODE = 'insufficient_privilege', DETAIL = format('Its owner is "%s".', (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = other)),
            HINT = 'Its indexes are made anew and its files rewritten: GRANT the owner to the role that works, in the staging database''s cluster only.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_allowed(name, text, oid[]) IS
  'Refuses to anonymize in place where the database''s name was not spelled out, or by who does not own the tables';

--| Our own records that may hold people's values or whereabouts.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_records() RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('gdpr_internal.%I', t)::regclass FROM unnest(ARRAY[
    'audit_statement', 'audit_change', 'audit_subject', 'audit_seal', 'audit_leaves', 'audit_key',
    'access_read', 'access_incident', 'access_erased', 'access_person', 'access_actor',
    'consent_detail', 'consent_attachment', 'consent_batch', 'sign_up', 'frozen_value', 'optout_address', 'optout_page',
    'run_person']) AS t
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_records() IS
  'Tables of pg_gdpr whose rows may hold values of people: logs, comments and scans of consent, sign-ups';

--| Which of them hold something: what was recorded in production and is of no use in a copy.
CREATE OR REPLACE FUNCTION gdpr.refresh_records() RETURNS TABLE(relation text, rows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r regclass;
BEGIN
  FOR r IN SELECT x FROM gdpr_internal.refresh_records() AS x LOOP
    EXECUTE format('SELECT count(*) FROM %s', r) INTO refresh_records.rows;
    refresh_records.relation := r::text;
    IF refresh_records.rows > 0 THEN RETURN NEXT; END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.refresh_records() IS
  'Records of pg_gdpr in a restored copy that hold values of production, with their rows';

--| Empties them. What they prove stays provable in production. Only for who could drop the whole database: an
--| operator must not be able to take the log of what operators do.
CREATE OR REPLACE FUNCTION gdpr.refresh_forget(staging_database name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.refresh_allowed(refresh_forget.staging_database, 'fake', '{}');
  IF NOT pg_has_role(gdpr_internal.caller()::oid, (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()), 'USAGE') THEN
    RAISE EXCEPTION 'the records of pg_gdpr can only be emptied by the owner of the database'
      USING ERRCODE = 'insufficient_privilege', DETAIL = 'They are the proof of who changed and read what.',
            HINT = 'Have the owner of the staging database run it.';
  END IF;
  PERFORM gdpr_internal.rewrite_history('copy');
END
$$;
COMMENT ON FUNCTION gdpr.refresh_forget(name) IS
  'Empties the records of pg_gdpr in a restored copy: audit log, log of reads, comments and scans of consent, sign-ups';

--| Stops at a plan that would leave rows as they are: of a partitioned table only its partitions hold any.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_valid(plan jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong text;
BEGIN
  IF jsonb_typeof(plan) IS DISTINCT FROM 'array' THEN
    wrong := 'It is no list.';
  ELSE
    SELECT CASE WHEN c.relkind IS NULL THEN format('Item %s names no table by its oid.', i.n)
                WHEN c.relkind = 'p' THEN format('Table %s is partitioned: name its partitions.', c.oid::regclass)
                WHEN c.relkind <> 'r' THEN format('Relation %s is no table.', c.oid::regclass)
                WHEN count(*) OVER (PARTITION BY c.oid) > 1 THEN format('Table %s is named twice.', c.oid::regclass)
                WHEN jsonb_typeof(i.item->'columns') IS DISTINCT FROM 'object' OR i.item->'columns' = '{}' THEN format('Item %s names no columns.', i.n) END AS wrong
    INTO wrong FROM jsonb_array_elements(plan) WITH ORDINALITY AS i(item, n)
    LEFT JOIN pg_class AS c ON c.oid::text = i.item->>'relation' ORDER BY 1 LIMIT 1;
  END IF;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the plan is not one of tables and their columns' USING ERRCODE = 'invalid_parameter_value', DETAIL = wrong,
      HINT = 'Write [{"relation": oid, "columns": {"email": "email unique", "note": null}}, ...], rules as gdpr.effective_rule() gives them.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_valid(jsonb) IS 'Stops at a plan that names something else than tables with rows of their own, and columns';

--| The tables that a plan treats, each with its partitioned root and the columns that change.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_tables(plan jsonb) RETURNS TABLE(relation oid, root oid, columns jsonb, names name[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (p.item->>'relation')::oid,
    -- The last partitioned one above; inheritance has no indexes in common.
    coalesce((SELECT a.relid FROM pg_partition_ancestors((p.item->>'relation')::oid) WITH ORDINALITY AS a(relid, n)
              ORDER BY a.n DESC LIMIT 1), (p.item->>'relation')::oid),
    p.item->'columns', ARRAY(SELECT k::name FROM jsonb_object_keys(p.item->'columns') AS k)
  FROM jsonb_array_elements($1) AS p(item)
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_tables(jsonb) IS
  'The tables of a plan to anonymize in place, with their partitioned roots and their treated columns';

--| What stands in the way of the change and is made again after it, in order: first what is dropped.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_obstacles(plan jsonb)
RETURNS TABLE(place int, relation oid, taken text, made text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH treated AS MATERIALIZED (
    SELECT DISTINCT x.relid, a.attnum
    FROM gdpr_internal.refresh_tables($1) AS t
    CROSS JOIN LATERAL (SELECT t.relation UNION SELECT q.relid::oid FROM pg_partition_ancestors(t.relation) AS q(relid)) AS x(relid)
    JOIN pg_attribute AS a ON a.attrelid = x.relid AND a.attname = ANY (t.names) AND NOT a.attisdropped
  ), trigger AS (
    -- One statement for all of a table: each is followed by our event triggers.
    SELECT 1 AS place, g.tgrelid AS relation,
      'ALTER TABLE ONLY ' || gdpr_internal.sql_name(g.tgrelid) || ' ' || string_agg(format('DISABLE TRIGGER %I', g.tgname), ', ') AS taken,
      'ALTER TABLE ONLY ' || gdpr_internal.sql_name(g.tgrelid) || ' ' || string_agg(format('ENABLE %sTRIGGER %I',
        CASE g.tgenabled WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' ELSE '' END, g.tgname), ', ') AS made
    FROM pg_trigger AS g WHERE g.tgrelid IN (SELECT relid FROM treated) AND NOT g.tgisinternal AND g.tgenabled <> 'D'
    GROUP BY g.tgrelid
  ), reference AS (
    SELECT 2, c.conrelid, format('ALTER TABLE %s DROP CONSTRAINT %I', gdpr_internal.sql_name(c.conrelid), c.conname),
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', gdpr_internal.sql_name(c.conrelid), c.conname, pg_get_constraintdef(c.oid))
        || coalesce(format('; COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, gdpr_internal.sql_name(c.conrelid),
                           obj_description(c.oid, 'pg_constraint')), '')
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND EXISTS (
      SELECT FROM treated AS t WHERE (t.relid = c.conrelid AND t.attnum = ANY (c.conkey))
                                  OR (t.relid = c.confrelid AND t.attnum = ANY (c.confkey)))
  ), index AS (
    SELECT i.indrelid, i.indexrelid, x.relname, i.indisclustered, i.indisreplident, c.oid AS con, c.conname,
      coalesce(s.spcname, '') AS space
    FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid AND NOT x.relispartition
    LEFT JOIN pg_tablespace AS s ON s.oid = x.reltablespace
    LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
    WHERE (i.indisunique OR i.indisexclusion) AND EXISTS (
      SELECT FROM treated AS t WHERE t.relid = i.indrelid AND (
        t.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        OR i.indexprs::text ~ (':varattno ' || t.attnum || ' ') OR i.indpred::text ~ (':varattno ' || t.attnum || ' ')))
  ), keys AS (
    SELECT 3, i.indrelid,
      CASE WHEN i.con IS NULL THEN format('DROP INDEX %s', gdpr_internal.sql_name(i.indexrelid))
           ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', gdpr_internal.sql_name(i.indrelid), i.conname) END,
      concat_ws('; ',
        CASE WHEN i.space <> '' THEN format('SET LOCAL default_tablespace = %I', i.space) ELSE 'SET LOCAL default_tablespace = ''''' END,
        CASE WHEN i.con IS NULL THEN pg_get_indexdef(i.indexrelid)
             ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', gdpr_internal.sql_name(i.indrelid), i.conname, pg_get_constraintdef(i.con)) END,
        format('COMMENT ON INDEX %s IS %L', gdpr_internal.sql_name(i.indexrelid), obj_description(i.indexrelid, 'pg_class')),
        CASE WHEN i.con IS NOT NULL AND obj_description(i.con, 'pg_constraint') IS NOT NULL
          THEN format('COMMENT ON CONSTRAINT %I ON %s IS %L', i.conname, gdpr_internal.sql_name(i.indrelid), obj_description(i.con, 'pg_constraint')) END,
        CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', gdpr_internal.sql_name(i.indrelid), i.relname) END,
        CASE WHEN i.indisreplident THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', gdpr_internal.sql_name(i.indrelid), i.relname) END)
    FROM index AS i
  )
  SELECT * FROM trigger UNION ALL SELECT * FROM reference UNION ALL SELECT * FROM keys
  ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_obstacles(jsonb) IS
  'Triggers, foreign keys and unique indexes that are taken off while values change, with the statements that bring them back';

--| SQL: the country of a row t, by which fake(country) chooses a locale; NULL where no column says it. As a copy does it:
--| the first column of the kind, if it holds words.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_country(relation oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE WHEN gdpr_internal.is_string_type(c.atttypid)
                  OR (SELECT b.typtype FROM pg_type AS b WHERE b.oid = gdpr_internal.base_type(c.atttypid)) = 'e'
           THEN gdpr_internal.copy_text('t', refresh_country.relation, c.attname) END
    FROM gdpr_internal.column_rules(refresh_country.relation) AS r
    JOIN pg_attribute AS c ON c.attrelid = refresh_country.relation AND c.attname = r.column_name AND c.attgenerated = ''
    WHERE gdpr.check_rule(r.rule) ~ '^country\M' ORDER BY c.attnum LIMIT 1);
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_country(oid) IS
  'SQL expression: the country of a row t of a table, NULL if no column of it says one';

--| SQL text: how a column gets its new value; the same words as a reader's own call of gdpr.anonymize().
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_assignment(relation oid, column_name name, rule text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF rule IS NULL THEN
    RETURN format('%I = NULL', column_name);
  END IF;
  RETURN format('%1$I = gdpr.anonymize(t.%1$I%2$s, %3$L, $1%4$s)', column_name,
    CASE WHEN gdpr_internal.is_string_type(gdpr_internal.column_type(relation::regclass, column_name)) THEN '::pg_catalog.text' ELSE '' END, rule,
    CASE WHEN rule ~ '\mfake=fake\(country\)' THEN ', NULL, ' || gdpr_internal.refresh_country(relation) END);
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_assignment(oid, name, text) IS
  'SQL expression: the assignment of one column of row t; $1 is the profile';

--| Replaces the values of one table and notes it; every row that is there must be changed.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_table(relation oid, columns jsonb, profile text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := gdpr_internal.sql_name(refresh_table.relation);
  assignments text;
  found_rows bigint;
  changed bigint;
BEGIN
  SELECT string_agg(gdpr_internal.refresh_assignment(refresh_table.relation, c.key::name, c.value), ', ' ORDER BY c.key)
  INTO assignments FROM jsonb_each_text(refresh_table.columns) AS c;
  SELECT q.n INTO found_rows
  FROM gdpr_internal.query_as_owner(refresh_table.relation, format('SELECT count(*) FROM ONLY %s', target)) AS q(n bigint);
  BEGIN
    changed := gdpr_internal.execute_keyed_as_owner(refresh_table.relation,
      -- Where all columns become NULL nothing else names the profile.
      format('UPDATE ONLY %s AS t SET %s WHERE $1 IS NOT NULL', target, assignments), refresh_table.profile);
  EXCEPTION WHEN SQLSTATE 'PD005' THEN
    -- Not SQLERRM: a check of the owner's can raise PD005, too, and quote a row.
    RAISE EXCEPTION 'could not replace the values of table %: a value has no room', refresh_table.relation::regclass
      USING ERRCODE = 'PD005', HINT = 'gdpr.refresh_check() names the column. Make it wider, or write another treatment into its rule.';
  END;
  IF changed <> found_rows THEN
    RAISE EXCEPTION 'rows changed in table % differ from the rows found', refresh_table.relation::regclass
      USING ERRCODE = 'PD004', DETAIL = format('%s rows were found and %s changed.', found_rows, changed),
            HINT = 'Look for rules on the table that skip or redirect rows; nothing was changed.';
  END IF;
  INSERT INTO gdpr_internal.refreshed AS r (relation_schema, relation_name, profile, rules, rows, refreshed_by)
  SELECT n.nspname, c.relname, refresh_table.profile, refresh_table.columns, changed, gdpr_internal.caller()::text
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = refresh_table.relation;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_table(oid, jsonb, text) IS
  'Replaces all values of some columns of one table as its owner and notes it in the ledger';

--| What refuses a plan before anything is locked: tables that are done, columns that decide the partition, keys of people.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_check(plan jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bad record;
BEGIN
  SELECT t.relation::regclass AS name INTO bad
  FROM gdpr_internal.refresh_tables(refresh_check.plan) AS t
  JOIN pg_class AS c ON c.oid = t.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN gdpr_internal.refreshed AS r ON r.relation_schema = n.nspname AND r.relation_name = c.relname LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'table % was anonymized in place before', bad.name
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'gdpr.refreshed_tables() lists it.',
            HINT = 'A fake of a fake is another one. Restore the database again.';
  END IF;
  SELECT t.root::regclass AS name, a.attname INTO bad
  FROM gdpr_internal.refresh_tables(refresh_check.plan) AS t
  JOIN pg_partition_ancestors(t.relation) AS q(relid) ON true
  JOIN pg_partitioned_table AS p ON p.partrelid = q.relid
  JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attname = ANY (t.names)
   AND (a.attnum = ANY (p.partattrs::int2[]) OR p.partexprs::text ~ (':varattno ' || a.attnum || ' ')) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" of table % decides the partition of a row', bad.attname, bad.name
      USING ERRCODE = 'feature_not_supported', DETAIL = 'Rows would have to move while they change.',
            HINT = 'Classify it with "fake=keep", or use gdpr-batch copy to a table with other partitions.';
  END IF;
  SELECT t.relation::regclass AS name, k.column_name, s.subject_type INTO bad
  FROM gdpr_internal.subject_type AS s
  CROSS JOIN LATERAL gdpr_internal.family(gdpr_internal.resolve(s.relation_schema, s.relation_name)) AS f(relid)
  JOIN gdpr_internal.refresh_tables(refresh_check.plan) AS t ON t.relation = f.relid
  CROSS JOIN LATERAL unnest(s.key) AS k(column_name) WHERE k.column_name = ANY (t.names) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" of table % is a key of subject type "%"', bad.column_name, bad.name, bad.subject_type
      USING ERRCODE = 'feature_not_supported',
            DETAIL = 'Consent, certificates and frozen people are kept under this key: they would be lost, and the old key would stay in them.',
            HINT = format('Use gdpr-batch copy, which takes no records along; or, in this copy only, SELECT gdpr.unregister_subject(%L, forget_frozen => true) first.', bad.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_check(jsonb) IS
  'Refuses tables that were treated before, treated columns that decide the partition of a row, and treated keys of people';

--| What would stop an anonymization in place half-way, asked before its first table: what refuses the plan, and values
--| that have no room for their fakes.
CREATE OR REPLACE FUNCTION gdpr.refresh_check(staging_database name, plan jsonb, profile text DEFAULT 'fake') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bad record;
BEGIN
  PERFORM gdpr_internal.refresh_valid(refresh_check.plan);
  PERFORM gdpr_internal.refresh_allowed(refresh_check.staging_database, refresh_check.profile,
    ARRAY(SELECT x.relation FROM gdpr_internal.refresh_tables(refresh_check.plan) AS x));
  PERFORM gdpr_internal.refresh_check(refresh_check.plan);
  SELECT t.relation::regclass AS name, c.key, c.value, m.n INTO bad
  FROM gdpr_internal.refresh_tables(refresh_check.plan) AS t CROSS JOIN LATERAL jsonb_each_text(t.columns) AS c
  CROSS JOIN LATERAL gdpr_internal.misfits(t.relation, c.key::name, c.value, refresh_check.profile) AS m(n)
  WHERE c.value IS NOT NULL AND m.n > 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% values of column "%" of table % have no room for values that stay unique', bad.n, bad.key, bad.name
      USING ERRCODE = 'PD005', DETAIL = format('Its rule is "%s".', bad.value),
            HINT = format('Make the column wider, or write another treatment into its rule, such as %s=null.', refresh_check.profile);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.refresh_check(name, jsonb, text) IS
  'Says before the first table is anonymized in place what would stop it at a later one; changes nothing';


--| Anonymizes tables of a restored copy in place, all in this transaction. plan: [{"relation": oid, "columns":
--| {"email": "email unique length=80", "note": null}}], rules as gdpr.effective_rule() says them, null for NULL;
--| tables that refer to each other by such columns must come together.
CREATE OR REPLACE FUNCTION gdpr.refresh_tables(staging_database name, plan jsonb, profile text DEFAULT 'fake')
RETURNS TABLE(relation regclass, rows bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
  obstacles jsonb;
  o record;
BEGIN
  PERFORM gdpr_internal.refresh_valid(refresh_tables.plan);
  PERFORM gdpr_internal.refresh_allowed(refresh_tables.staging_database, refresh_tables.profile,
    ARRAY(SELECT x.relation FROM gdpr_internal.refresh_tables(refresh_tables.plan) AS x
          UNION SELECT x.root FROM gdpr_internal.refresh_tables(refresh_tables.plan) AS x));
  PERFORM gdpr_internal.refresh_check(refresh_tables.plan);
  FOR t IN SELECT DISTINCT x.root FROM gdpr_internal.refresh_tables(refresh_tables.plan) AS x ORDER BY 1 LOOP
    PERFORM gdpr_internal.execute_as_owner(t.root, format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', gdpr_internal.sql_name(t.root)));
  END LOOP;
  SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]') INTO obstacles FROM gdpr_internal.refresh_obstacles(refresh_tables.plan) AS x;
  FOR o IN SELECT x.relation, x.taken FROM jsonb_to_recordset(obstacles) AS x(place int, relation oid, taken text)
           ORDER BY x.place, x.relation, x.taken LOOP
    PERFORM gdpr_internal.execute_as_owner(o.relation, o.taken);
  END LOOP;
  FOR t IN SELECT x.relation, x.columns FROM gdpr_internal.refresh_tables(refresh_tables.plan) AS x ORDER BY 1 LOOP
    refresh_tables.relation := t.relation;
    refresh_tables.rows := gdpr_internal.refresh_table(t.relation, t.columns, refresh_tables.profile);
    RETURN NEXT;
  END LOOP;
  -- Keys before the foreign keys that need them, triggers last.
  FOR o IN SELECT x.relation, x.made FROM jsonb_to_recordset(obstacles) AS x(place int, relation oid, taken text, made text)
           ORDER BY x.place DESC, x.relation, x.taken LOOP
    PERFORM gdpr_internal.execute_as_owner(o.relation, o.made);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.refresh_tables(name, jsonb, text) IS
  'Replaces the values of tables of a restored copy by fakes; never of a database whose name was not spelled out';

--| What was done before, for a run that goes on.
CREATE OR REPLACE FUNCTION gdpr.refreshed_tables() RETURNS TABLE(relation regclass, profile text, rules jsonb, rows bigint, rewritten boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.resolve(r.relation_schema, r.relation_name), r.profile, r.rules, r.rows, r.rewritten
  FROM gdpr_internal.refreshed AS r ORDER BY r.relation_schema, r.relation_name
$$;
COMMENT ON FUNCTION gdpr.refreshed_tables() IS 'Tables of this copy that were anonymized in place';

--| Notes that a table's files hold no old rows any more (VACUUM FULL runs outside of transactions).
CREATE OR REPLACE FUNCTION gdpr.refresh_rewritten(staging_database name, relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.refresh_allowed(refresh_rewritten.staging_database, 'fake', ARRAY[refresh_rewritten.relation::oid]);
  UPDATE gdpr_internal.refreshed AS r SET rewritten = true
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = refresh_rewritten.relation AND r.relation_schema = n.nspname AND r.relation_name = c.relname;
END
$$;
COMMENT ON FUNCTION gdpr.refresh_rewritten(name, regclass) IS
  'Notes that the old rows of a table are gone from its files';
