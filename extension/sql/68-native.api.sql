-- SPDX-License-Identifier: PostgreSQL
-- What registering a table of people makes for consent: the table of masks gdpr_internal.<type>_allowed
-- and the view gdpr.<type>_consent, both with the key in its own type. They are no members of the
-- extension: they come and go with the subject type, and pg_dump dumps them like any table.

--| The key columns as the table of masks has them: base types, and the collations of the table of people.
CREATE OR REPLACE FUNCTION gdpr_internal.native_columns(subject_type text)
RETURNS TABLE(n bigint, name name, type_name text, collation_sql text)
LANGUAGE plpgsql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(native_columns.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
BEGIN
  RETURN QUERY
  SELECT k.n, k.name, gdpr_internal.type_name(gdpr_internal.key_type(relation, k.name)),
    coalesce((SELECT format(' COLLATE %I.%I', y.nspname, c.collname)
      FROM pg_collation AS c JOIN pg_namespace AS y ON y.oid = c.collnamespace WHERE c.oid = a.attcollation), '')
  FROM unnest(s.key) WITH ORDINALITY AS k(name, n)
  JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = k.name;
END
$$;
COMMENT ON FUNCTION gdpr_internal.native_columns(text) IS 'The key columns of a table of masks';

--| Creates a table of masks. A collation in a schema that is not ours to use can only be named by the owner
--| of the table of people: then the owner creates the table, on the owner's search_path, and it is ours before
--| anybody else sees it. Nothing in the statement goes by that path.
CREATE OR REPLACE FUNCTION gdpr_internal.make_native(subject_type text, statement text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(make_native.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  owner text := (SELECT quote_ident(r.rolname) FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner WHERE c.oid = relation);
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_collation AS c ON c.oid = a.attcollation
      WHERE a.attrelid = relation AND a.attname = ANY (s.key) AND NOT has_schema_privilege(c.collnamespace, 'USAGE')) THEN
    EXECUTE statement;
    RETURN;
  END IF;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA gdpr_internal TO %s', owner);
  PERFORM gdpr_internal.execute_as_owner(relation, statement);
  EXECUTE format('REVOKE USAGE, CREATE ON SCHEMA gdpr_internal FROM %s', owner);
  PERFORM gdpr_internal.take_relation(gdpr_internal.allowed_table(s.subject_type)::regclass);
END
$$;
COMMENT ON FUNCTION gdpr_internal.make_native(text, text) IS 'Creates a table of masks, whatever schema the collation of its key is in';

--| Creates gdpr_internal.<type>_allowed, and fills it with what was recorded under that name before.
CREATE OR REPLACE FUNCTION gdpr_internal.create_allowed(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  native text := gdpr_internal.allowed_table(create_allowed.subject_type);
  definition text;
  taken name;
BEGIN
  INSERT INTO gdpr_internal.consent_setting (subject_type, default_allowed, default_changeable)
  VALUES (create_allowed.subject_type, 1, 1) ON CONFLICT DO NOTHING;
  PERFORM gdpr_internal.refresh_defaults(create_allowed.subject_type);
  IF gdpr_internal.resolve('gdpr_internal', create_allowed.subject_type || '_allowed') IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT c.name INTO taken FROM gdpr_internal.native_columns(create_allowed.subject_type) AS c
  WHERE c.name IN ('allowed', 'changeable', 'valid_until', 'later', 'purpose', 'state', 'updated_at', 'medium', 'form', 'erasure', 'erased_at');
  IF taken IS NOT NULL THEN
    RAISE EXCEPTION 'a key column cannot be called "%"', taken USING ERRCODE = '42701',
      DETAIL = 'The tables and views of the subject type have a column of that name already.',
      HINT = 'Rename the column, or name another unique key: gdpr.register_subject(…, key => ''{column}'').';
  END IF;
  SELECT string_agg(format('%I %s%s NOT NULL', c.name, c.type_name, c.collation_sql), ', ' ORDER BY c.n)
    || ', allowed pg_catalog.int8 NOT NULL, changeable pg_catalog.int8 NOT NULL, '
       'valid_until pg_catalog.timestamptz NOT NULL DEFAULT ''infinity'', later pg_catalog.int8[]'
    || format(', PRIMARY KEY (%s)', string_agg(quote_ident(c.name), ', ' ORDER BY c.n))
  INTO definition FROM gdpr_internal.native_columns(create_allowed.subject_type) AS c;
  PERFORM gdpr_internal.make_native(create_allowed.subject_type, format('CREATE TABLE %s (%s)', native, definition));
  EXECUTE format('COMMENT ON TABLE %s IS %L', native,
    format('For which purposes people of subject type "%s" may be processed now, and from when on for others', create_allowed.subject_type));
  PERFORM gdpr_internal.fill_allowed(create_allowed.subject_type);
END
$$;
COMMENT ON FUNCTION gdpr_internal.create_allowed(text) IS
  'Creates the settings of consent and the table of masks of a subject type';

--| SQL condition: a text is a key of that type; keys of erased people may be digests.
CREATE OR REPLACE FUNCTION gdpr_internal.is_key_sql(key_sql text, data_type oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE gdpr_internal.compare_class($2)
    WHEN 'int' THEN format('%1$s ~ ''^-?[0-9]{1,19}$'' AND CASE WHEN %1$s ~ ''^-?[0-9]{1,19}$'' THEN (%1$s)::numeric BETWEEN %2$s END', $1,
      CASE $2 WHEN 'int2'::regtype THEN '-32768 AND 32767' WHEN 'int4'::regtype THEN '-2147483648 AND 2147483647'
              ELSE '-9223372036854775808 AND 9223372036854775807' END)
    WHEN 'uuid' THEN format('%s ~ ''^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$''', $1)
    ELSE format('%s IS NOT NULL', $1) END
$$;
COMMENT ON FUNCTION gdpr_internal.is_key_sql(text, oid) IS 'SQL condition: a text can be cast to the type of a key';

--| What was recorded about people under that name before they were registered (again).
CREATE OR REPLACE FUNCTION gdpr_internal.fill_allowed(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(fill_allowed.subject_type);
  native regclass := gdpr_internal.allowed_table(s.subject_type)::regclass;
  keys text[];
  castable text;
BEGIN
  SELECT CASE WHEN cardinality(s.key) > 1 THEN format('cardinality(gdpr_internal.row_fields(r.key)) = %s AND ', cardinality(s.key)) ELSE '' END
    || string_agg(gdpr_internal.is_key_sql(CASE WHEN cardinality(s.key) = 1 THEN 'r.key'
         ELSE format('(gdpr_internal.row_fields(r.key))[%s]', k.n) END, gdpr_internal.column_type(native, k.name)), ' AND ' ORDER BY k.n)
  INTO castable FROM unnest(s.key) WITH ORDINALITY AS k(name, n);
  EXECUTE format(
    'SELECT array_agg(r.key ORDER BY r.key) FROM (
       SELECT c.subject_key FROM gdpr_internal.consent_state AS c WHERE c.subject_type = %1$L
       UNION SELECT b.subject_key FROM gdpr_internal.basis AS b WHERE b.subject_type = %1$L
       UNION SELECT o.subject_key FROM gdpr_internal.objection AS o WHERE o.subject_type = %1$L
       UNION SELECT x.subject_key FROM gdpr_internal.restriction AS x WHERE x.subject_type = %1$L) AS r(key)
     WHERE CASE WHEN %2$s THEN true ELSE false END
       AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = %1$L AND f.subject_key = r.key)', s.subject_type, castable) INTO keys;
  IF keys IS NOT NULL THEN
    PERFORM gdpr_internal.lock_masks(s.subject_type, keys), gdpr_internal.refresh_allowed(s.subject_type, keys);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.fill_allowed(text) IS
  'Masks of people about whom something was recorded before their subject type was given up and registered again';

--| Creates gdpr.<type>_consent: what was recorded, with the key in its own type, for joins.
CREATE OR REPLACE FUNCTION gdpr_internal.create_consent_view(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.create_native_view(create_consent_view.subject_type, '_consent',
    E'nullif(v.purpose, '''') AS purpose,\n'
    '    CASE WHEN v.state = ''accepted'' AND v.valid_until <= statement_timestamp() THEN ''pending'' ELSE v.state END AS state,\n'
    '    v.updated_at, v.valid_until, v.medium, v.form || '':'' || v.form_version AS form',
    'gdpr_internal.consent_state AS v',
    format('Consents of people of subject type "%s" as recorded, for joins; who has no row is pending', create_consent_view.subject_type));
END
$$;
COMMENT ON FUNCTION gdpr_internal.create_consent_view(text) IS
  'Creates gdpr.<type>_consent: consents as recorded, with the key in its own type';

--| Takes away what registering made. What people decided stays: a subject type that is registered again finds it.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_consent(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF to_regclass(format('gdpr.%I', forget_consent.subject_type || '_consent')) IS NOT NULL THEN
    EXECUTE format('DROP VIEW gdpr.%I', forget_consent.subject_type || '_consent');
  END IF;
  IF gdpr_internal.resolve('gdpr_internal', forget_consent.subject_type || '_allowed') IS NOT NULL THEN
    EXECUTE format('DROP TABLE %s', gdpr_internal.allowed_table(forget_consent.subject_type));
  END IF;
  DELETE FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = forget_consent.subject_type;
  DELETE FROM gdpr_internal.consent_action AS c WHERE c.subject_type = forget_consent.subject_type;
  DELETE FROM gdpr_internal.current_form AS c WHERE c.subject_type = forget_consent.subject_type;
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_consent(text) IS
  'Takes away the table of masks, the view and the settings of a subject type; decisions and history stay';

--| Gives tables of masks and views the key's names and types of today.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_allowed() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
BEGIN
  FOR t IN
    SELECT s.subject_type, r.native, bool_or(a.attname <> k.name) AS renamed,
      bool_or(gdpr_internal.type_name(a.atttypid) <> k.type_name) AS retyped
    FROM gdpr_internal.declared_subjects() AS s,
      LATERAL (SELECT gdpr_internal.resolve('gdpr_internal', s.subject_type || '_allowed')) AS r(native),
      LATERAL gdpr_internal.native_columns(s.subject_type) AS k, pg_attribute AS a
    WHERE s.supported AND r.native IS NOT NULL AND a.attrelid = r.native AND a.attnum = k.n
    GROUP BY s.subject_type, r.native
  LOOP
    CONTINUE WHEN NOT t.renamed AND NOT t.retyped;
    PERFORM gdpr_internal.remake_allowed(t.subject_type, t.native);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_allowed() IS
  'Gives tables of masks and the views gdpr.<type>_consent the names and types that the key has now';

--| Renames and retypes the key columns of one table of masks; its view is made again.
CREATE OR REPLACE FUNCTION gdpr_internal.remake_allowed(subject_type text, native regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
BEGIN
  BEGIN
    EXECUTE format('DROP VIEW IF EXISTS gdpr.%I', remake_allowed.subject_type || '_consent');
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE WARNING 'view gdpr.% still has the old key', quote_ident(remake_allowed.subject_type || '_consent')
      USING HINT = 'Other views depend on it; drop them and register the subject type again.';
  END;
  FOR c IN
    SELECT k.*, a.attname AS old, gdpr_internal.type_name(a.atttypid) <> k.type_name AS retyped
    FROM gdpr_internal.native_columns(remake_allowed.subject_type) AS k
    JOIN pg_attribute AS a ON a.attrelid = remake_allowed.native AND a.attnum = k.n
  LOOP
    -- by way of a name that nobody has: two columns may have swapped theirs
    IF c.old <> c.name THEN
      EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', remake_allowed.native, c.old, 'renamed ' || c.n);
    END IF;
  END LOOP;
  FOR c IN
    SELECT k.*, a.attname AS old, gdpr_internal.type_name(a.atttypid) <> k.type_name AS retyped
    FROM gdpr_internal.native_columns(remake_allowed.subject_type) AS k
    JOIN pg_attribute AS a ON a.attrelid = remake_allowed.native AND a.attnum = k.n
  LOOP
    IF c.old <> c.name THEN
      EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', remake_allowed.native, c.old, c.name);
    END IF;
    IF c.retyped THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s%s USING (%2$I::text)::%3$s',
        remake_allowed.native, c.name, c.type_name, c.collation_sql);
    END IF;
  END LOOP;
  IF to_regclass(format('gdpr.%I', remake_allowed.subject_type || '_consent')) IS NULL THEN
    PERFORM gdpr_internal.create_consent_view(remake_allowed.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.remake_allowed(text, regclass) IS
  'Renames and retypes the key columns of one table of masks and makes its view again';
