-- SPDX-License-Identifier: PostgreSQL
-- Names, types and keys: what the subject modules share. In PL/pgSQL, which keeps its plans: these
-- are asked many times.

--| The relation of that name, NULL if there is none; needs no rights on its schema.
CREATE OR REPLACE FUNCTION gdpr_internal.resolve(relation_schema name, relation_name name)
RETURNS regclass
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_resolve';
COMMENT ON FUNCTION gdpr_internal.resolve(name, name) IS
  'The relation of that name, NULL if it is gone';

--| schema.name, quoted as SQL wants it.
CREATE OR REPLACE FUNCTION gdpr_internal.sql_name(relation regclass) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT format('%I.%I', CASE WHEN n.oid = pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END, c.relname)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = sql_name.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.sql_name(regclass) IS 'schema.name, always with its schema';

--| The type below all domains.
CREATE OR REPLACE FUNCTION gdpr_internal.base_type(data_type oid) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base oid := data_type;
  below oid;
BEGIN
  LOOP
    SELECT t.typbasetype INTO below FROM pg_type AS t WHERE t.oid = base AND t.typtype = 'd';
    IF NOT FOUND THEN
      RETURN base;
    END IF;
    base := below;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.base_type(oid) IS 'The type below all domains';

--| schema.type without type modifier: a modifier would cut a value and so name somebody else.
CREATE OR REPLACE FUNCTION gdpr_internal.type_name(data_type oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT format('%I.%I', n.nspname, t.typname)
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = type_name.data_type);
END
$$;
COMMENT ON FUNCTION gdpr_internal.type_name(oid) IS 'schema.type, without type modifier';

--| How values of a type are compared across tables: int, numeric, uuid, text; NULL: only with themselves.
CREATE OR REPLACE FUNCTION gdpr_internal.compare_class(data_type oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT CASE
      WHEN t.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'int'
      WHEN t.oid = 'numeric'::regtype THEN 'numeric'
      WHEN t.oid = 'uuid'::regtype THEN 'uuid'
      WHEN t.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
        OR t.typname = 'citext' AND t.typcategory = 'S' THEN 'text' END
    FROM pg_type AS t WHERE t.oid = gdpr_internal.base_type(compare_class.data_type));
END
$$;
COMMENT ON FUNCTION gdpr_internal.compare_class(oid) IS
  'How values of a type are compared across tables: int, numeric, uuid, text, or NULL';

--| The operator that the type's own default index uses for equality, with its schema.
CREATE OR REPLACE FUNCTION gdpr_internal.equality_operator(data_type oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
    FROM pg_opclass AS c
    JOIN pg_am AS m ON m.oid = c.opcmethod AND m.amname IN ('btree', 'hash')
    JOIN pg_type AS t ON t.oid = gdpr_internal.base_type(equality_operator.data_type)
    JOIN pg_amop AS a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
      AND a.amoprighttype = c.opcintype
      AND a.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
    JOIN pg_operator AS o ON o.oid = a.amopopr
    JOIN pg_namespace AS n ON n.oid = o.oprnamespace
    WHERE c.opcdefault AND (c.opcintype = t.oid OR c.opcintype = 'anyenum'::regtype AND t.typtype = 'e')
    ORDER BY m.amname LIMIT 1);
END
$$;
COMMENT ON FUNCTION gdpr_internal.equality_operator(oid) IS
  'The equality operator of a type''s default index, with its schema';

--| The numbers of columns, in the order given; stops at one that does not exist.
CREATE OR REPLACE FUNCTION gdpr_internal.column_numbers(relation regclass, columns name[])
RETURNS int2[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  numbers int2[] := '{}';
  wanted name;
  number int2;
BEGIN
  FOREACH wanted IN ARRAY column_numbers.columns LOOP
    IF wanted IS NULL THEN
      RAISE EXCEPTION 'column names must not be null' USING ERRCODE = '22004';
    END IF;
    SELECT a.attnum INTO number FROM pg_attribute AS a
    WHERE a.attrelid = column_numbers.relation AND a.attname = wanted
      AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'column "%" of relation % does not exist', wanted, gdpr_internal.sql_name(column_numbers.relation)
        USING ERRCODE = '42703', HINT = 'Name columns as they stand in the table, without quotes.';
    END IF;
    IF number = ANY (numbers) THEN
      RAISE EXCEPTION 'column "%" is named twice', wanted USING ERRCODE = '42701';
    END IF;
    numbers := numbers || number;
  END LOOP;
  RETURN numbers;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_numbers(regclass, name[]) IS
  'The numbers of columns, in the order given';

--| Type of a column, NULL if the column is gone.
CREATE OR REPLACE FUNCTION gdpr_internal.column_type(relation regclass, column_name name) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT a.atttypid FROM pg_attribute AS a
    WHERE a.attrelid = column_type.relation AND a.attname = column_type.column_name AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_type(regclass, name) IS 'Type of a column, NULL if it is gone';

--| Stops unless the caller owns the relation.
CREATE OR REPLACE FUNCTION gdpr_internal.require_owner(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller oid := gdpr_internal.caller();
BEGIN
  IF (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = caller)
     OR (SELECT pg_has_role(caller, c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = require_owner.relation) THEN
    RETURN;
  END IF;
  RAISE EXCEPTION 'must be owner of relation %', gdpr_internal.sql_name(require_owner.relation)
    USING ERRCODE = '42501',
          HINT = 'Connect as the owner, a member of the owner, or a superuser.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_owner(regclass) IS 'Stops unless the caller owns the relation';

--| Row of a subject type; stops if it is not registered.
CREATE OR REPLACE FUNCTION gdpr_internal.subject(subject_type text) RETURNS gdpr_internal.subject_type
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.subject_type;
BEGIN
  IF subject.subject_type IS NULL THEN
    RAISE EXCEPTION 'the subject type must not be null' USING ERRCODE = '22004';
  END IF;
  SELECT s.* INTO result FROM gdpr_internal.subject_type AS s WHERE s.subject_type = subject.subject_type;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subject type "%" is not registered', subject.subject_type
      USING ERRCODE = '42704', HINT = 'Register it with gdpr.register_subject().';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.subject(text) IS 'Row of a subject type; stops if it is not registered';

--| The relation of that name; stops, and says what to do, if it or one of the columns is gone.
CREATE OR REPLACE FUNCTION gdpr_internal.existing(
  subject_type text, relation_schema name, relation_name name, VARIADIC columns name[] DEFAULT '{}')
RETURNS regclass
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result regclass := gdpr_internal.resolve(relation_schema, relation_name);
  gone name := (SELECT c FROM unnest(existing.columns) AS c WHERE gdpr_internal.column_type(result, c) IS NULL LIMIT 1);
BEGIN
  IF result IS NULL OR gone IS NOT NULL THEN
    RAISE EXCEPTION '%relation %.%, declared for subject type "%", does not exist',
        CASE WHEN result IS NOT NULL THEN format('column "%s" of ', gone) ELSE '' END,
        quote_ident(relation_schema), quote_ident(relation_name), existing.subject_type
      USING ERRCODE = CASE WHEN result IS NULL THEN '42P01' ELSE '42703' END,
            HINT = format('Create it again, or run SELECT gdpr.drop_missing(%L) to give up what was declared on it.',
                          existing.subject_type);
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.existing(text, name, name, name[]) IS
  'The relation of that name; stops if it or one of the columns is gone';

--| Stops if the table is another one of that name, made by somebody else than the owner when it was declared.
CREATE OR REPLACE FUNCTION gdpr_internal.require_same_owner(
  subject_type text, relation regclass, declared_oid oid, declared_owner name)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner pg_roles;
BEGIN
  -- The same object changes hands only by will of its owner.
  IF require_same_owner.relation::oid <> declared_oid THEN
    SELECT r.* INTO owner FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner
    WHERE c.oid = require_same_owner.relation;
    IF owner.rolname <> declared_owner AND NOT owner.rolsuper THEN
      RAISE EXCEPTION 'relation %, declared for subject type "%", is not the one that was declared',
          gdpr_internal.sql_name(require_same_owner.relation), require_same_owner.subject_type
        USING ERRCODE = '42501',
              DETAIL = format('It was made again and belongs to "%s", not to "%s".', owner.rolname, declared_owner),
              HINT = 'Declare it again (the same call), as an owner of both tables.';
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_same_owner(text, regclass, oid, name) IS
  'Stops if the table is another one of that name, made by somebody else';

--| The fields of a row literal.
CREATE OR REPLACE FUNCTION gdpr_internal.row_fields(literal text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  body text := btrim(literal);
  fields text[] := '{}';
  field text := '';
  quoted boolean := false;
  present boolean := false;
  c text;
  i int := 2;
BEGIN
  IF body !~ '^\(.*\)$' THEN
    RETURN NULL;
  END IF;
  WHILE i <= length(body) LOOP
    c := substr(body, i, 1);
    IF c = '\' THEN
      i := i + 1;
      field := field || substr(body, i, 1);
      present := true;
    ELSIF c = '"' AND quoted AND substr(body, i + 1, 1) = '"' THEN
      i := i + 1;
      field := field || '"';
    ELSIF c = '"' THEN
      quoted := NOT quoted;
      present := true;
    ELSIF NOT quoted AND (c = ',' OR c = ')' AND i = length(body)) THEN
      fields := fields || CASE WHEN present THEN field END;
      field := '';
      present := false;
    ELSE
      field := field || c;
      present := true;
    END IF;
    i := i + 1;
  END LOOP;
  RETURN CASE WHEN NOT quoted THEN fields END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.row_fields(text) IS
  'The fields of a row literal, NULL if it is none';

--| SQL that gives a subject key its canonical form; reads unnest columns "key" and "part".
CREATE OR REPLACE FUNCTION gdpr_internal.canonical_sql(subject_type text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(canonical_sql.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  parts text[];
BEGIN
  -- A name would be cut at 63 bytes and so name somebody else: such a key raises instead.
  SELECT array_agg(CASE y.t WHEN 'name'::regtype THEN format(
        'CASE WHEN octet_length(%1$s) < 64 THEN (%1$s)::pg_catalog.name ELSE substr(%1$s, 1, -1)::pg_catalog.name END', x.v)
      ELSE format('(%s)::%s', x.v, gdpr_internal.type_name(y.t)) END ORDER BY n)
  INTO parts
  FROM unnest(s.key) WITH ORDINALITY AS u(k, n),
    LATERAL (SELECT gdpr_internal.key_type(relation, k)) AS y(t),
    LATERAL (SELECT CASE WHEN cardinality(s.key) = 1 THEN 'k.key' ELSE format('k.part[%s]', n) END) AS x(v);
  RETURN format(CASE WHEN cardinality(s.key) = 1 THEN '(%s)::pg_catalog.text' ELSE 'ROW(%s)::pg_catalog.text' END,
                array_to_string(parts, ', '));
END
$$;
COMMENT ON FUNCTION gdpr_internal.canonical_sql(text) IS
  'SQL expression that gives a subject key its canonical form';

--| Refuses a key without quoting it: it may be personal.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_key(subject_type text, place bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(refuse_key.subject_type);
  relation regclass := gdpr_internal.resolve(s.relation_schema, s.relation_name);
BEGIN
  RAISE EXCEPTION 'subject key number % is not a valid key of subject type "%"', place, s.subject_type
    USING ERRCODE = '22P02',
          DETAIL = format('The key is (%s).', (
            SELECT string_agg(format('%s %s', k, format_type(gdpr_internal.column_type(relation, k), NULL)), ', ' ORDER BY n)
            FROM unnest(s.key) WITH ORDINALITY AS u(k, n))),
          HINT = CASE WHEN cardinality(s.key) > 1 THEN 'Write a key of several columns as a row literal: (1,abc).'
                      ELSE 'Write the key as a value of that type.' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_key(text, bigint) IS
  'Refuses a subject key without quoting it';

--| citext keys are equal in any spelling; the table's own spelling is the canonical one.
CREATE OR REPLACE FUNCTION gdpr_internal.stored_spelling(s gdpr_internal.subject_type, keys text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
BEGIN
  IF NOT EXISTS (SELECT FROM unnest(s.key) AS k JOIN pg_type AS t
      ON t.oid = gdpr_internal.base_type(gdpr_internal.column_type(relation, k)) WHERE t.typname = 'citext') THEN
    RETURN keys;
  END IF;
  RETURN (
    SELECT array_agg(coalesce(f.stored, k.key) ORDER BY k.n)
    FROM unnest(keys) WITH ORDINALITY AS k(key, n)
    LEFT JOIN (
      SELECT r.person, CASE WHEN cardinality(s.key) = 1 THEN r.vals->>1
        ELSE gdpr_internal.row_literal(r.vals, to_jsonb(ARRAY(SELECT generate_series(1, cardinality(s.key))))) END AS stored
      FROM gdpr_internal.query_as_owner(relation, gdpr_internal.find_subject_sql(s.subject_type, false), keys)
        AS r(relid oid, tid tid, person int, vals jsonb)
    ) AS f ON f.person = k.n);
END
$$;
COMMENT ON FUNCTION gdpr_internal.stored_spelling(gdpr_internal.subject_type, text[]) IS
  'citext keys as the table spells them';

--| Keys in their type's own text form, in the order given.
CREATE OR REPLACE FUNCTION gdpr_internal.canonical_keys(subject_type text, keys text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(canonical_keys.subject_type);
  expression text := gdpr_internal.canonical_sql(s.subject_type);
  composite boolean := cardinality(s.key) > 1;
  canonical text[];
  place bigint;
  sample text;
BEGIN
  IF keys IS NULL OR array_position(keys, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'a subject key must not be null' USING ERRCODE = '22004';
  END IF;
  IF composite THEN
    SELECT min(n) INTO place FROM unnest(keys) WITH ORDINALITY AS u(k, n)
    WHERE cardinality(gdpr_internal.row_fields(k)) IS DISTINCT FROM cardinality(s.key)
       OR array_position(gdpr_internal.row_fields(k), NULL) IS NOT NULL;
    IF place IS NOT NULL THEN
      PERFORM gdpr_internal.refuse_key(s.subject_type, place);
    END IF;
  END IF;
  BEGIN
    EXECUTE format('SELECT coalesce(array_agg(%s ORDER BY k.n), ''{}'') FROM (SELECT u.key, u.n, %s AS part '
                   'FROM unnest($1) WITH ORDINALITY AS u(key, n)) AS k', expression,
                   CASE WHEN composite THEN 'gdpr_internal.row_fields(u.key)' ELSE 'NULL::text[]' END)
    INTO canonical USING keys;
    RETURN gdpr_internal.stored_spelling(s, canonical);
  EXCEPTION WHEN data_exception THEN
    NULL;
  END;
  -- Somebody's key is wrong: find out whose, without quoting it.
  FOR place IN 1 .. cardinality(keys) LOOP
    BEGIN
      EXECUTE format('SELECT %s FROM (SELECT $1 AS key, $2 AS part) AS k', expression) INTO sample
      USING keys[place], CASE WHEN composite THEN gdpr_internal.row_fields(keys[place]) END;
    EXCEPTION WHEN data_exception THEN
      PERFORM gdpr_internal.refuse_key(s.subject_type, place);
    END;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.canonical_keys(text, text[]) IS
  'Subject keys in their type''s own text form, in the order given';
