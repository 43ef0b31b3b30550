-- SPDX-License-Identifier: PostgreSQL
-- Renames are followed, new children are guarded, and drops are pointed out.

--| Column names after a rename: a name that is gone is replaced by the one its column has now.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_columns(relation regclass, columns name[], attnums int2[])
RETURNS name[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(coalesce(
      (SELECT a.attname FROM pg_attribute AS a
       WHERE a.attrelid = $1 AND a.attname = u.name AND NOT a.attisdropped),
      (SELECT a.attname FROM pg_attribute AS a
       WHERE a.attrelid = $1 AND a.attnum = u.number AND NOT a.attisdropped AND a.attname <> ALL ($2)),
      u.name) ORDER BY u.n)
  FROM unnest($2, $3) WITH ORDINALITY AS u(name, number, n)
$$;
COMMENT ON FUNCTION gdpr_internal.follow_columns(regclass, name[], int2[]) IS
  'Column names after a rename';

--| Column numbers by name; a column that is gone keeps its number.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_numbers(relation regclass, columns name[], attnums int2[])
RETURNS int2[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(coalesce(
      (SELECT a.attnum FROM pg_attribute AS a
       WHERE a.attrelid = $1 AND a.attname = u.name AND NOT a.attisdropped), u.number) ORDER BY u.n)
  FROM unnest($2, $3) WITH ORDINALITY AS u(name, number, n)
$$;
COMMENT ON FUNCTION gdpr_internal.follow_numbers(regclass, name[], int2[]) IS
  'Column numbers by name; a column that is gone keeps its number';

--| Relations that were renamed or moved by this command: old name, new name.
CREATE OR REPLACE FUNCTION gdpr_internal.moved_relations(objects oid[])
RETURNS TABLE(relid oid, old_schema name, old_name name, new_schema name, new_name name)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT c.oid, d.nsp, d.rel, n.nspname, c.relname
  FROM (
    SELECT s.relation_oid, s.relation_schema, s.relation_name FROM gdpr_internal.subject_type AS s
    UNION SELECT l.relation_oid, l.relation_schema, l.relation_name FROM gdpr_internal.link AS l
    UNION SELECT l.parent_oid, l.parent_schema, l.parent_name FROM gdpr_internal.link AS l
    UNION SELECT b.relation_oid, b.relation_schema, b.relation_name FROM gdpr_internal.blocker AS b
    UNION SELECT r.relation_oid, r.relation_schema, r.relation_name FROM gdpr_internal.redirect AS r
    UNION SELECT i.relation_oid, i.relation_schema, i.relation_name FROM gdpr_internal.interaction AS i
  ) AS d(relid, nsp, rel)
  JOIN pg_class AS c ON c.oid = d.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  -- After a restore the OIDs mean nothing; only an object of this very command can have moved.
  WHERE (c.oid = ANY ($1) OR n.oid = ANY ($1)) AND gdpr_internal.resolve(d.nsp, d.rel) IS NULL
$$;
COMMENT ON FUNCTION gdpr_internal.moved_relations(oid[]) IS
  'Relations that were renamed or moved by a command: old name, new name';

--| Writes new names of relations down.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_relations(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  m record;
BEGIN
  FOR m IN SELECT * FROM gdpr_internal.moved_relations(objects) LOOP
    UPDATE gdpr_internal.subject_type AS s SET relation_schema = m.new_schema, relation_name = m.new_name
    WHERE s.relation_oid = m.relid AND s.relation_schema = m.old_schema AND s.relation_name = m.old_name;
    UPDATE gdpr_internal.link AS l SET relation_schema = m.new_schema, relation_name = m.new_name
    WHERE l.relation_oid = m.relid AND l.relation_schema = m.old_schema AND l.relation_name = m.old_name;
    UPDATE gdpr_internal.link AS l SET parent_schema = m.new_schema, parent_name = m.new_name
    WHERE l.parent_oid = m.relid AND l.parent_schema = m.old_schema AND l.parent_name = m.old_name;
    UPDATE gdpr_internal.blocker AS b SET relation_schema = m.new_schema, relation_name = m.new_name
    WHERE b.relation_oid = m.relid AND b.relation_schema = m.old_schema AND b.relation_name = m.old_name;
    UPDATE gdpr_internal.redirect AS r SET relation_schema = m.new_schema, relation_name = m.new_name
    WHERE r.relation_oid = m.relid AND r.relation_schema = m.old_schema AND r.relation_name = m.old_name;
    UPDATE gdpr_internal.interaction AS i SET relation_schema = m.new_schema, relation_name = m.new_name
    WHERE i.relation_oid = m.relid AND i.relation_schema = m.old_schema AND i.relation_name = m.old_name;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_relations(oid[]) IS 'Writes new names of relations down';

--| True if a table of that name is the declared one, or was made again by the owner or a superuser.
CREATE OR REPLACE FUNCTION gdpr_internal.is_same(relation regclass, declared_oid oid, declared_owner name) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT $1::oid = $2 OR EXISTS (
    SELECT FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner
    WHERE c.oid = $1 AND (r.rolname = $3 OR r.rolsuper))
$$;
COMMENT ON FUNCTION gdpr_internal.is_same(regclass, oid, name) IS
  'True if a table of that name is the declared one, or was made again by its owner';

--| Notes who owns the declared tables now; an owner gives them away, nobody takes them.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_owners() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.subject_type AS s SET relation_owner = pg_get_userbyid(c.relowner) FROM pg_class AS c
  WHERE c.oid = s.relation_oid AND c.oid = gdpr_internal.resolve(s.relation_schema, s.relation_name)
    AND s.relation_owner <> pg_get_userbyid(c.relowner);
  UPDATE gdpr_internal.link AS l SET relation_owner = pg_get_userbyid(c.relowner) FROM pg_class AS c
  WHERE c.oid = l.relation_oid AND c.oid = gdpr_internal.resolve(l.relation_schema, l.relation_name)
    AND l.relation_owner <> pg_get_userbyid(c.relowner);
  UPDATE gdpr_internal.blocker AS b SET relation_owner = pg_get_userbyid(c.relowner) FROM pg_class AS c
  WHERE c.oid = b.relation_oid AND c.oid = gdpr_internal.resolve(b.relation_schema, b.relation_name)
    AND b.relation_owner <> pg_get_userbyid(c.relowner);
  UPDATE gdpr_internal.interaction AS i SET relation_owner = pg_get_userbyid(c.relowner) FROM pg_class AS c
  WHERE c.oid = i.relation_oid AND c.oid = gdpr_internal.resolve(i.relation_schema, i.relation_name)
    AND i.relation_owner <> pg_get_userbyid(c.relowner);
$$;
COMMENT ON FUNCTION gdpr_internal.follow_owners() IS 'Notes who owns the declared tables now';

--| Writes new names of columns down, and refreshes OIDs and numbers after a restore or a re-creation.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_names() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A column is followed only while the OID still is the named relation's.
  UPDATE gdpr_internal.subject_type AS s SET key = f.key, key_attnums = f.numbers, relation_oid = f.relid
  FROM (SELECT x.subject_type, x.relid, k.key, gdpr_internal.follow_numbers(x.relid, k.key, x.key_attnums) AS numbers
        FROM (SELECT y.*, gdpr_internal.resolve(y.relation_schema, y.relation_name) AS relid FROM gdpr_internal.subject_type AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.relation_oid
            THEN gdpr_internal.follow_columns(x.relid, x.key, x.key_attnums) ELSE x.key END AS key) AS k
        WHERE x.relid IS NOT NULL AND gdpr_internal.is_same(x.relid, x.relation_oid, x.relation_owner)) AS f
  WHERE s.subject_type = f.subject_type AND (s.key, s.key_attnums, s.relation_oid) IS DISTINCT FROM (f.key, f.numbers, f.relid::oid);
  UPDATE gdpr_internal.link AS l SET columns = f.columns, attnums = f.numbers, relation_oid = f.relid,
    discriminator = f.discriminator[1], discriminator_attnum = f.discriminator_number[1]
  FROM (SELECT x.link, x.relid, k.columns, gdpr_internal.follow_numbers(x.relid, k.columns, x.attnums) AS numbers, k.discriminator,
          gdpr_internal.follow_numbers(x.relid, k.discriminator, ARRAY[x.discriminator_attnum]) AS discriminator_number
        FROM (SELECT y.*, gdpr_internal.resolve(y.relation_schema, y.relation_name) AS relid FROM gdpr_internal.link AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.relation_oid
              THEN gdpr_internal.follow_columns(x.relid, x.columns, x.attnums) ELSE x.columns END AS columns,
            CASE WHEN x.relid = x.relation_oid AND x.discriminator IS NOT NULL
              THEN gdpr_internal.follow_columns(x.relid, ARRAY[x.discriminator], ARRAY[x.discriminator_attnum])
              ELSE ARRAY[x.discriminator] END AS discriminator) AS k
        WHERE x.relid IS NOT NULL AND gdpr_internal.is_same(x.relid, x.relation_oid, x.relation_owner)) AS f
  WHERE l.link = f.link AND (l.columns, l.attnums, l.relation_oid, l.discriminator, l.discriminator_attnum)
    IS DISTINCT FROM (f.columns, f.numbers, f.relid::oid, f.discriminator[1], f.discriminator_number[1]);
  UPDATE gdpr_internal.link AS l SET parent_columns = f.columns, parent_attnums = f.numbers, parent_oid = f.relid
  FROM (SELECT x.link, x.relid, k.columns, gdpr_internal.follow_numbers(x.relid, k.columns, x.parent_attnums) AS numbers
        FROM (SELECT y.*, gdpr_internal.resolve(y.parent_schema, y.parent_name) AS relid FROM gdpr_internal.link AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.parent_oid
            THEN gdpr_internal.follow_columns(x.relid, x.parent_columns, x.parent_attnums) ELSE x.parent_columns END AS columns) AS k
        WHERE x.relid IS NOT NULL) AS f
  WHERE l.link = f.link AND (l.parent_columns, l.parent_attnums, l.parent_oid) IS DISTINCT FROM (f.columns, f.numbers, f.relid::oid);
  UPDATE gdpr_internal.blocker AS b SET key_column = f.columns[1], key_attnum = f.numbers[1], relation_oid = f.relid
  FROM (SELECT x.subject_type, x.name, x.relid, k.columns, gdpr_internal.follow_numbers(x.relid, k.columns, ARRAY[x.key_attnum]) AS numbers
        FROM (SELECT y.*, gdpr_internal.resolve(y.relation_schema, y.relation_name) AS relid FROM gdpr_internal.blocker AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.relation_oid
            THEN gdpr_internal.follow_columns(x.relid, ARRAY[x.key_column], ARRAY[x.key_attnum]) ELSE ARRAY[x.key_column] END AS columns) AS k
        WHERE x.relid IS NOT NULL AND gdpr_internal.is_same(x.relid, x.relation_oid, x.relation_owner)) AS f
  WHERE b.subject_type = f.subject_type AND b.name = f.name
    AND (b.key_column, b.key_attnum, b.relation_oid) IS DISTINCT FROM (f.columns[1], f.numbers[1], f.relid::oid);
  UPDATE gdpr_internal.redirect AS r SET column_name = f.columns[1], attnum = f.numbers[1], relation_oid = f.relid
  FROM (SELECT x.subject_type, x.relation_schema, x.relation_name, x.column_name, x.relid, k.columns,
          gdpr_internal.follow_numbers(x.relid, k.columns, ARRAY[x.attnum]) AS numbers
        FROM (SELECT y.*, gdpr_internal.resolve(y.relation_schema, y.relation_name) AS relid FROM gdpr_internal.redirect AS y) AS x,
          LATERAL (SELECT CASE WHEN x.relid = x.relation_oid
            THEN gdpr_internal.follow_columns(x.relid, ARRAY[x.column_name], ARRAY[x.attnum]) ELSE ARRAY[x.column_name] END AS columns) AS k
        WHERE x.relid IS NOT NULL) AS f
  WHERE (r.subject_type, r.relation_schema, r.relation_name, r.column_name) = (f.subject_type, f.relation_schema, f.relation_name, f.column_name)
    AND (r.column_name, r.attnum, r.relation_oid) IS DISTINCT FROM (f.columns[1], f.numbers[1], f.relid::oid);
  PERFORM gdpr_internal.follow_interactions();
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_names() IS
  'Writes new names of columns down, and refreshes OIDs and column numbers after a restore';

--| Subject types whose table is there with its whole key, and is the declared one: what a stranger made under
--| the name of a table that is gone is not followed.
CREATE OR REPLACE FUNCTION gdpr_internal.declared_subjects()
RETURNS TABLE(subject_type text, relation regclass, key name[], supported boolean)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT s.subject_type, r.relation, s.key, gdpr_internal.unsupported_keys(r.relation, s.key) IS NULL
  FROM gdpr_internal.subject_type AS s, LATERAL (SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)) AS r(relation)
  WHERE NOT gdpr_internal.is_missing(s.relation_schema, s.relation_name, VARIADIC s.key)
    AND gdpr_internal.is_same(r.relation, s.relation_oid, s.relation_owner);
END
$$;
COMMENT ON FUNCTION gdpr_internal.declared_subjects() IS
  'Subject types whose declared table is there with its whole key, and whether the types of the key are supported';

--| Stops a command that leaves people under a key that register_subject() would refuse. It may have named the
--| table, its schema, an ancestor whose columns are inherited, or the type that a typed table is made of.
CREATE OR REPLACE FUNCTION gdpr_internal.check_keys(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.require_key_types(s.relation, s.key, s.subject_type)
  FROM gdpr_internal.declared_subjects() AS s
  WHERE NOT s.supported AND EXISTS (
    WITH RECURSIVE up(relid) AS (
      SELECT s.relation::oid
      UNION
      SELECT i.inhparent FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
    )
    SELECT FROM up AS u JOIN pg_class AS c ON c.oid = u.relid LEFT JOIN pg_type AS t ON t.oid = c.reloftype
    WHERE ARRAY[c.oid, c.relnamespace, t.typrelid] && objects);
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_keys(oid[]) IS
  'Stops a command that gives a table of people a key whose type is not supported';

--| Gives the views gdpr.<type>_frozen the key's names and types of today.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_frozen_views() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v record;
BEGIN
  FOR v IN
    SELECT s.subject_type, c.oid::regclass AS view, a.attname AS old, s.key[a.attnum] AS new,
      a.atttypid <> gdpr_internal.key_type(s.relation, s.key[a.attnum]) AS retyped
    FROM gdpr_internal.declared_subjects() AS s
    JOIN pg_class AS c ON c.relname = s.subject_type || '_frozen' AND c.relkind = 'v' AND c.relnamespace = 'gdpr'::regnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum BETWEEN 1 AND cardinality(s.key)
    WHERE s.supported
  LOOP
    IF v.old <> v.new THEN
      EXECUTE format('ALTER VIEW %s RENAME COLUMN %I TO %I', v.view, v.old, v.new);
    END IF;
    IF v.retyped THEN
      BEGIN
        PERFORM gdpr_internal.create_frozen_view(v.subject_type);
      EXCEPTION WHEN dependent_objects_still_exist THEN
        RAISE WARNING 'view % still has the old type of the key', v.view
          USING HINT = 'Other views depend on it; drop them and the view, then register the subject type again.';
      END;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_frozen_views() IS
  'Gives the views gdpr.<type>_frozen the names and types that the key has now';

--| Guards remember their links' parents; they look again when one of these objects changed.
CREATE OR REPLACE FUNCTION gdpr_internal.parents_changed(objects oid[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.guard_changed(r.relation)
  FROM (SELECT DISTINCT gdpr_internal.resolve(l.relation_schema, l.relation_name)
        FROM gdpr_internal.link AS l
        WHERE l.scope = 'owned' AND (l.parent_oid = ANY ($1)
          OR (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = l.parent_schema) = ANY ($1))) AS r(relation)
  WHERE r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.parents_changed(oid[]) IS
  'Makes guards look again whose links have changed parents';

--| Event trigger: follows renames and guards new children. Does nothing while nothing is declared,
--| so neither CREATE EXTENSION nor the first part of a restore notices it.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  objects oid[];
  relation oid;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.subject_type) THEN
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT c.objid) INTO objects FROM pg_event_trigger_ddl_commands() AS c
  WHERE c.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass)
    AND coalesce(c.schema_name, '') NOT IN ('pg_temp', 'gdpr', 'gdpr_internal');
  IF objects IS NULL THEN
    RETURN;
  END IF;
  PERFORM gdpr_internal.follow_owners(), gdpr_internal.follow_relations(objects), gdpr_internal.follow_names(),
    gdpr_internal.check_keys(objects), gdpr_internal.follow_frozen_views(), gdpr_internal.follow_allowed(), gdpr_internal.parents_changed(objects), gdpr_internal.follow_protection(objects);
  -- pg_restore brings the triggers itself, after the data.
  FOR relation IN
    SELECT c.oid FROM pg_class AS c
    WHERE c.oid = ANY (objects) AND c.relkind IN ('r', 'p') AND current_setting('application_name') <> 'pg_restore'
      AND (TG_TAG <> 'ALTER TABLE' OR gdpr_internal.has_guard(c.oid) OR EXISTS (
        SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid AND gdpr_internal.has_guard(i.inhparent)))
  LOOP
    PERFORM gdpr_internal.refresh_guard(relation);
  END LOOP;
  PERFORM gdpr_internal.protect_children(objects);
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_ddl() IS
  'Event trigger gdpr_follow_ddl: follows renames and guards new children of guarded tables';

--| Event trigger: a masked view reads as a role of ours, which policies for single roles or with
--| subqueries could not bind as they bind its readers.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_policies() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- the last that a restore brings
  IF EXISTS (SELECT FROM gdpr_internal.protection) THEN
    PERFORM gdpr_internal.follow_restored();
  END IF;
  IF EXISTS (SELECT FROM gdpr_internal.masked_view) THEN
    PERFORM gdpr_internal.require_maskable_policies(p.polrelid::regclass)
    FROM pg_event_trigger_ddl_commands() AS c
    JOIN pg_policy AS p ON c.classid = 'pg_policy'::regclass AND p.oid = c.objid
    JOIN gdpr_internal.masked_view AS v ON gdpr_internal.resolve(v.relation_schema, v.relation_name) = p.polrelid;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_policies() IS
  'Event trigger gdpr_follow_policies: refuses policies that masked views of the table could not keep, and notices a restore';

--| Event trigger: says what a DROP leaves undone. Runs and preflight stop until it is settled.
CREATE OR REPLACE FUNCTION gdpr_internal.point_out_drops() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d record;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.subject_type) THEN
    RETURN;
  END IF;
  -- a table of that name that is made later is another one: it has no policies and is not taken for it
  DELETE FROM gdpr_internal.protection AS p USING pg_event_trigger_dropped_objects() AS o
  WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND o.schema_name = p.relation_schema AND o.object_name = p.relation_name;
  DELETE FROM gdpr_internal.masked_view AS v USING pg_event_trigger_dropped_objects() AS o
  WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND o.schema_name = v.view_schema AND o.object_name = v.view_name;
  PERFORM gdpr_internal.parents_changed(ARRAY(
    SELECT o.objid FROM pg_event_trigger_dropped_objects() AS o WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0));
  FOR d IN
    SELECT DISTINCT o.schema_name, n.rel, n.subject_type
    FROM pg_event_trigger_dropped_objects() AS o
    JOIN (
      SELECT s.relation_schema, s.relation_name, s.subject_type FROM gdpr_internal.subject_type AS s
      UNION SELECT l.relation_schema, l.relation_name, l.subject_type FROM gdpr_internal.link AS l WHERE l.scope <> 'stop'
      UNION SELECT b.relation_schema, b.relation_name, b.subject_type FROM gdpr_internal.blocker AS b
    ) AS n(nsp, rel, subject_type) ON n.nsp = o.schema_name AND n.rel = o.object_name
    WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND gdpr_internal.resolve(n.nsp, n.rel) IS NULL
  LOOP
    RAISE WARNING 'relation %.% was declared for subject type "%"', quote_ident(d.schema_name), quote_ident(d.rel), d.subject_type
      USING DETAIL = 'Nobody of this type can be anonymized until this is settled.',
            HINT = format('Create it again, or run SELECT gdpr.drop_missing(%L).', d.subject_type);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.point_out_drops() IS
  'Event trigger gdpr_point_out_drops: warns when a declared relation is dropped';

--| The event triggers themselves; there is no CREATE OR REPLACE for them.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname OPERATOR(pg_catalog.=) 'gdpr_follow_ddl') THEN
    CREATE EVENT TRIGGER gdpr_follow_ddl ON ddl_command_end
      -- ALTER INDEX renames tables as well, ALTER TYPE changes typed tables
      WHEN TAG IN ('ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER TYPE',
                   'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'CREATE VIEW',
                   'CREATE MATERIALIZED VIEW', 'CREATE FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA')
      EXECUTE FUNCTION gdpr_internal.follow_ddl();
    COMMENT ON EVENT TRIGGER gdpr_follow_ddl IS 'Follows renames of declared tables and columns, guards new children';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname OPERATOR(pg_catalog.=) 'gdpr_follow_policies') THEN
    CREATE EVENT TRIGGER gdpr_follow_policies ON ddl_command_end
      WHEN TAG IN ('CREATE POLICY', 'ALTER POLICY')
      EXECUTE FUNCTION gdpr_internal.follow_policies();
    COMMENT ON EVENT TRIGGER gdpr_follow_policies IS 'Refuses policies that masked views could not keep';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname OPERATOR(pg_catalog.=) 'gdpr_point_out_drops') THEN
    CREATE EVENT TRIGGER gdpr_point_out_drops ON sql_drop
      WHEN TAG IN ('DROP TABLE', 'DROP VIEW', 'DROP MATERIALIZED VIEW', 'DROP SCHEMA', 'DROP OWNED')
      EXECUTE FUNCTION gdpr_internal.point_out_drops();
    COMMENT ON EVENT TRIGGER gdpr_point_out_drops IS 'Warns when a declared table is dropped';
  END IF;
END
$$;
