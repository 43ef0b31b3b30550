-- SPDX-License-Identifier: PostgreSQL
-- Links: where else a person's data lies. Always declared, never followed silently.

--| True if values of the two types can be compared across tables.
CREATE OR REPLACE FUNCTION gdpr_internal.comparable(one oid, other oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN gdpr_internal.base_type($1) = gdpr_internal.base_type($2)
      THEN gdpr_internal.compare_class($1) IS NOT NULL OR gdpr_internal.equality_operator($1) IS NOT NULL
    WHEN c.one IS NULL OR c.other IS NULL THEN false
    ELSE c.one = c.other OR 'text' IN (c.one, c.other)
      OR c.one IN ('int', 'numeric') AND c.other IN ('int', 'numeric') END
  FROM (SELECT gdpr_internal.compare_class($1), gdpr_internal.compare_class($2)) AS c(one, other)
$$;
COMMENT ON FUNCTION gdpr_internal.comparable(oid, oid) IS
  'True if values of the two types can be compared across tables';

--| Stops unless each pair of columns can be compared.
CREATE OR REPLACE FUNCTION gdpr_internal.require_comparable(
  relation regclass, columns name[], parent regclass, parent_columns name[])
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours oid;
  theirs oid;
BEGIN
  IF cardinality(columns) <> cardinality(parent_columns) OR cardinality(columns) = 0 THEN
    RAISE EXCEPTION 'a link needs as many columns as its parent columns'
      USING ERRCODE = '22023',
            DETAIL = format('There are %s columns and %s parent columns.', cardinality(columns), cardinality(parent_columns)),
            HINT = 'The parent columns default to the subject''s key, or to the parent''s primary key.';
  END IF;
  FOR i IN 1 .. cardinality(columns) LOOP
    ours := gdpr_internal.column_type(relation, columns[i]);
    theirs := gdpr_internal.column_type(parent, parent_columns[i]);
    IF NOT gdpr_internal.comparable(ours, theirs) THEN
      RAISE EXCEPTION 'columns "%" and "%" cannot be compared', columns[i], parent_columns[i]
        USING ERRCODE = '42804',
              DETAIL = format('Their types are %s and %s.', format_type(ours, NULL), format_type(theirs, NULL)),
              HINT = 'Equal types can be compared, integers with numeric, and text with integers, numeric and uuid.';
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_comparable(regclass, name[], regclass, name[]) IS
  'Stops unless each pair of columns can be compared';

--| Stops if the words of a link do not go together.
CREATE OR REPLACE FUNCTION gdpr_internal.require_link_words(
  relation regclass, columns name[], discriminator name, discriminator_value text, scope text, on_erase text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  refused text;
BEGIN
  IF scope IS NULL OR scope NOT IN ('owned', 'shared', 'stop') THEN
    RAISE EXCEPTION 'unknown scope of a link' USING ERRCODE = '22023', HINT = 'Use owned, shared or stop.';
  ELSIF on_erase IS NULL OR on_erase NOT IN ('anonymize', 'delete', 'unlink') THEN
    RAISE EXCEPTION 'unknown on_erase of a link' USING ERRCODE = '22023', HINT = 'Use anonymize, delete or unlink.';
  ELSIF on_erase <> 'anonymize' AND scope <> 'owned' THEN
    RAISE EXCEPTION 'rows of scope "%" cannot be treated with on_erase "%"', scope, on_erase USING ERRCODE = '22023',
      DETAIL = 'They may belong to other people as well.', HINT = 'Leave on_erase at anonymize, or use scope => ''owned''.';
  ELSIF (discriminator IS NULL) <> (discriminator_value IS NULL) THEN
    RAISE EXCEPTION 'a discriminator needs its value, and a value its discriminator' USING ERRCODE = '22023',
      HINT = 'For example discriminator => ''owner_type'', discriminator_value => ''contact''.';
  ELSIF on_erase = 'unlink' THEN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO refused
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = relation AND a.attname = ANY (columns)
      AND (a.attnotnull OR t.typnotnull OR a.attgenerated <> '');
    IF refused IS NOT NULL THEN
      RAISE EXCEPTION 'link columns cannot be set to null: %', refused USING ERRCODE = '22023',
        DETAIL = 'They are NOT NULL or generated.', HINT = 'Use on_erase => ''anonymize'' or ''delete''.';
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_link_words(regclass, name[], name, text, text, text) IS
  'Stops if scope, on_erase and discriminator of a link do not go together';

--| A value in its column's own text form, tried as the owner of the table: domains may hold anybody's code.
CREATE OR REPLACE FUNCTION gdpr_internal.value_of_column(relation regclass, column_name name, value text)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  a pg_attribute;
  result text;
  whole text;
BEGIN
  SELECT c.* INTO a FROM pg_attribute AS c
  WHERE c.attrelid = value_of_column.relation AND c.attname = value_of_column.column_name AND NOT c.attisdropped;
  BEGIN
    -- A type modifier cuts text silently; the base type shows whether it did.
    SELECT v.result, v.whole INTO result, whole FROM gdpr_internal.query_as_owner(value_of_column.relation, format(
      'SELECT ($1::%s)::pg_catalog.text, ($1::%s)::pg_catalog.text', format_type(a.atttypid, a.atttypmod),
      gdpr_internal.type_name(gdpr_internal.base_type(a.atttypid))), value_of_column.value) AS v(result text, whole text);
  EXCEPTION WHEN data_exception OR check_violation OR not_null_violation THEN
    result := NULL;
  END;
  IF result IS NULL OR result <> whole AND gdpr_internal.compare_class(a.atttypid) = 'text' THEN
    RAISE EXCEPTION 'the value does not fit column "%" of relation %',
        value_of_column.column_name, gdpr_internal.sql_name(value_of_column.relation)
      USING ERRCODE = '22P02', DETAIL = format('The column''s type is %s.', format_type(a.atttypid, a.atttypmod)),
            HINT = 'Write the value as that type reads it.';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.value_of_column(regclass, name, text) IS
  'A value in the text form of the column''s type; stops if it does not fit';

--| True if links lead from one relation to another, or they are the same.
CREATE OR REPLACE FUNCTION gdpr_internal.is_below(subject_type text, above regclass, below regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE down(relid) AS (
    SELECT $2::oid
    UNION
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid
    FROM down AS d JOIN gdpr_internal.link AS l
      ON l.subject_type = $1 AND l.scope <> 'stop' AND gdpr_internal.resolve(l.parent_schema, l.parent_name) = d.relid
  )
  SELECT EXISTS (SELECT FROM down AS d WHERE d.relid = $3)
$$;
COMMENT ON FUNCTION gdpr_internal.is_below(text, regclass, regclass) IS
  'True if links lead from one relation to another, or they are the same';

--| Stops unless the parent is reached, and if the relation would reach itself through others.
CREATE OR REPLACE FUNCTION gdpr_internal.require_reachable(
  s gdpr_internal.subject_type, relation regclass, parent regclass, scope text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
BEGIN
  IF parent <> subject AND NOT EXISTS (
    SELECT FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type AND l.scope <> 'stop'
      AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = parent) THEN
    RAISE EXCEPTION 'relation % is not reached by subject type "%"', gdpr_internal.sql_name(parent), s.subject_type
      USING ERRCODE = '55000', HINT = 'Declare the link that leads to it first, with gdpr.add_link().';
  ELSIF scope = 'stop' THEN
    RETURN;
  ELSIF relation = subject THEN
    RAISE EXCEPTION 'relation % holds the people of subject type "%" themselves', gdpr_internal.sql_name(relation), s.subject_type
      USING ERRCODE = '42P19', DETAIL = 'A link to it would erase other people together with this one.',
            HINT = 'Each person is anonymized by the own key; to note that it is not followed, use scope => ''stop''.';
  ELSIF relation <> parent AND gdpr_internal.is_below(s.subject_type, relation, parent) THEN
    RAISE EXCEPTION 'the link would lead from % back to itself', gdpr_internal.sql_name(relation)
      USING ERRCODE = '42P19', DETAIL = format('%s is reached through it.', gdpr_internal.sql_name(parent)),
            HINT = 'Only a table''s link to itself may go in circles; use scope => ''stop'' to note that this one is not followed.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_reachable(gdpr_internal.subject_type, regclass, regclass, text) IS
  'Stops unless the parent of a link is reached, and at circles';

--| Writes a link down; the same one again is a notice, another one for the same columns an error.
CREATE OR REPLACE FUNCTION gdpr_internal.store_link(wanted gdpr_internal.link) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.link;
BEGIN
  SELECT l.* INTO known FROM gdpr_internal.link AS l
  WHERE (l.subject_type, l.relation_schema, l.relation_name, l.columns, l.parent_schema, l.parent_name, l.parent_columns)
      = (wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.columns,
         wanted.parent_schema, wanted.parent_name, wanted.parent_columns)
    AND (l.discriminator, l.discriminator_value) IS NOT DISTINCT FROM (wanted.discriminator, wanted.discriminator_value);
  IF FOUND AND (known.scope, known.on_erase) = (wanted.scope, wanted.on_erase) THEN
    UPDATE gdpr_internal.link AS l
    SET relation_oid = wanted.relation_oid, relation_owner = wanted.relation_owner, attnums = wanted.attnums,
      parent_oid = wanted.parent_oid, parent_attnums = wanted.parent_attnums
    WHERE l.link = known.link;
    RAISE NOTICE 'link from % is already declared', format('%I.%I', wanted.relation_schema, wanted.relation_name);
    RETURN NULL;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'the link is already declared differently' USING ERRCODE = '42710',
      DETAIL = format('It has scope %s and on_erase %s.', known.scope, known.on_erase),
      HINT = format('Run SELECT gdpr.drop_link(%L, %L, %L) first.', wanted.subject_type,
                    format('%I.%I', wanted.relation_schema, wanted.relation_name), wanted.columns);
  END IF;
  SELECT l.* INTO known FROM gdpr_internal.link AS l
  WHERE (l.subject_type, l.relation_schema, l.relation_name) = (wanted.subject_type, wanted.relation_schema, wanted.relation_name)
    AND l.on_erase <> wanted.on_erase AND l.scope <> 'stop' AND wanted.scope <> 'stop';
  IF FOUND THEN
    RAISE EXCEPTION 'another link to % has on_erase "%"', format('%I.%I', wanted.relation_schema, wanted.relation_name), known.on_erase
      USING ERRCODE = '0A000', DETAIL = 'A row reached by both could not be treated in two ways.',
            HINT = 'Give all links of a subject type to one table the same on_erase.';
  END IF;
  INSERT INTO gdpr_internal.link (subject_type, relation_schema, relation_name, relation_oid, relation_owner, columns, attnums,
    parent_schema, parent_name, parent_oid, parent_columns, parent_attnums,
    discriminator, discriminator_attnum, discriminator_value, scope, on_erase)
  VALUES (wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.relation_oid, wanted.relation_owner,
    wanted.columns, wanted.attnums, wanted.parent_schema, wanted.parent_name, wanted.parent_oid, wanted.parent_columns, wanted.parent_attnums,
    wanted.discriminator, wanted.discriminator_attnum, wanted.discriminator_value, wanted.scope, wanted.on_erase)
  RETURNING link INTO wanted.link;
  RETURN wanted.link;
END
$$;
COMMENT ON FUNCTION gdpr_internal.store_link(gdpr_internal.link) IS
  'Writes a link down; its number, NULL if it was there before';

--| Columns and parent columns side by side, in the order of the subject's key where they are that key.
CREATE OR REPLACE FUNCTION gdpr_internal.in_key_order(INOUT columns name[], INOUT parent_columns name[], key name[])
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(p.c ORDER BY coalesce(array_position($3, p.k), p.n::int)),
         array_agg(p.k ORDER BY coalesce(array_position($3, p.k), p.n::int))
  FROM unnest($1, $2) WITH ORDINALITY AS p(c, k, n)
$$;
COMMENT ON FUNCTION gdpr_internal.in_key_order(name[], name[], name[]) IS
  'Column pairs of a link in the order of the subject''s key';

--| Declares that rows of a table belong to the people (or rows) whose parent columns they repeat.
CREATE OR REPLACE FUNCTION gdpr_internal.add_link(
  subject_type text, relation regclass, columns name[], parent regclass DEFAULT NULL,
  parent_columns name[] DEFAULT NULL, discriminator name DEFAULT NULL, discriminator_value text DEFAULT NULL,
  scope text DEFAULT 'owned', on_erase text DEFAULT 'anonymize')
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(add_link.subject_type);
  subject regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  above regclass := coalesce(add_link.parent, subject);
  wanted gdpr_internal.link;
BEGIN
  PERFORM gdpr_internal.require_table(add_link.relation), gdpr_internal.require_table(above);
  PERFORM gdpr_internal.require_owner(subject), gdpr_internal.require_owner(add_link.relation), gdpr_internal.require_owner(above);
  IF add_link.columns IS NULL THEN
    RAISE EXCEPTION 'the columns of a link must not be null' USING ERRCODE = '22004';
  END IF;
  LOCK TABLE gdpr_internal.link IN SHARE ROW EXCLUSIVE MODE;
  wanted.subject_type := s.subject_type;
  wanted.columns := add_link.columns;
  wanted.parent_columns := coalesce(add_link.parent_columns,
    CASE WHEN above = subject THEN s.key ELSE gdpr_internal.subject_key(above, NULL) END);
  PERFORM gdpr_internal.column_numbers(add_link.relation, wanted.columns), gdpr_internal.column_numbers(above, wanted.parent_columns);
  PERFORM gdpr_internal.require_comparable(add_link.relation, wanted.columns, above, wanted.parent_columns);
  PERFORM gdpr_internal.require_link_words(add_link.relation, wanted.columns, add_link.discriminator,
    add_link.discriminator_value, add_link.scope, add_link.on_erase);
  PERFORM gdpr_internal.require_reachable(s, add_link.relation, above, add_link.scope);
  IF above = subject AND wanted.parent_columns @> s.key AND s.key @> wanted.parent_columns THEN
    SELECT o.columns, o.parent_columns INTO wanted.columns, wanted.parent_columns
    FROM gdpr_internal.in_key_order(wanted.columns, wanted.parent_columns, s.key) AS o;
  END IF;
  wanted.attnums := gdpr_internal.column_numbers(add_link.relation, wanted.columns);
  wanted.parent_attnums := gdpr_internal.column_numbers(above, wanted.parent_columns);
  IF add_link.discriminator IS NOT NULL THEN
    wanted.discriminator := add_link.discriminator;
    wanted.discriminator_attnum := (gdpr_internal.column_numbers(add_link.relation, ARRAY[add_link.discriminator]))[1];
    wanted.discriminator_value := gdpr_internal.value_of_column(add_link.relation, add_link.discriminator, add_link.discriminator_value);
  END IF;
  SELECT n.nspname, c.relname, c.oid, pg_get_userbyid(c.relowner)
  INTO wanted.relation_schema, wanted.relation_name, wanted.relation_oid, wanted.relation_owner
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = add_link.relation;
  SELECT n.nspname, c.relname, c.oid INTO wanted.parent_schema, wanted.parent_name, wanted.parent_oid
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = above;
  wanted.scope := add_link.scope;
  wanted.on_erase := add_link.on_erase;
  wanted.link := gdpr_internal.store_link(wanted);
  IF wanted.link IS NOT NULL AND wanted.scope = 'owned' AND s.anonymization THEN
    IF above <> subject OR wanted.parent_columns <> s.key THEN
      PERFORM gdpr_internal.freeze_later_link(wanted.link);
    END IF;
    PERFORM gdpr_internal.refresh_guard(add_link.relation);
  END IF;
  IF wanted.link IS NOT NULL AND wanted.scope = 'owned' THEN
    PERFORM gdpr_internal.link_added(s.subject_type, add_link.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_link(text, regclass, name[], regclass, name[], name, text, text, text) IS
  'Declares that rows of a table belong to the people, or the rows reached before, whose columns they repeat';

--| Gives up links by their columns; parent and discriminator value narrow the choice.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_link(
  subject_type text, relation regclass, columns name[], parent regclass DEFAULT NULL, discriminator_value text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_link.subject_type);
  below text;
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name), gdpr_internal.require_owner(drop_link.relation);
  LOCK TABLE gdpr_internal.link IN SHARE ROW EXCLUSIVE MODE;
  PERFORM gdpr_internal.record_reads(drop_link.relation);  -- whose rows are read from now on is not known
  DELETE FROM gdpr_internal.link AS l
  WHERE l.subject_type = s.subject_type AND l.columns @> drop_link.columns AND drop_link.columns @> l.columns
    AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = drop_link.relation
    AND (drop_link.parent IS NULL OR gdpr_internal.resolve(l.parent_schema, l.parent_name) = drop_link.parent)
    AND (drop_link.discriminator_value IS NULL OR l.discriminator_value = drop_link.discriminator_value);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such link' USING ERRCODE = '42704',
      HINT = format('SELECT * FROM gdpr.subject_map(%L) lists all links.', s.subject_type);
  END IF;
  SELECT string_agg(DISTINCT format('%I.%I', l.relation_schema, l.relation_name), ', ') INTO below
  FROM gdpr_internal.link AS l
  WHERE l.subject_type = s.subject_type AND gdpr_internal.resolve(l.parent_schema, l.parent_name) = drop_link.relation
    AND NOT EXISTS (SELECT FROM gdpr_internal.link AS o WHERE o.subject_type = s.subject_type AND o.scope <> 'stop'
      AND gdpr_internal.resolve(o.relation_schema, o.relation_name) = drop_link.relation
      AND gdpr_internal.resolve(o.parent_schema, o.parent_name) <> drop_link.relation)
    AND NOT (drop_link.relation = gdpr_internal.resolve(s.relation_schema, s.relation_name));
  IF below IS NOT NULL THEN
    RAISE EXCEPTION 'other links hang on %', gdpr_internal.sql_name(drop_link.relation) USING ERRCODE = '2BP01',
      DETAIL = format('Without this link these are not reached any more: %s.', below), HINT = 'Drop those links first.';
  END IF;
  DELETE FROM gdpr_internal.frozen_value AS v
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.link AS l WHERE l.link = v.link);
  DELETE FROM gdpr_internal.redirect AS r
  WHERE r.subject_type = s.subject_type AND gdpr_internal.resolve(r.relation_schema, r.relation_name) = drop_link.relation
    AND NOT EXISTS (SELECT FROM gdpr_internal.link AS l
      WHERE l.subject_type = s.subject_type AND l.scope = 'owned' AND r.column_name = ANY (l.columns)
        AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = drop_link.relation);
  PERFORM gdpr_internal.refresh_guard(drop_link.relation), gdpr_internal.refresh_protection(drop_link.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_link(text, regclass, name[], regclass, text) IS
  'Gives up links by their columns; parent and discriminator value narrow the choice';
