-- SPDX-License-Identifier: PostgreSQL
-- Blockers: reasons not to anonymize a person yet. Always asked as the owner of the blocker's relation.

--| Declares that any row of a table or view with the person's key holds the person back.
CREATE OR REPLACE FUNCTION gdpr_internal.add_blocker(subject_type text, name text, relation regclass, key_column name)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(add_blocker.subject_type);
  subject regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  known gdpr_internal.blocker;
  wanted gdpr_internal.blocker;
  key_type oid;
  kind "char";
BEGIN
  IF add_blocker.name IS NULL OR add_blocker.name = '' OR add_blocker.relation IS NULL THEN
    RAISE EXCEPTION 'a blocker needs a name and a relation' USING ERRCODE = '22004';
  END IF;
  SELECT s.subject_type, add_blocker.name, n.nspname, c.relname, c.oid, pg_get_userbyid(c.relowner), add_blocker.key_column
  INTO wanted.subject_type, wanted.name, wanted.relation_schema, wanted.relation_name, wanted.relation_oid,
    wanted.relation_owner, wanted.key_column
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = add_blocker.relation;
  SELECT c.relkind INTO kind FROM pg_class AS c WHERE c.oid = add_blocker.relation AND c.relpersistence <> 't';
  IF kind IS NULL OR kind NOT IN ('r', 'p', 'v', 'm') THEN
    RAISE EXCEPTION 'relation % cannot be a blocker', gdpr_internal.sql_name(add_blocker.relation)
      USING ERRCODE = '42809', HINT = 'Name a table, a view or a materialized view that is not temporary.';
  END IF;
  PERFORM gdpr_internal.require_owner(subject), gdpr_internal.require_owner(add_blocker.relation);
  wanted.key_attnum := (gdpr_internal.column_numbers(add_blocker.relation, ARRAY[add_blocker.key_column]))[1];
  key_type := gdpr_internal.column_type(add_blocker.relation, add_blocker.key_column);
  IF cardinality(s.key) = 1 THEN
    PERFORM gdpr_internal.require_comparable(add_blocker.relation, ARRAY[add_blocker.key_column], subject, s.key);
  ELSIF gdpr_internal.compare_class(key_type) IS DISTINCT FROM 'text' THEN
    RAISE EXCEPTION 'a key of several columns needs a text column in the blocker' USING ERRCODE = '0A000',
      DETAIL = format('Column "%s" is of type %s.', add_blocker.key_column, format_type(key_type, NULL)),
      HINT = format('Use a view with a column ROW(%s)::text.', array_to_string(s.key, ', '));
  END IF;
  SELECT b.* INTO known FROM gdpr_internal.blocker AS b
  WHERE b.subject_type = s.subject_type AND b.name = add_blocker.name FOR UPDATE;
  IF FOUND AND (known.relation_schema, known.relation_name, known.key_column)
             = (wanted.relation_schema, wanted.relation_name, wanted.key_column) THEN
    UPDATE gdpr_internal.blocker AS b
    SET relation_oid = wanted.relation_oid, relation_owner = wanted.relation_owner, key_attnum = wanted.key_attnum
    WHERE b.subject_type = s.subject_type AND b.name = add_blocker.name;
    RAISE NOTICE 'blocker "%" is already declared', add_blocker.name;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'blocker "%" is already declared differently', add_blocker.name USING ERRCODE = '42710',
      DETAIL = format('It looks for %I in %I.%I.', known.key_column, known.relation_schema, known.relation_name),
      HINT = format('Run SELECT gdpr.drop_blocker(%L, %L) first.', s.subject_type, add_blocker.name);
  ELSE
    INSERT INTO gdpr_internal.blocker SELECT wanted.*;
    PERFORM gdpr_internal.refresh_guard(add_blocker.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_blocker(text, text, regclass, name) IS
  'Declares that any row of a table or view with the person''s key holds the person back';

--| Gives up a blocker.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_blocker(subject_type text, name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_blocker.subject_type);
  relation regclass;
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name);
  DELETE FROM gdpr_internal.blocker AS b WHERE b.subject_type = s.subject_type AND b.name = drop_blocker.name
  RETURNING gdpr_internal.resolve(b.relation_schema, b.relation_name) INTO relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'blocker "%" of subject type "%" does not exist', drop_blocker.name, s.subject_type
      USING ERRCODE = '42704', HINT = 'gdpr.export_rules() lists what is declared.';
  ELSIF relation IS NOT NULL THEN
    PERFORM gdpr_internal.refresh_guard(relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_blocker(text, text) IS 'Gives up a blocker';

--| Rows that hold people back, for canonical keys; one statement per blocker, as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.blocked(subject_type text, subject_keys text[])
RETURNS TABLE(subject_key text, blocker text, row_count bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(blocked.subject_type);
  subject regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  keys text[] := ARRAY(SELECT DISTINCT k FROM unnest(subject_keys) AS k);
  key_type oid := CASE WHEN cardinality(s.key) = 1 THEN gdpr_internal.column_type(subject, s.key[1])
                       ELSE 'text'::regtype::oid END;
  b gdpr_internal.blocker;
  relation regclass;
BEGIN
  FOR b IN SELECT k.* FROM gdpr_internal.blocker AS k WHERE k.subject_type = s.subject_type ORDER BY k.name LOOP
    relation := gdpr_internal.existing(s.subject_type, b.relation_schema, b.relation_name, b.key_column);
    PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, b.relation_oid, b.relation_owner);
    RETURN QUERY
    SELECT r.key, b.name, r.rows FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT k.key, pg_catalog.count(*) FROM pg_catalog.unnest($1::pg_catalog.text[]) AS k(key) JOIN %s AS t ON %s GROUP BY k.key',
      gdpr_internal.sql_name(relation), gdpr_internal.match_sql(format('t.%I', b.key_column),
        gdpr_internal.column_type(relation, b.key_column), 'k.key', key_type)), keys) AS r(key text, rows bigint);
  END LOOP;
  -- Who is to go only because of a refused consent stays while another one is live; who asked to go does not.
  RETURN QUERY
  SELECT l.subject_key, 'basis: ' || l.lawful_basis, count(*)
  FROM gdpr_internal.live_bases(s.subject_type, keys) AS l
  WHERE l.lawful_basis <> 'consent' OR EXISTS (
    SELECT FROM gdpr_internal.erasure_queue AS q
    WHERE q.subject_type = s.subject_type AND q.subject_key = l.subject_key AND q.state IN ('due', 'held', 'failed')
      AND q.reason IN ('consent rejected', 'consent withdrawn'))
  GROUP BY l.subject_key, l.lawful_basis;
END
$$;
COMMENT ON FUNCTION gdpr_internal.blocked(text, text[]) IS
  'Rows and live lawful bases that hold people back, per canonical key and blocker';

--| What holds a person back now, with the number of rows.
CREATE OR REPLACE FUNCTION gdpr.blockers(subject_type text, subject_key text)
RETURNS TABLE(blocker text, row_count bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.blocker, b.row_count
  FROM gdpr_internal.blocked($1, gdpr_internal.canonical_keys($1, ARRAY[$2])) AS b ORDER BY b.blocker
$$;
COMMENT ON FUNCTION gdpr.blockers(text, text) IS
  'What holds a person back from being anonymized now, with the number of rows';

--| True if a column decides in which partition a row lies.
CREATE OR REPLACE FUNCTION gdpr_internal.is_partition_key(relation regclass, attnum int2) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  -- A key's columns hang on the table itself in pg_depend; sub-partitions may have other numbers.
  SELECT EXISTS (
    SELECT FROM pg_attribute AS root, pg_partition_tree($1) AS p
    JOIN pg_attribute AS a ON a.attrelid = p.relid
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = p.relid AND d.objsubid = a.attnum
     AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.relid AND d.refobjsubid = 0 AND d.deptype = 'i'
    WHERE root.attrelid = $1 AND root.attnum = $2 AND a.attname = root.attname AND NOT p.isleaf)
$$;
COMMENT ON FUNCTION gdpr_internal.is_partition_key(regclass, int2) IS
  'True if a column decides in which partition a row lies';

--| Sends rows that would reach a frozen person to another value: the suspense account.
CREATE OR REPLACE FUNCTION gdpr_internal.redirect_frozen(subject_type text, relation regclass, column_name name, to_value text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(redirect_frozen.subject_type);
  known gdpr_internal.redirect;
  wanted gdpr_internal.redirect;
BEGIN
  PERFORM gdpr_internal.require_table(redirect_frozen.relation);
  PERFORM gdpr_internal.require_owner(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name)),
          gdpr_internal.require_owner(redirect_frozen.relation);
  IF redirect_frozen.to_value IS NULL THEN
    RAISE EXCEPTION 'the value of a redirect must not be null' USING ERRCODE = '22004';
  END IF;
  wanted.attnum := (gdpr_internal.column_numbers(redirect_frozen.relation, ARRAY[redirect_frozen.column_name]))[1];
  IF NOT EXISTS (SELECT FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type AND l.scope = 'owned' AND redirect_frozen.column_name = ANY (l.columns)
      AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = redirect_frozen.relation) THEN
    RAISE EXCEPTION 'column "%" of relation % is no link column of subject type "%"', redirect_frozen.column_name,
        gdpr_internal.sql_name(redirect_frozen.relation), s.subject_type
      USING ERRCODE = '55000', HINT = 'Declare the owned link that uses it first, with gdpr.add_link().';
  ELSIF gdpr_internal.is_partition_key(redirect_frozen.relation, wanted.attnum) THEN
    RAISE EXCEPTION 'column "%" of relation % is part of the partition key', redirect_frozen.column_name,
        gdpr_internal.sql_name(redirect_frozen.relation)
      USING ERRCODE = '0A000', DETAIL = 'A trigger cannot move a row to another partition.',
            HINT = 'Without a redirect such rows are refused.';
  ELSIF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = redirect_frozen.relation
      AND a.attnum = wanted.attnum AND a.attgenerated <> '') THEN
    RAISE EXCEPTION 'column "%" of relation % is generated', redirect_frozen.column_name,
        gdpr_internal.sql_name(redirect_frozen.relation)
      USING ERRCODE = '0A000', HINT = 'Without a redirect such rows are refused.';
  END IF;
  wanted.subject_type := s.subject_type;
  wanted.column_name := redirect_frozen.column_name;
  wanted.to_value := gdpr_internal.value_of_column(redirect_frozen.relation, redirect_frozen.column_name, redirect_frozen.to_value);
  SELECT n.nspname, c.relname, c.oid INTO wanted.relation_schema, wanted.relation_name, wanted.relation_oid
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = redirect_frozen.relation;
  SELECT r.* INTO known FROM gdpr_internal.redirect AS r
  WHERE (r.subject_type, r.relation_schema, r.relation_name, r.column_name)
      = (wanted.subject_type, wanted.relation_schema, wanted.relation_name, wanted.column_name) FOR UPDATE;
  IF FOUND AND known.to_value = wanted.to_value THEN
    RAISE NOTICE 'redirect of column "%" is already declared', wanted.column_name;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'redirect of column "%" is already declared with another value', wanted.column_name
      USING ERRCODE = '42710', HINT = format('Run SELECT gdpr.drop_redirect(%L, %L, %L) first.', s.subject_type,
        gdpr_internal.sql_name(redirect_frozen.relation), wanted.column_name);
  ELSE
    INSERT INTO gdpr_internal.redirect SELECT wanted.*;
    PERFORM gdpr_internal.refresh_guard(redirect_frozen.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.redirect_frozen(text, regclass, name, text) IS
  'Gives rows that would reach a frozen person another value in a link column (the suspense account)';

--| Gives up a redirect; rows that would reach a frozen person are refused again.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_redirect(subject_type text, relation regclass, column_name name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(drop_redirect.subject_type);
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name), gdpr_internal.require_owner(drop_redirect.relation);
  DELETE FROM gdpr_internal.redirect AS r
  WHERE r.subject_type = s.subject_type AND r.column_name = drop_redirect.column_name
    AND gdpr_internal.resolve(r.relation_schema, r.relation_name) = drop_redirect.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'column "%" of relation % has no redirect', drop_redirect.column_name,
        gdpr_internal.sql_name(drop_redirect.relation)
      USING ERRCODE = '42704', HINT = 'gdpr.export_rules() lists what is declared.';
  END IF;
  PERFORM gdpr_internal.refresh_guard(drop_redirect.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_redirect(text, regclass, name) IS
  'Gives up a redirect; rows that would reach a frozen person are refused again';

--| True if the person is anonymized and frozen; NULL for a null key.
CREATE OR REPLACE FUNCTION gdpr.is_frozen(subject_type text, subject_key text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  canonical text := is_frozen.subject_key;
BEGIN
  -- A plain number is its own canonical form in every key type; all else is looked at closely.
  IF canonical !~ '^(0|-?[1-9][0-9]{0,18})$'
     OR NOT EXISTS (SELECT FROM gdpr_internal.subject_type AS s WHERE s.subject_type = is_frozen.subject_type) THEN
    canonical := (gdpr_internal.canonical_keys(is_frozen.subject_type, ARRAY[is_frozen.subject_key]))[1];
  END IF;
  RETURN EXISTS (SELECT FROM gdpr_internal.frozen AS f
    WHERE f.subject_type = is_frozen.subject_type AND f.subject_key = canonical);
END
$$;
COMMENT ON FUNCTION gdpr.is_frozen(text, text) IS
  'True if the person is anonymized and frozen: processes skip such people';
