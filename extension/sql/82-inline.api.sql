-- SPDX-License-Identifier: PostgreSQL
-- What protected tables of people have beside policies: keys that stay while consent hangs on them,
-- consent that goes with deleted people, and, where asked for, the mask in columns of their own.

--| The subject type that a trigger names, if its table holds those people. On any other table our rights
--| would work on rows of somebody else's shape, or speak for people who are somebody else's.
CREATE OR REPLACE FUNCTION gdpr_internal.people_here(relation oid, subject_type text) RETURNS gdpr_internal.subject_type
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(people_here.subject_type);
BEGIN
  IF gdpr_internal.people_of(people_here.relation, ARRAY[s.subject_type]) IS NULL
     OR NOT gdpr_internal.is_same(gdpr_internal.resolve(s.relation_schema, s.relation_name), s.relation_oid, s.relation_owner) THEN
    RAISE EXCEPTION 'relation % does not hold the people of subject type "%"', gdpr_internal.sql_name(people_here.relation), s.subject_type
      USING ERRCODE = '42501', DETAIL = 'The trigger would work on rows that are not theirs.',
            HINT = 'Drop the trigger; gdpr.protect() puts one where it belongs.';
  END IF;
  RETURN s;
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_here(oid, text) IS
  'The subject type that a trigger names; stops if its table is not of theirs';

--| Row trigger: the key of a person with consent on record stays as it is.
CREATE OR REPLACE FUNCTION gdpr.keep_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.people_here(TG_RELID, TG_ARGV[0]);
  old_key text;
BEGIN
  IF gdpr_internal.engine_at_work(TG_RELID) THEN
    RETURN NEW;
  END IF;
  EXECUTE format('SELECT %s FROM (SELECT ($1).*) AS r', gdpr_internal.key_text(s.subject_type, 'r')) INTO old_key USING OLD;
  IF EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.subject_type = s.subject_type AND e.subject_key = old_key)
     OR EXISTS (SELECT FROM gdpr_internal.consent_state AS c WHERE c.subject_type = s.subject_type AND c.subject_key = old_key) THEN
    RAISE EXCEPTION 'the key of this "%" cannot change', s.subject_type
      USING ERRCODE = '55000', DETAIL = 'Consent is on record for the person under that key.',
            HINT = 'Keep the key, or add the person under the new key, record consent there and delete the old row.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION gdpr.keep_key() IS
  'Trigger zz_gdpr_key: refuses to change the key of a person with consent on record';

--| SQL that gives the canonical key of a row of the table of people.
CREATE OR REPLACE FUNCTION gdpr_internal.key_text(subject_type text, row_name text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(key_text.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
BEGIN
  RETURN (
    SELECT format(CASE WHEN cardinality(s.key) = 1 THEN '(%s)::pg_catalog.text' ELSE 'ROW(%s)::pg_catalog.text' END,
      string_agg(format('(%s.%I)::%s', row_name, k,
        gdpr_internal.type_name(gdpr_internal.key_type(people, k))), ', ' ORDER BY n))
    FROM unnest(s.key) WITH ORDINALITY AS u(k, n));
END
$$;
COMMENT ON FUNCTION gdpr_internal.key_text(text, text) IS
  'SQL that gives the canonical key of a row of the table of people';

--| Statement trigger: who was deleted by hand leaves no comments, scans and addresses behind.
CREATE OR REPLACE FUNCTION gdpr.forget_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.people_here(TG_RELID, TG_ARGV[0]);
  keys text[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    EXECUTE format('SELECT array_agg(DISTINCT g.key) FROM (SELECT %s AS key FROM gone AS r) AS g '
      'WHERE EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.subject_type = $1 AND e.subject_key = g.key) '
      'OR EXISTS (SELECT FROM gdpr_internal.consent_state AS c WHERE c.subject_type = $1 AND c.subject_key = g.key)',
      gdpr_internal.key_text(s.subject_type, 'r')) INTO keys USING s.subject_type;
    -- the same person may stand in another partition, or be back already
    keys := gdpr_internal.missing_people(s.subject_type, keys);
  ELSE
    keys := gdpr_internal.gone_people(s.subject_type);
  END IF;
  IF cardinality(keys) > 0 THEN
    PERFORM gdpr_internal.forget_deleted(s.subject_type, keys);
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION gdpr.forget_deleted() IS
  'Trigger zz_gdpr_forget: people deleted by hand leave no comments, scans and addresses behind';

--| Those of the keys that no row of the table of people has. Erased people's digests are no keys.
CREATE OR REPLACE FUNCTION gdpr_internal.missing_people(subject_type text, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(missing_people.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  asked text[] := ARRAY(
    SELECT k FROM unnest(missing_people.keys) AS k
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.erasure AS e
                      WHERE e.subject_type = s.subject_type AND e.subject_key = k AND e.key_digest)
      -- whose rows a retention policy deleted: forgotten before, the proof stays
      AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type AND f.subject_key = k)
    ORDER BY k);
BEGIN
  IF asked = '{}' THEN
    RETURN asked;
  END IF;
  RETURN ARRAY(
    SELECT a.key FROM unnest(asked) WITH ORDINALITY AS a(key, n)
    LEFT JOIN (
      SELECT DISTINCT r.person
      FROM gdpr_internal.query_as_owner(people, gdpr_internal.find_subject_sql(s.subject_type, false), asked)
        AS r(relid oid, tid tid, person int, vals jsonb)) AS f ON f.person = a.n
    WHERE f.person IS NULL);
END
$$;
COMMENT ON FUNCTION gdpr_internal.missing_people(text, text[]) IS
  'Those of the keys that no row of the table of people has';

--| Keys with consent on record that no row has any more.
CREATE OR REPLACE FUNCTION gdpr_internal.gone_people(subject_type text) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN gdpr_internal.missing_people(gone_people.subject_type, ARRAY(
    SELECT e.subject_key FROM gdpr_internal.consent_event AS e WHERE e.subject_type = gone_people.subject_type
    UNION
    SELECT c.subject_key FROM gdpr_internal.consent_state AS c WHERE c.subject_type = gone_people.subject_type));
END
$$;
COMMENT ON FUNCTION gdpr_internal.gone_people(text) IS 'Keys with consent on record that no row has any more';

--| Forgets what describes people who were deleted while nobody looked; how many.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_missing(subject_type text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(forget_missing.subject_type);
  keys text[];
BEGIN
  PERFORM gdpr_internal.require_declarer(s.relation_schema, s.relation_name);
  keys := gdpr_internal.gone_people(s.subject_type);
  IF keys <> '{}' THEN
    PERFORM gdpr_internal.forget_deleted(s.subject_type, keys);
  END IF;
  RETURN cardinality(keys);
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_missing(text) IS
  'Forgets comments, scans and addresses of people who were deleted by hand';

--| The door of gdpr_internal.forget_missing().
CREATE OR REPLACE FUNCTION gdpr.forget_missing(subject_type text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.forget_missing(text) IS
  'Forgets comments, scans and addresses of people whose rows were deleted while the table was not protected; how many';

--| Row trigger: the mask in a table of people is kept by pg_gdpr alone. A new row has none and is
--| looked up. It has the rights of whoever writes: values are a domain's to check.
CREATE OR REPLACE FUNCTION gdpr.keep_allowed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_keep_allowed';
COMMENT ON FUNCTION gdpr.keep_allowed() IS
  'Triggers zz_gdpr_allowed_insert and zz_gdpr_allowed_update: the mask in a table of people is kept by pg_gdpr alone';

--| Columns and casts by which a table of people is joined with a json list of keys: k1 = …
CREATE OR REPLACE FUNCTION gdpr_internal.inline_join(subject_type text, OUT key_columns text, OUT same_key text, OUT key_order text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(inline_join.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
BEGIN
  SELECT string_agg(format('(j.v OPERATOR(pg_catalog.->>) %s)::%s AS k%s', n - 1, gdpr_internal.type_name(y.t), n), ', ' ORDER BY n),
    string_agg(format('t.%I %s v.k%s', k, gdpr_internal.equality_operator(y.t), n), ' AND ' ORDER BY n),
    string_agg(format('t.%I', k), ', ' ORDER BY n)
  INTO key_columns, same_key, key_order
  FROM unnest(s.key) WITH ORDINALITY AS u(k, n), LATERAL (SELECT gdpr_internal.key_type(people, k)) AS y(t);
END
$$;
COMMENT ON FUNCTION gdpr_internal.inline_join(text) IS
  'SQL by which a table of people is joined with a json list of keys';

--| Copies masks into the table of people. Its rows are locked first and the masks read after that: a
--| writer who is faster has been read, a slower one writes after us.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_masks(subject_type text, keys text[], locked boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(copy_masks.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  by_key record := gdpr_internal.inline_join(s.subject_type);
  rows jsonb;
BEGIN
  IF cardinality(keys) = 0 THEN
    RETURN;
  END IF;
  IF NOT locked THEN
    SELECT jsonb_agg(CASE WHEN cardinality(s.key) = 1 THEN jsonb_build_array(k) ELSE to_jsonb(gdpr_internal.row_fields(k)) END)
    INTO rows FROM unnest(keys) AS k;
    PERFORM gdpr_internal.execute_as_owner(people, format(
      'SELECT 1 FROM %s AS t JOIN (SELECT %s FROM pg_catalog.jsonb_array_elements($1) AS j(v)) AS v ON %s ORDER BY %s FOR NO KEY UPDATE OF t',
      gdpr_internal.sql_name(people), by_key.key_columns, by_key.same_key, by_key.key_order), rows);
  END IF;
  EXECUTE format(
    'SELECT jsonb_agg(CASE WHEN %1$s THEN jsonb_build_array(k.key) ELSE to_jsonb(gdpr_internal.row_fields(k.key)) END '
    '  || jsonb_build_array(coalesce(m.allowed, c.default_allowed), coalesce(m.valid_until, ''infinity''::timestamptz))) '
    'FROM unnest($1) AS k(key) '
    'LEFT JOIN LATERAL (SELECT x.allowed, x.valid_until FROM gdpr_internal.%2$I AS x WHERE %3$s OFFSET 0) AS m ON true '
    'JOIN gdpr_internal.consent_setting AS c ON c.subject_type = $2',
    CASE WHEN cardinality(s.key) = 1 THEN 'true' ELSE 'false' END, s.subject_type || '_allowed', (
      SELECT string_agg(format('x.%I %s (%s)::%s', k, gdpr_internal.equality_operator(y.t),
        CASE WHEN cardinality(s.key) = 1 THEN 'k.key' ELSE format('(gdpr_internal.row_fields(k.key))[%s]', n) END,
        gdpr_internal.type_name(y.t)), ' AND ' ORDER BY n)
      FROM unnest(s.key) WITH ORDINALITY AS u(k, n), LATERAL (SELECT gdpr_internal.key_type(people, k)) AS y(t)))
  INTO rows USING keys, s.subject_type;
  PERFORM gdpr_internal.execute_as_owner(people, format(
    'UPDATE %s AS t SET gdpr_allowed = v.allowed, gdpr_valid_until = v.valid_until '
    'FROM (SELECT %s, (j.v OPERATOR(pg_catalog.->>) %s)::pg_catalog.int8 AS allowed, '
    '(j.v OPERATOR(pg_catalog.->>) %s)::pg_catalog.timestamptz AS valid_until FROM pg_catalog.jsonb_array_elements($1) AS j(v)) AS v '
    'WHERE %s AND (t.gdpr_allowed IS DISTINCT FROM v.allowed OR t.gdpr_valid_until IS DISTINCT FROM v.valid_until)',
    gdpr_internal.sql_name(people), by_key.key_columns, cardinality(s.key), cardinality(s.key) + 1, by_key.same_key), rows);
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_masks(text, text[], boolean) IS
  'Copies masks of people into the columns of their table';

--| Keys of the rows in a range of blocks of one table; the rows are locked.
CREATE OR REPLACE FUNCTION gdpr_internal.keys_in_blocks(
  subject_type text, relation regclass, first bigint, blocks bigint, skip_locked boolean)
RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT r.key FROM gdpr_internal.query_as_owner(keys_in_blocks.relation, format(
      'SELECT %s FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.>=) ''(%s,0)''::pg_catalog.tid '
      'AND t.ctid OPERATOR(pg_catalog.<) ''(%s,0)''::pg_catalog.tid FOR NO KEY UPDATE%s', gdpr_internal.key_text(keys_in_blocks.subject_type, 't'),
      gdpr_internal.sql_name(keys_in_blocks.relation), first, least(first + blocks, 4294967295),
      CASE WHEN skip_locked THEN ' SKIP LOCKED' ELSE '' END)) AS r(key text)
    ORDER BY r.key);
END
$$;
COMMENT ON FUNCTION gdpr_internal.keys_in_blocks(text, regclass, bigint, bigint, boolean) IS
  'Keys of the people in a range of blocks of one table, whose rows are locked';

--| Fills the next part of a table of people that keeps masks; true when there is no next part. It waits
--| for nobody: a row that is locked keeps no mask and is looked up, until its consent changes.
CREATE OR REPLACE FUNCTION gdpr_internal.fill_inline(relation regclass) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  blocks CONSTANT bigint := 500;
  p gdpr_internal.protection := gdpr_internal.protection_of(fill_inline.relation);
  subject_type text := gdpr_internal.people_of(fill_inline.relation, p.subject_types);
BEGIN
  IF p.fill IS NULL THEN
    RETURN true;
  END IF;
  PERFORM gdpr_internal.copy_masks(subject_type, gdpr_internal.keys_in_blocks(subject_type, fill_inline.relation, p.fill, blocks, true), true);
  UPDATE gdpr_internal.protection AS x
  SET fill = CASE WHEN p.fill + blocks < pg_relation_size(fill_inline.relation) / current_setting('block_size')::bigint THEN p.fill + blocks END
  WHERE (x.relation_schema, x.relation_name) = (p.relation_schema, p.relation_name)
  RETURNING x.* INTO p;
  RETURN p.fill IS NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.fill_inline(regclass) IS
  'Fills the next part of a table of people that keeps masks; true when there is no next part';

--| Called whenever masks changed: brings the columns of the table of people up to date, if it has them.
CREATE OR REPLACE FUNCTION gdpr_internal.write_inline(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
  relation regclass;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.protection AS p WHERE p.inline) THEN
    RETURN;
  END IF;
  s := gdpr_internal.subject(write_inline.subject_type);
  relation := gdpr_internal.resolve(s.relation_schema, s.relation_name);
  IF relation IS NULL OR (gdpr_internal.protection_of(relation)).inline IS NOT TRUE THEN
    RETURN;
  END IF;
  -- unprotect takes the columns away under the table's lock: asked again once it has let go
  PERFORM gdpr_internal.execute_as_owner(relation, format('LOCK TABLE %s IN ROW EXCLUSIVE MODE', gdpr_internal.sql_name(relation)));
  IF (gdpr_internal.protection_of(relation)).inline IS NOT TRUE THEN
    RETURN;
  ELSIF keys IS NOT NULL THEN
    PERFORM gdpr_internal.copy_masks(s.subject_type, keys);
    RETURN;
  END IF;
  FOR relation IN
    SELECT f FROM gdpr_internal.family(relation) AS f JOIN pg_class AS c ON c.oid = f AND c.relkind = 'r'
  LOOP
    FOR block IN 0 .. pg_relation_size(relation) / current_setting('block_size')::bigint BY 500 LOOP
      PERFORM gdpr_internal.copy_masks(s.subject_type, gdpr_internal.keys_in_blocks(s.subject_type, relation, block, 500, false), true);
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.write_inline(text, text[]) IS
  'Brings the mask columns of a table of people up to date; NULL: for everybody';
