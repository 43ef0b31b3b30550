-- SPDX-License-Identifier: PostgreSQL
-- Subject types: which tables hold people, and by which key.

--| Stops unless the relation is an ordinary or partitioned table of users.
CREATE OR REPLACE FUNCTION gdpr_internal.require_table(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
  problem text;
BEGIN
  IF require_table.relation IS NULL THEN
    RAISE EXCEPTION 'the relation must not be null' USING ERRCODE = '22004';
  END IF;
  SELECT k.relkind, k.relpersistence, k.relispartition, n.nspname INTO c
  FROM pg_class AS k JOIN pg_namespace AS n ON n.oid = k.relnamespace WHERE k.oid = require_table.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'relation with OID % does not exist', require_table.relation::oid USING ERRCODE = '42P01';
  END IF;
  problem := CASE
    WHEN c.nspname ~ '^pg_' OR c.nspname IN ('information_schema', 'gdpr', 'gdpr_internal') AND c.relpersistence <> 't'
      THEN 'It belongs to the system or to pg_gdpr.'
    WHEN c.relpersistence = 't' THEN 'It is temporary.'
    WHEN c.relkind = 'v' THEN 'It is a view.'
    WHEN c.relkind = 'm' THEN 'It is a materialized view.'
    WHEN c.relkind = 'f' THEN 'It is a foreign table.'
    WHEN c.relkind NOT IN ('r', 'p') THEN 'It is an index, a sequence or a composite type.'
    WHEN c.relispartition THEN 'It is a partition of another table.' END;
  IF c.relpersistence = 't' THEN
    problem := 'It is temporary.';
  END IF;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION 'relation % is not a table that can hold people''s data', gdpr_internal.sql_name(require_table.relation)
      USING ERRCODE = '42809', DETAIL = problem,
            HINT = 'Name the ordinary or partitioned table in which the rows are stored.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_table(regclass) IS
  'Stops unless the relation is an ordinary or partitioned table of users';

--| Stops unless the caller may change what is declared on a relation, even if that is gone.
CREATE OR REPLACE FUNCTION gdpr_internal.require_declarer(relation_schema name, relation_name name)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass := gdpr_internal.resolve(relation_schema, relation_name);
  caller oid := gdpr_internal.caller();
BEGIN
  IF relation IS NOT NULL THEN
    PERFORM gdpr_internal.require_owner(relation);
  ELSIF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = caller)
    AND NOT (SELECT pg_has_role(caller, d.datdba, 'USAGE') FROM pg_database AS d WHERE d.datname = current_database()) THEN
    RAISE EXCEPTION 'must be owner of the database'
      USING ERRCODE = '42501',
            DETAIL = format('Relation %I.%I, on which it was declared, does not exist any more.', relation_schema, relation_name);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_declarer(name, name) IS
  'Stops unless the caller may change what is declared on a relation';

--| True if a key may have the type. Casts and equality of keys work with our own rights and in views of ours: they
--| must be PostgreSQL's (or citext's), never an owner's.
CREATE OR REPLACE FUNCTION gdpr_internal.is_key_type(data_type oid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN coalesce(gdpr_internal.compare_class(data_type) <> 'numeric', false);
END
$$;
COMMENT ON FUNCTION gdpr_internal.is_key_type(oid) IS 'True if a key may have the type';

--| Columns whose types no key may have, NULL if there are none.
CREATE OR REPLACE FUNCTION gdpr_internal.unsupported_keys(relation regclass, columns name[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY array_position(columns, a.attname))
    FROM pg_attribute AS a
    WHERE a.attrelid = unsupported_keys.relation AND a.attname = ANY (columns) AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT gdpr_internal.is_key_type(a.atttypid));
END
$$;
COMMENT ON FUNCTION gdpr_internal.unsupported_keys(regclass, name[]) IS
  'Columns whose types no key may have, NULL if there are none';

--| Stops unless the columns can be a key; with a subject type whose key they are already.
CREATE OR REPLACE FUNCTION gdpr_internal.require_key_types(relation regclass, columns name[], subject_type text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  refused text := gdpr_internal.unsupported_keys(relation, columns);
  types CONSTANT text := 'smallint, integer, bigint, uuid, text, varchar, char, name, citext, domains over these, or several of them';
BEGIN
  IF refused IS NULL THEN
    RETURN;
  ELSIF subject_type IS NULL THEN
    RAISE EXCEPTION 'key type is not supported: %', refused USING ERRCODE = '0A000', HINT = format('Keys may be %s.', types);
  END IF;
  RAISE EXCEPTION 'key type is not supported: %', refused USING ERRCODE = '0A000',
    DETAIL = format('It is the key of subject type "%s".', subject_type),
    HINT = format('Run SELECT gdpr.unregister_subject(%L) first, or use one of these: %s.', subject_type, types);
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_key_types(regclass, name[], text) IS 'Stops unless columns have types that keys may have';

--| The type of a key column below its domains, whose checks are the owner's code; stops at any other.
CREATE OR REPLACE FUNCTION gdpr_internal.key_type(relation regclass, column_name name) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result oid := gdpr_internal.base_type(gdpr_internal.column_type(key_type.relation, key_type.column_name));
BEGIN
  IF NOT gdpr_internal.is_key_type(result) THEN
    PERFORM gdpr_internal.require_key_types(key_type.relation, ARRAY[key_type.column_name]);
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.key_type(regclass, name) IS 'The base type of a key column; stops if no key may have it';

--| The key of a table: its primary key, or the given columns if they are unique and not null.
CREATE OR REPLACE FUNCTION gdpr_internal.subject_key(relation regclass, key name[]) RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted name[] := subject_key.key;
  numbers int2[];
  refused text;
BEGIN
  IF wanted IS NULL THEN
    SELECT array_agg(a.attname ORDER BY k.n) INTO wanted
    FROM pg_constraint AS c, unnest(c.conkey) WITH ORDINALITY AS k(attnum, n), pg_attribute AS a
    WHERE c.conrelid = subject_key.relation AND c.contype = 'p'
      AND a.attrelid = c.conrelid AND a.attnum = k.attnum;
    IF wanted IS NULL THEN
      RAISE EXCEPTION 'relation % has no primary key', gdpr_internal.sql_name(subject_key.relation)
        USING ERRCODE = '42830',
              HINT = 'Name the columns of a unique key without nulls: gdpr.register_subject(…, key => ''{column}'').';
    END IF;
  END IF;
  numbers := gdpr_internal.column_numbers(subject_key.relation, wanted);
  IF numbers = '{}' OR NOT EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = subject_key.relation AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = cardinality(numbers)
      AND (i.indkey::int2[])[0:i.indnkeyatts - 1] @> numbers) THEN
    RAISE EXCEPTION 'no unique key on columns (%) of relation %',
        array_to_string(wanted, ', '), gdpr_internal.sql_name(subject_key.relation)
      USING ERRCODE = '42830', DETAIL = 'A partial, deferrable or expression index does not identify a person.',
            HINT = 'Create a primary key or a unique constraint on exactly these columns.';
  END IF;
  SELECT string_agg(quote_ident(a.attname), ', ') INTO refused FROM pg_attribute AS a
  WHERE a.attrelid = subject_key.relation AND a.attnum = ANY (numbers) AND NOT a.attnotnull;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'key columns must be NOT NULL: %', refused USING ERRCODE = '42830',
      HINT = 'A person without a key cannot be named; ALTER TABLE … ALTER COLUMN … SET NOT NULL.';
  END IF;
  PERFORM gdpr_internal.require_key_types(subject_key.relation, wanted);
  RETURN wanted;
END
$$;
COMMENT ON FUNCTION gdpr_internal.subject_key(regclass, name[]) IS
  'The key of a table of people: its primary key, or given columns that are unique and not null';

--| Creates a view gdpr.<type>_… for joins: the key in its own type, then the columns. The source's row v has
--| subject_type and subject_key.
CREATE OR REPLACE FUNCTION gdpr_internal.create_native_view(subject_type text, suffix text, columns text, source text, about text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(create_native_view.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  view_name text := format('gdpr.%I', s.subject_type || suffix);
  keys text;
BEGIN
  -- The CASE keeps one type's keys from being cast to another type's, and digests from being cast at all.
  -- COLLATE "default" gives way to the collation of the table that the view is joined with.
  SELECT string_agg(format('CASE WHEN v.subject_type = %L AND %s THEN (%s)::%s%s END AS %I', s.subject_type,
      gdpr_internal.is_key_sql(x.v, y.t), x.v, gdpr_internal.type_name(y.t),
      CASE gdpr_internal.compare_class(y.t) WHEN 'text' THEN ' COLLATE "default"' ELSE '' END, k), E',\n    ' ORDER BY n)
  INTO keys
  FROM unnest(s.key) WITH ORDINALITY AS u(k, n),
    LATERAL (SELECT gdpr_internal.key_type(relation, k)) AS y(t),
    LATERAL (SELECT CASE WHEN cardinality(s.key) = 1 THEN 'v.subject_key'
                         ELSE format('(gdpr_internal.row_fields(v.subject_key))[%s]', n) END) AS x(v);
  IF to_regclass(view_name) IS NOT NULL THEN
    EXECUTE format('DROP VIEW %s', view_name);
  END IF;
  EXECUTE format(E'CREATE VIEW %s AS\n  SELECT %s,\n    %s\n  FROM %s\n  WHERE v.subject_type = %L',
    view_name, keys, create_native_view.columns, source, s.subject_type);
  EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, about);
  EXECUTE format('GRANT SELECT ON %s TO %I', view_name,
    (SELECT r.rolname FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner WHERE c.oid = relation));
  PERFORM gdpr_internal.apply_bundles();
END
$$;
COMMENT ON FUNCTION gdpr_internal.create_native_view(text, text, text, text, text) IS
  'Creates a view about the people of a subject type, with the key in its own type';

--| Creates gdpr.<type>_frozen: who is frozen, with the key in its own type, for joins.
CREATE OR REPLACE FUNCTION gdpr_internal.create_frozen_view(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.create_native_view(create_frozen_view.subject_type, '_frozen', 'v.erasure, e.erased_at',
    'gdpr_internal.frozen AS v LEFT JOIN gdpr_internal.erasure AS e ON e.erasure = v.erasure',
    format('People of subject type "%s" who are anonymized and frozen, for joins', create_frozen_view.subject_type));
END
$$;
COMMENT ON FUNCTION gdpr_internal.create_frozen_view(text) IS
  'Creates gdpr.<type>_frozen: who is frozen, with the key in its own type';

--| Declares a table of people.
CREATE OR REPLACE FUNCTION gdpr_internal.register_subject(
  subject_type text, relation regclass, key name[] DEFAULT NULL, anonymization boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted gdpr_internal.subject_type;
  known gdpr_internal.subject_type;
BEGIN
  IF register_subject.subject_type IS NULL OR register_subject.anonymization IS NULL THEN
    RAISE EXCEPTION 'the subject type and anonymization must not be null' USING ERRCODE = '22004';
  ELSIF register_subject.subject_type !~ '^[a-z_][a-z0-9_]{0,39}$' THEN
    RAISE EXCEPTION 'the name of a subject type is a plain identifier' USING ERRCODE = '42602',
      DETAIL = 'It becomes part of the name of a view.',
      HINT = 'Use at most 40 lower-case letters, digits and underscores, not beginning with a digit.';
  END IF;
  PERFORM gdpr_internal.require_table(register_subject.relation);
  PERFORM gdpr_internal.require_owner(register_subject.relation);
  LOCK TABLE gdpr_internal.subject_type IN SHARE ROW EXCLUSIVE MODE;
  SELECT register_subject.subject_type, n.nspname, c.relname, c.oid, pg_get_userbyid(c.relowner) INTO
    wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.relation_oid, wanted.relation_owner
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = register_subject.relation;
  wanted.key := gdpr_internal.subject_key(register_subject.relation, register_subject.key);
  wanted.key_attnums := gdpr_internal.column_numbers(register_subject.relation, wanted.key);
  wanted.anonymization := register_subject.anonymization;
  SELECT s.* INTO known FROM gdpr_internal.subject_type AS s WHERE s.subject_type = wanted.subject_type;
  IF FOUND THEN
    IF (known.relation_schema, known.relation_name, known.key, known.anonymization)
       IS DISTINCT FROM (wanted.relation_schema, wanted.relation_name, wanted.key, wanted.anonymization) THEN
      RAISE EXCEPTION 'subject type "%" is already registered differently', wanted.subject_type
        USING ERRCODE = '42710',
              DETAIL = format('It is %I.%I with key (%s)%s.', known.relation_schema, known.relation_name,
                array_to_string(known.key, ', '), CASE WHEN known.anonymization THEN '' ELSE ', never anonymized' END),
              HINT = format('Run SELECT gdpr.unregister_subject(%L) first.', wanted.subject_type);
    END IF;
    UPDATE gdpr_internal.subject_type AS s
    SET relation_oid = wanted.relation_oid, relation_owner = wanted.relation_owner, key_attnums = wanted.key_attnums
    WHERE s.subject_type = wanted.subject_type;
    PERFORM gdpr_internal.create_allowed(wanted.subject_type);
    IF to_regclass(format('gdpr.%I', wanted.subject_type || '_consent')) IS NULL THEN
      PERFORM gdpr_internal.create_consent_view(wanted.subject_type);
    END IF;
    RAISE NOTICE 'subject type "%" is already registered', wanted.subject_type;
    RETURN;
  END IF;
  INSERT INTO gdpr_internal.subject_type SELECT wanted.*;
  PERFORM gdpr_internal.create_frozen_view(wanted.subject_type);
  PERFORM gdpr_internal.create_allowed(wanted.subject_type), gdpr_internal.create_consent_view(wanted.subject_type);
  PERFORM gdpr_internal.refresh_guard(register_subject.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.register_subject(text, regclass, name[], boolean) IS
  'Declares a table of people under a name; the key defaults to the primary key';

--| Takes a subject type with everything declared for it, its frozen people, guards and view away.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_subject(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(forget_subject.subject_type);
  guarded regclass[];
BEGIN
  SELECT array_agg(r.relation) INTO guarded FROM (
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)
    UNION
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name) FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type
    UNION
    SELECT gdpr_internal.resolve(b.relation_schema, b.relation_name) FROM gdpr_internal.blocker AS b
    WHERE b.subject_type = s.subject_type) AS r(relation) WHERE r.relation IS NOT NULL;
  PERFORM gdpr_internal.record_reads(r) FROM unnest(guarded) AS r;  -- whose rows are read from now on is not known
  PERFORM gdpr_internal.drop_masked_views(s.subject_type), gdpr_internal.release_subject(s.subject_type);
  DELETE FROM gdpr_internal.frozen_value AS v USING gdpr_internal.link AS l
  WHERE l.link = v.link AND l.subject_type = s.subject_type;
  DELETE FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type;
  DELETE FROM gdpr_internal.link AS l WHERE l.subject_type = s.subject_type;
  DELETE FROM gdpr_internal.blocker AS b WHERE b.subject_type = s.subject_type;
  DELETE FROM gdpr_internal.redirect AS r WHERE r.subject_type = s.subject_type;
  PERFORM gdpr_internal.forget_retention(s.subject_type);
  PERFORM gdpr_internal.forget_consent(s.subject_type);
  DELETE FROM gdpr_internal.subject_type AS t WHERE t.subject_type = s.subject_type;
  IF to_regclass(format('gdpr.%I', s.subject_type || '_frozen')) IS NOT NULL THEN
    EXECUTE format('DROP VIEW gdpr.%I', s.subject_type || '_frozen');
  END IF;
  PERFORM gdpr_internal.refresh_guard(r) FROM unnest(guarded) AS r;
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_subject(text) IS
  'Takes a subject type with everything declared for it, its frozen people, guards and view away';

--| Gives up a subject type with its links, blockers and redirects.
CREATE OR REPLACE FUNCTION gdpr_internal.unregister_subject(subject_type text, forget_frozen boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(unregister_subject.subject_type);
  people bigint;
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name);
  LOCK TABLE gdpr_internal.subject_type IN SHARE ROW EXCLUSIVE MODE;
  SELECT count(*) INTO people FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type;
  IF people > 0 AND unregister_subject.forget_frozen IS NOT TRUE THEN
    RAISE EXCEPTION 'subject type "%" has % frozen people', s.subject_type, people
      USING ERRCODE = '2BP01', DETAIL = 'Without the subject type their rows could be filled again.',
            HINT = format('To let them go, run SELECT gdpr.unregister_subject(%L, forget_frozen => true). Certificates stay.', s.subject_type);
  END IF;
  PERFORM gdpr_internal.forget_subject(s.subject_type);
END
$$;
COMMENT ON FUNCTION gdpr_internal.unregister_subject(text, boolean) IS
  'Gives up a subject type with its links, blockers and redirects; refused while it has frozen people unless told to forget them';

--| True if a relation or one of its columns is gone.
CREATE OR REPLACE FUNCTION gdpr_internal.is_missing(relation_schema name, relation_name name, VARIADIC columns name[])
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.resolve($1, $2) IS NULL OR EXISTS (
    SELECT FROM unnest($3) AS c
    WHERE c IS NOT NULL AND gdpr_internal.column_type(gdpr_internal.resolve($1, $2), c) IS NULL)
$$;
COMMENT ON FUNCTION gdpr_internal.is_missing(name, name, name[]) IS
  'True if a relation or one of its columns is gone';

--| Gives up what was declared on tables and columns that are gone.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_missing(subject_type text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_missing.subject_type);
  gone bigint := 0;
  n bigint;
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name);
  PERFORM gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  LOOP
    -- What hung on a table that is gone cannot be reached any more either.
    DELETE FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type AND (
      gdpr_internal.is_missing(l.relation_schema, l.relation_name, VARIADIC l.columns || l.discriminator)
      OR gdpr_internal.is_missing(l.parent_schema, l.parent_name, VARIADIC l.parent_columns)
      OR NOT (l.parent_schema = s.relation_schema AND l.parent_name = s.relation_name)
         AND NOT EXISTS (SELECT FROM gdpr_internal.link AS p
           WHERE p.subject_type = s.subject_type AND p.scope <> 'stop' AND p.link <> l.link
             AND p.relation_schema = l.parent_schema AND p.relation_name = l.parent_name));
    GET DIAGNOSTICS n = ROW_COUNT;
    EXIT WHEN n = 0;
    gone := gone + n;
  END LOOP;
  DELETE FROM gdpr_internal.blocker AS b
  WHERE b.subject_type = s.subject_type AND gdpr_internal.is_missing(b.relation_schema, b.relation_name, b.key_column);
  GET DIAGNOSTICS n = ROW_COUNT;
  gone := gone + n;
  DELETE FROM gdpr_internal.redirect AS r
  WHERE r.subject_type = s.subject_type AND NOT EXISTS (SELECT FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type AND l.scope = 'owned' AND r.column_name = ANY (l.columns)
      AND l.relation_schema = r.relation_schema AND l.relation_name = r.relation_name);
  GET DIAGNOSTICS n = ROW_COUNT;
  gone := gone + n;
  gone := gone + gdpr_internal.drop_missing_interactions(s.subject_type);
  DELETE FROM gdpr_internal.frozen_value AS v
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.link AS l WHERE l.link = v.link);
  PERFORM gdpr_internal.refresh_guards(), gdpr_internal.refresh_protections();
  RETURN gone;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_missing(text) IS
  'Gives up links, blockers, redirects and interactions on tables and columns that do not exist any more; returns how many';
