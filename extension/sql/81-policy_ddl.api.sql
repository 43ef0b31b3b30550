-- SPDX-License-Identifier: PostgreSQL
-- What the policies and guards of a protected table say, as SQL text. Policies are checked as the
-- reader, and only PUBLIC functions of gdpr_internal are called.

--| Whose data the rows of a relation are, by key or by owned links; its ancestors' links count as well.
CREATE OR REPLACE FUNCTION gdpr_internal.policy_targets(relation oid, subject_types text[])
RETURNS TABLE(subject_type text, link int, columns name[], discriminator name, discriminator_value text, by_key boolean)
LANGUAGE plpgsql STABLE ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE up(relid) AS (
    SELECT policy_targets.relation
    UNION
    SELECT i.inhparent FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
  ), named(nsp, rel) AS (
    SELECT n.nspname, c.relname
    FROM up AS u JOIN pg_class AS c ON c.oid = u.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  )
  SELECT s.subject_type, NULL::int, s.key, NULL::name, NULL::text, true
  FROM gdpr_internal.subject_type AS s JOIN named AS n ON n.nsp = s.relation_schema AND n.rel = s.relation_name
  WHERE s.subject_type = ANY (policy_targets.subject_types)
  UNION ALL
  (SELECT l.subject_type, l.link, l.columns, l.discriminator, l.discriminator_value,
     (l.parent_schema, l.parent_name, l.parent_columns) IS NOT DISTINCT FROM (s.relation_schema, s.relation_name, s.key)
   FROM gdpr_internal.link AS l JOIN gdpr_internal.subject_type AS s ON s.subject_type = l.subject_type
   JOIN named AS n ON n.nsp = l.relation_schema AND n.rel = l.relation_name
   WHERE l.subject_type = ANY (policy_targets.subject_types) AND l.scope = 'owned'
   ORDER BY l.subject_type, l.link);
END
$$;
COMMENT ON FUNCTION gdpr_internal.policy_targets(oid, text[]) IS
  'Whose data the rows of a relation are: by key, and by owned links';

--| A link column as a value of the key column's type, and the condition under which the cast succeeds.
--| No value: the types differ in kind, and only gdpr_internal.may_read_link() can compare them.
CREATE OR REPLACE FUNCTION gdpr_internal.key_value(
  column_sql text, column_type oid, key_type oid, OUT value text, OUT fits text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours oid := gdpr_internal.base_type(column_type);
  theirs oid := gdpr_internal.base_type(key_type);
  integers CONSTANT oid[] := ARRAY['int2'::regtype, 'int4'::regtype, 'int8'::regtype];
  texts CONSTANT oid[] := ARRAY['text'::regtype, 'varchar'::regtype];
BEGIN
  IF column_type = theirs THEN
    value := column_sql;
  ELSIF ours = theirs OR ours = ANY (texts) AND theirs = ANY (texts)
     OR ours = ANY (integers) AND theirs = ANY (integers) THEN
    value := format('(%s)::%s', column_sql, gdpr_internal.type_name(theirs));
  END IF;
  IF array_position(integers, ours) > array_position(integers, theirs) THEN
    fits := format('%1$s OPERATOR(pg_catalog.>=) (%2$s)::%4$s AND %1$s OPERATOR(pg_catalog.<=) (%3$s)::%4$s', column_sql,
      CASE theirs WHEN 'int2'::regtype THEN -32768 ELSE -2147483648 END,
      CASE theirs WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END, gdpr_internal.type_name(ours));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.key_value(text, oid, oid) IS
  'A link column as a value of the key''s type, and when the cast succeeds';

--| Condition on a row for one target. verb: may_read, may_change, shows, or would_read with the bit of a
--| purpose; row_name: '', 'NEW.', 't.' …
CREATE OR REPLACE FUNCTION gdpr_internal.target_condition(
  relation regclass, subject_type text, link int, columns name[], discriminator name, discriminator_value text,
  by_key boolean, verb text, row_name text, inline boolean, purpose_bit int)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(target_condition.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  vals text[];
  fits text;
  condition text;
  discr text;
BEGIN
  IF by_key THEN
    SELECT array_agg(k.value ORDER BY u.n), string_agg(k.fits, ' AND ' ORDER BY u.n) INTO vals, fits
    FROM unnest(target_condition.columns, s.key) WITH ORDINALITY AS u(c, key_column, n),
      LATERAL gdpr_internal.key_value(row_name || quote_ident(u.c), gdpr_internal.column_type(target_condition.relation, u.c),
        gdpr_internal.column_type(people, u.key_column)) AS k;
  END IF;
  IF by_key AND array_position(vals, NULL) IS NULL THEN
    condition := CASE
      WHEN link IS NULL AND inline AND verb = 'may_read' THEN format(
        'gdpr_internal.may_read_inline(%L, %sgdpr_allowed, %2$sgdpr_valid_until, %s)', s.subject_type, row_name, array_to_string(vals, ', '))
      ELSE format('gdpr_internal.%s(%s, %s)', verb, concat_ws(', ', quote_literal(s.subject_type), purpose_bit), array_to_string(vals, ', ')) END;
    IF fits IS NOT NULL THEN
      -- a number that the key cannot hold is nobody's
      condition := format('CASE WHEN %s THEN %s ELSE true END', fits, condition);
    END IF;
  ELSE
    condition := format('gdpr_internal.%s_link(%s, %s)', verb, concat_ws(', ', link, purpose_bit),
      (SELECT string_agg(row_name || quote_ident(c), ', ' ORDER BY n) FROM unnest(target_condition.columns) WITH ORDINALITY AS u(c, n)));
  END IF;
  IF discriminator IS NOT NULL THEN
    discr := format('(%s%I)::pg_catalog.text', row_name, discriminator);
    IF (SELECT t.typname = 'citext' FROM pg_type AS t
        WHERE t.oid = gdpr_internal.base_type(gdpr_internal.column_type(target_condition.relation, discriminator))) THEN
      discr := format('pg_catalog.lower(%s)', discr);
      discriminator_value := lower(discriminator_value);
    END IF;
    condition := format('(%1$s IS NULL OR %1$s OPERATOR(pg_catalog.<>) %2$L::pg_catalog.text OR %3$s)', discr, discriminator_value, condition);
  END IF;
  RETURN condition;
END
$$;
COMMENT ON FUNCTION gdpr_internal.target_condition(regclass, text, int, name[], name, text, boolean, text, text, boolean, int) IS
  'SQL condition on a row for one of the persons it may belong to';

--| Condition on a row for all of them: who shares a row must all allow. NULL: the rows are nobody's.
CREATE OR REPLACE FUNCTION gdpr_internal.row_condition(
  relation regclass, subject_types text[], verb text, row_name text DEFAULT '', inline boolean DEFAULT false, purpose_bit int DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT string_agg(gdpr_internal.target_condition(row_condition.relation, t.subject_type, t.link, t.columns, t.discriminator,
      t.discriminator_value, t.by_key, row_condition.verb, row_condition.row_name, row_condition.inline,
      row_condition.purpose_bit), ' AND ' ORDER BY t.n)
    FROM gdpr_internal.policy_targets(row_condition.relation, row_condition.subject_types) WITH ORDINALITY
      AS t(subject_type, link, columns, discriminator, discriminator_value, by_key, n));
END
$$;
COMMENT ON FUNCTION gdpr_internal.row_condition(regclass, text[], text, text, boolean, int) IS
  'SQL condition on a row for all the persons it belongs to; NULL if it belongs to nobody';

--| The subject type whose people the relation (or an ancestor of it) holds, NULL for other tables.
CREATE OR REPLACE FUNCTION gdpr_internal.people_of(relation oid, subject_types text[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT min(t.subject_type) FROM gdpr_internal.policy_targets(people_of.relation, people_of.subject_types) AS t
          WHERE t.link IS NULL);
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_of(oid, text[]) IS
  'The subject type whose people a relation holds; NULL for other tables';

--| Policies of one table, as statements.
CREATE OR REPLACE FUNCTION gdpr_internal.policy_statements(
  relation regclass, subject_types text[], application boolean, inline boolean, tenant_column name)
RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head text := ' ON ' || gdpr_internal.sql_name(policy_statements.relation);
  tenant text := CASE WHEN tenant_column IS NOT NULL THEN format('gdpr_internal.in_tenant((%I)::pg_catalog.text)', tenant_column) END;
BEGIN
  IF application THEN
    RETURN NEXT 'CREATE POLICY gdpr_application' || head || ' AS PERMISSIVE FOR ALL TO PUBLIC USING (true) WITH CHECK (true)';
  END IF;
  RETURN NEXT 'CREATE POLICY gdpr_purpose_select' || head || ' AS RESTRICTIVE FOR SELECT TO PUBLIC USING ('
    || gdpr_internal.row_condition(policy_statements.relation, policy_statements.subject_types, 'may_read', '', policy_statements.inline) || ')';
  IF gdpr_internal.column_type(policy_statements.relation, tenant_column) IS NOT NULL THEN
    tenant := format('gdpr_internal.in_tenant((%I)::pg_catalog.text)', tenant_column);
    RETURN NEXT format('CREATE POLICY gdpr_tenant%s AS RESTRICTIVE FOR ALL TO PUBLIC USING (%s) WITH CHECK (%2$s)', head, tenant);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.policy_statements(regclass, text[], boolean, boolean, name) IS
  'CREATE POLICY for one protected table';

--| Triggers of one table, as statements. A partition has the row triggers of its root.
CREATE OR REPLACE FUNCTION gdpr_internal.guard_statements(relation regclass, subject_types text[], inline boolean)
RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 6 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head text := ' ON ' || gdpr_internal.sql_name(guard_statements.relation);
  old_row text := gdpr_internal.row_condition(guard_statements.relation, guard_statements.subject_types, 'may_change', 'OLD.');
  new_row text := gdpr_internal.row_condition(guard_statements.relation, guard_statements.subject_types, 'may_change', 'NEW.');
  refuse text := format(' EXECUTE FUNCTION gdpr.refuse_change(%s)', (
    SELECT string_agg(quote_literal(t), ', ' ORDER BY t) FROM unnest(guard_statements.subject_types) AS t));
  people text := gdpr_internal.people_of(guard_statements.relation, guard_statements.subject_types);
  key_changes text;
BEGIN
  IF NOT (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = guard_statements.relation) THEN
    RETURN NEXT 'CREATE TRIGGER zz_gdpr_purpose_insert AFTER INSERT' || head || ' FOR EACH ROW WHEN (NOT (' || new_row || '))' || refuse;
    RETURN NEXT 'CREATE TRIGGER zz_gdpr_purpose_update AFTER UPDATE' || head || ' FOR EACH ROW WHEN (NOT (' || old_row
      || ') OR NOT (' || new_row || '))' || refuse;
    RETURN NEXT 'CREATE TRIGGER zz_gdpr_purpose_delete AFTER DELETE' || head || ' FOR EACH ROW WHEN (NOT (' || old_row || '))' || refuse;
    IF people IS NOT NULL THEN
      SELECT string_agg(format('(OLD.%1$I)::pg_catalog.text OPERATOR(pg_catalog.<>) (NEW.%1$I)::pg_catalog.text', k), ' OR ' ORDER BY n)
      INTO key_changes FROM gdpr_internal.subject_type AS s, unnest(s.key) WITH ORDINALITY AS u(k, n) WHERE s.subject_type = people;
      -- BEFORE: a row that moves to another partition has no AFTER UPDATE
      RETURN NEXT format('CREATE TRIGGER zz_gdpr_key BEFORE UPDATE%s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION gdpr.keep_key(%L)',
        head, key_changes, people);
    END IF;
    IF people IS NOT NULL AND inline THEN
      RETURN NEXT 'CREATE TRIGGER zz_gdpr_allowed_insert BEFORE INSERT' || head || ' FOR EACH ROW WHEN (NEW.gdpr_allowed IS NOT NULL'
        ' OR NEW.gdpr_valid_until IS NOT NULL) EXECUTE FUNCTION gdpr.keep_allowed()';
      -- asked here, our own work never reaches the function, which costs more than the row
      RETURN NEXT 'CREATE TRIGGER zz_gdpr_allowed_update BEFORE UPDATE' || head || ' FOR EACH ROW WHEN (NOT (OLD.gdpr_allowed'
        ' IS NOT DISTINCT FROM NEW.gdpr_allowed AND OLD.gdpr_valid_until IS NOT DISTINCT FROM NEW.gdpr_valid_until)'
        ' AND NOT gdpr_internal.engine_at_work(OLD.tableoid)) EXECUTE FUNCTION gdpr.keep_allowed()';
    END IF;
  END IF;
  IF people IS NOT NULL THEN
    RETURN NEXT format('CREATE TRIGGER zz_gdpr_forget AFTER DELETE%s REFERENCING OLD TABLE AS gone FOR EACH STATEMENT'
      ' EXECUTE FUNCTION gdpr.forget_deleted(%L)', head, people);
    RETURN NEXT format('CREATE TRIGGER zz_gdpr_forget_truncate AFTER TRUNCATE%s FOR EACH STATEMENT'
      ' EXECUTE FUNCTION gdpr.forget_deleted(%L)', head, people);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.guard_statements(regclass, text[], boolean) IS
  'CREATE TRIGGER for one protected table: refused changes, kept keys and masks, forgotten consent of deleted people';

--| Statements that take off one table what is ours on it, as far as it is there; rows and rights stay.
CREATE OR REPLACE FUNCTION gdpr_internal.strip_statements(relation regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 8 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT format('DROP POLICY %I ON %s', p.polname, gdpr_internal.sql_name(strip_statements.relation))
  FROM pg_policy AS p
  WHERE p.polrelid = strip_statements.relation AND p.polname IN ('gdpr_purpose_select', 'gdpr_application', 'gdpr_tenant')
  ORDER BY p.polname;
  RETURN QUERY
  SELECT format('DROP TRIGGER %I ON %s', g.tgname, gdpr_internal.sql_name(strip_statements.relation))
  FROM pg_trigger AS g
  WHERE g.tgrelid = strip_statements.relation AND g.tgparentid = 0 AND NOT g.tgisinternal AND g.tgname IN (
    'zz_gdpr_purpose_insert', 'zz_gdpr_purpose_update', 'zz_gdpr_purpose_delete', 'zz_gdpr_key', 'zz_gdpr_allowed_insert',
    'zz_gdpr_allowed_update', 'zz_gdpr_forget', 'zz_gdpr_forget_truncate')
  ORDER BY g.tgname;
END
$$;
COMMENT ON FUNCTION gdpr_internal.strip_statements(regclass) IS
  'DROP POLICY and DROP TRIGGER for what protect made on one table';

--| The columns that keep the mask in a table of people, as statements; none if they are there or inherited.
--| Types have their schema: run as the owner, they would be looked up on the owner's search_path.
CREATE OR REPLACE FUNCTION gdpr_internal.inline_statements(relation regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := gdpr_internal.sql_name(inline_statements.relation);
BEGIN
  IF gdpr_internal.column_type(inline_statements.relation, 'gdpr_allowed') IS NOT NULL THEN
    RETURN;
  END IF;
  RETURN NEXT format('ALTER TABLE %s ADD COLUMN gdpr_allowed pg_catalog.int8, ADD COLUMN gdpr_valid_until pg_catalog.timestamptz', name);
  RETURN NEXT format('SELECT gdpr.classify(%L, %L, %L), gdpr.classify(%1$L, %4$L, %3$L)', name, 'gdpr_allowed', 'not_personal', 'gdpr_valid_until');
  RETURN NEXT format('COMMENT ON COLUMN %s.gdpr_allowed IS %L', name, 'purposes the person may be processed for, kept by pg_gdpr');
  RETURN NEXT format('COMMENT ON COLUMN %s.gdpr_valid_until IS %L', name, 'until when gdpr_allowed holds, kept by pg_gdpr');
END
$$;
COMMENT ON FUNCTION gdpr_internal.inline_statements(regclass) IS
  'ALTER TABLE that adds the mask to a table of people';

--| What makes a table protected, in order: the whole of it, whatever is there already.
CREATE OR REPLACE FUNCTION gdpr_internal.wanted_statements(
  relation regclass, subject_types text[], application boolean, inline boolean, tenant_column name)
RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', gdpr_internal.sql_name(wanted_statements.relation))
    UNION ALL
    SELECT p FROM gdpr_internal.policy_statements(wanted_statements.relation, wanted_statements.subject_types,
      wanted_statements.application, wanted_statements.inline, wanted_statements.tenant_column) AS p
    UNION ALL
    SELECT g FROM gdpr_internal.guard_statements(wanted_statements.relation, wanted_statements.subject_types, wanted_statements.inline) AS g);
END
$$;
COMMENT ON FUNCTION gdpr_internal.wanted_statements(regclass, text[], boolean, boolean, name) IS
  'All statements that protect one table';

--| Names of our functions that an expression calls, as stored in the catalog, with how often it says OR.
CREATE OR REPLACE FUNCTION gdpr_internal.calls_in(tree text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT string_agg(f.proname, ' ' ORDER BY f.proname COLLATE "C") FROM regexp_matches($1, ':funcid (\d+)', 'g') AS m(id)
          JOIN pg_proc AS f ON f.oid = m.id[1]::oid AND f.pronamespace = 'gdpr_internal'::regnamespace)
    || ' ' || (SELECT count(*) FROM regexp_matches($1, ':boolop or', 'g'))
$$;
COMMENT ON FUNCTION gdpr_internal.calls_in(text) IS 'Our functions that a stored expression calls, and how often it says OR';

--| The same of a statement that we would run: flat lists of ORs count once.
CREATE OR REPLACE FUNCTION gdpr_internal.calls_wanted(statement text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT string_agg(m.name[1], ' ' ORDER BY m.name[1] COLLATE "C") FROM regexp_matches($1, 'gdpr_internal\.(\w+)\(', 'g') AS m(name))
    || ' ' || (SELECT count(*) FROM regexp_matches($1, ' IS NULL OR |\) OR NOT \(', 'g'))
$$;
COMMENT ON FUNCTION gdpr_internal.calls_wanted(text) IS 'The same of a statement that protects a table';

--| True if a protected table still has everything that protect made, enabled and asking what it should.
CREATE OR REPLACE FUNCTION gdpr_internal.is_intact(relation oid, wanted text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class AS c WHERE c.oid = is_intact.relation)
    AND NOT EXISTS (
      SELECT FROM unnest(wanted) AS w, substring(w FROM '^CREATE (?:POLICY|TRIGGER) (\w+)') AS n(name)
      WHERE n.name IS NOT NULL AND NOT EXISTS (
          SELECT FROM pg_policy AS p WHERE p.polrelid = is_intact.relation AND p.polname = n.name AND w LIKE 'CREATE POLICY%'
            AND p.polroles = '{0}' AND p.polpermissive = (n.name = 'gdpr_application')
            AND gdpr_internal.calls_in(concat(p.polqual::text, p.polwithcheck::text)) IS NOT DISTINCT FROM gdpr_internal.calls_wanted(w))
        AND NOT EXISTS (
          SELECT FROM pg_trigger AS g WHERE g.tgrelid = is_intact.relation AND g.tgname = n.name AND w LIKE 'CREATE TRIGGER%'
            AND g.tgenabled IN ('O', 'A') AND w LIKE '%EXECUTE FUNCTION ' || g.tgfoid::regproc || '(%'
            AND gdpr_internal.calls_in(g.tgqual::text) IS NOT DISTINCT FROM gdpr_internal.calls_wanted(w)));
END
$$;
COMMENT ON FUNCTION gdpr_internal.is_intact(oid, text[]) IS
  'True if row security, policies and triggers of a protected table are there, enabled and unchanged';
