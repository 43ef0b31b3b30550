-- SPDX-License-Identifier: PostgreSQL
-- Masked views: every row, clear where the person may be processed for the session's purpose and the
-- purpose needs that kind of data, treated otherwise, cell by cell. Keys, links and what is classified
-- not_personal stay as they are. A column that nobody classified is refused: shown in clear it may
-- leak, and emptied it would look like a value.

--| The rights on a view of ours, by OID, or with a number on one of its columns.
CREATE OR REPLACE FUNCTION gdpr_internal.set_view_acl(view oid, column_number int2, acl aclitem[]) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_set_view_acl';
COMMENT ON FUNCTION gdpr_internal.set_view_acl(oid, int2, aclitem[]) IS
  'Sets the rights on a masked view (0) or on one of its columns, grantors and grant options as given';

--| DROP VIEW of a view of ours, by OID.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_view(view oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_drop_view';
COMMENT ON FUNCTION gdpr_internal.drop_view(oid) IS 'Drops a masked view';

--| Stops if a table's policies cannot bind a view's readers as they bind the table's: the view reads
--| as gdpr_owner, to whom policies for single roles do not apply, and who may not read what subqueries read.
CREATE OR REPLACE FUNCTION gdpr_internal.require_maskable_policies(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  refused record;
BEGIN
  SELECT string_agg(quote_ident(p.polname), ', ' ORDER BY p.polname) AS names, bool_or(p.polroles <> '{0}') AS roles INTO refused
  FROM pg_policy AS p
  WHERE p.polrelid = require_maskable_policies.relation AND p.polcmd IN ('r', '*')
    AND p.polname NOT IN ('gdpr_application', 'gdpr_purpose_select', 'gdpr_tenant')
    AND (p.polroles <> '{0}' OR p.polqual::text ~ '\{SUBLINK ');
  IF refused.names IS NOT NULL THEN
    RAISE EXCEPTION 'a masked view cannot keep the policies of relation %', gdpr_internal.sql_name(require_maskable_policies.relation)
      USING ERRCODE = '42501', DETAIL = format('These are for single roles or contain subqueries: %s.', refused.names),
            HINT = 'Write them TO PUBLIC and without subqueries (a function with the same outcome will do), or drop the masked view.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_maskable_policies(regclass) IS
  'Stops if a masked view could not keep the policies of a table';

--| What a profile makes of a column, as SQL in the column's base type; NULL where it has no treatment.
CREATE OR REPLACE FUNCTION gdpr_internal.treated_sql(
  relation regclass, column_sql text, base_type oid, typmod int, category "char", rule text, profile text)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type_sql text := gdpr_internal.type_name(base_type);
  call text := CASE profile WHEN 'erase' THEN 'gdpr.anonymize(%s, %L, ''erase'')' ELSE 'gdpr.' || profile || '(%s, %L)' END;
  read_as text := CASE WHEN category = 'S' THEN 'pg_catalog.text' ELSE type_sql END;
  sample text := gdpr_internal.sample_value(base_type, category, NULL);
BEGIN
  IF rule ~ '^not_personal\M' THEN
    RETURN column_sql;
  ELSIF sample IS NOT NULL THEN
    BEGIN
      -- what raises for any value must not make the view fail
      PERFORM FROM gdpr_internal.query_as_owner(treated_sql.relation, format('SELECT ' || call || ' IS NULL',
        format('%L::%s', sample, read_as), rule)) AS r(empty boolean);
    EXCEPTION WHEN data_exception OR feature_not_supported OR raise_exception OR SQLSTATE 'PD005' THEN
      RETURN format('NULL::%s', type_sql);
    END;
  ELSE
    RETURN format('NULL::%s', type_sql);
  END IF;
  RETURN format('(' || call || ')::%s', format('(%s)::%s', column_sql, read_as), rule,
    CASE WHEN typmod >= 0 AND category = 'S' THEN format_type(base_type, typmod) ELSE type_sql END);
END
$$;
COMMENT ON FUNCTION gdpr_internal.treated_sql(regclass, text, oid, int, "char", text, text) IS
  'What a profile makes of a column, as SQL that never raises';

--| Columns that a masked view shows in clear whatever the purpose: keys, links, discriminators.
CREATE OR REPLACE FUNCTION gdpr_internal.plain_columns(relation regclass, subject_types text[]) RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT x.column_name FROM unnest(plain_columns.subject_types) AS t, gdpr_internal.structural_columns(t) AS x
    WHERE x.relation = plain_columns.relation
    UNION
    SELECT unnest(p.columns || p.discriminator) FROM gdpr_internal.policy_targets(plain_columns.relation, plain_columns.subject_types) AS p
    WHERE p.by_key
    UNION
    SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = plain_columns.relation AND i.indisprimary);
END
$$;
COMMENT ON FUNCTION gdpr_internal.plain_columns(regclass, text[]) IS
  'Keys, link columns and discriminators of a table';

--| Kinds of the columns that a generated column is made from.
CREATE OR REPLACE FUNCTION gdpr_internal.source_kinds(relation regclass, attnum int2) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT split_part(btrim(r.rule), ' ', 1)
    FROM pg_attrdef AS a
    JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = a.adrelid AND d.refobjsubid > 0 AND d.refobjsubid <> a.adnum
    JOIN gdpr_internal.column_rules(source_kinds.relation) AS r ON r.attnum = d.refobjsubid
    WHERE a.adrelid = source_kinds.relation AND a.adnum = source_kinds.attnum AND r.rule !~ '^\s*not_personal\M'
    ORDER BY 1);
END
$$;
COMMENT ON FUNCTION gdpr_internal.source_kinds(regclass, int2) IS
  'Personal kinds of the columns that a generated column is made from';

--| The columns of a masked view with their expressions; an expression of NULL: nobody classified it.
CREATE OR REPLACE FUNCTION gdpr_internal.masked_columns(relation regclass, subject_types text[], profile text)
RETURNS TABLE(attnum int2, column_name name, expression text)
LANGUAGE plpgsql ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  plain name[] := gdpr_internal.plain_columns(masked_columns.relation, masked_columns.subject_types);
  c record;
  kinds text[];
  column_sql text;
BEGIN
  FOR c IN
    SELECT a.attnum, a.attname, a.attgenerated <> '' AS generated, t.base_type, t.base_typmod, t.category,
      btrim(r.rule) AS label, coalesce(f.rule, btrim(r.rule)) AS rule
    FROM pg_attribute AS a
    JOIN gdpr_internal.column_types(masked_columns.relation) AS t ON t.attnum = a.attnum
    LEFT JOIN gdpr_internal.column_rules(masked_columns.relation) AS r ON r.attnum = a.attnum
    LEFT JOIN gdpr_internal.fit(masked_columns.relation) AS f ON f.column_name = a.attname
    WHERE a.attrelid = masked_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname NOT IN ('gdpr_allowed', 'gdpr_valid_until')
    ORDER BY a.attnum
  LOOP
    attnum := c.attnum;
    column_name := c.attname;
    column_sql := format('t.%I', c.attname);
    kinds := CASE WHEN c.label IS NOT NULL THEN array_remove(ARRAY[split_part(c.label, ' ', 1)], 'not_personal')
                  WHEN c.generated THEN gdpr_internal.source_kinds(masked_columns.relation, c.attnum) ELSE '{}' END;
    expression := CASE
      WHEN kinds <> '{}' THEN format('CASE WHEN g.shown AND %s THEN (%s)::%s ELSE %s END',
        (SELECT string_agg(format('gdpr_internal.shows_kind(%L)', k), ' AND ' ORDER BY k) FROM unnest(kinds) AS k),
        column_sql, CASE WHEN c.base_typmod >= 0 THEN format_type(c.base_type, c.base_typmod) ELSE gdpr_internal.type_name(c.base_type) END,
        CASE WHEN c.label IS NULL THEN format('NULL::%s', gdpr_internal.type_name(c.base_type))
          ELSE gdpr_internal.treated_sql(masked_columns.relation, column_sql, c.base_type, c.base_typmod, c.category, c.rule, masked_columns.profile) END)
      WHEN c.label IS NOT NULL OR c.generated OR c.attname = ANY (plain) THEN column_sql END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.masked_columns(regclass, text[], text) IS
  'The columns of a masked view with their expressions';

--| The query of a masked view. Whether the person is shown is asked once for a row.
CREATE OR REPLACE FUNCTION gdpr_internal.masked_sql(relation regclass, profile text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject_types text[] := ARRAY(SELECT s.subject_type FROM gdpr_internal.subject_type AS s ORDER BY s.subject_type);
  shown text := gdpr_internal.row_condition(masked_sql.relation, subject_types, 'shows', 't.');
  columns text;
  unknown text;
BEGIN
  IF shown IS NULL THEN
    RAISE EXCEPTION 'relation % holds nobody''s data', gdpr_internal.sql_name(masked_sql.relation)
      USING ERRCODE = '55000', DETAIL = 'It is no table of people, and no owned link reaches it.',
            HINT = 'Register it with gdpr.register_subject(), or declare the link with gdpr.add_link().';
  END IF;
  SELECT string_agg(format('%s AS %I', c.expression, c.column_name), E',\n  ' ORDER BY c.attnum),
    string_agg(quote_ident(c.column_name), ', ' ORDER BY c.attnum) FILTER (WHERE c.expression IS NULL)
  INTO columns, unknown FROM gdpr_internal.masked_columns(masked_sql.relation, subject_types, masked_sql.profile) AS c;
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'relation % has unclassified columns', gdpr_internal.sql_name(masked_sql.relation)
      USING ERRCODE = 'PD003', DETAIL = format('Nobody said what these hold: %s.', unknown),
            HINT = format('SELECT gdpr.classify(%L, <column>, <kind>); what is nobody''s data is ''not_personal''.',
                          gdpr_internal.sql_name(masked_sql.relation));
  END IF;
  RETURN format(E'SELECT %s\nFROM %s AS t CROSS JOIN LATERAL (SELECT %s AS shown OFFSET 0) AS g', columns,
    gdpr_internal.sql_name(masked_sql.relation), shown);
END
$$;
COMMENT ON FUNCTION gdpr_internal.masked_sql(regclass, text) IS 'The query of a masked view';

--| schema and name of a view to be; without a schema it lies beside its table.
CREATE OR REPLACE FUNCTION gdpr_internal.view_place(view_name text, relation regclass, OUT view_schema name, OUT name name)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parts text[];
BEGIN
  IF view_place.view_name IS NULL THEN
    RAISE EXCEPTION 'the name of the view must not be null' USING ERRCODE = '22004';
  END IF;
  parts := parse_ident(view_place.view_name);
  IF cardinality(parts) > 2 THEN
    RAISE EXCEPTION 'the name of a view is schema.name' USING ERRCODE = '42602', HINT = 'Without a schema the view lies beside its table.';
  END IF;
  name := parts[cardinality(parts)];
  view_schema := CASE WHEN cardinality(parts) = 2 THEN parts[1]
    ELSE (SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = view_place.relation) END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.view_place(text, regclass) IS 'Schema and name of a masked view';

--| Makes the view, as the table's owner, and takes it over. It has the rights that acl says (NULL: those of a
--| new view of hers), and if it says nothing of her she may read it and let others.
CREATE OR REPLACE FUNCTION gdpr_internal.make_masked_view(
  place name[], relation regclass, profile text, query text, acl aclitem[] DEFAULT NULL)
RETURNS oid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  view_sql text := format('%I.%I', place[1], place[2]);
  owner oid := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = make_masked_view.relation);
  view oid;
BEGIN
  PERFORM gdpr_internal.run_ddl(make_masked_view.relation, ARRAY[
    format(E'CREATE VIEW %s WITH (security_barrier = true) AS\n%s', view_sql, query),
    format('COMMENT ON VIEW %s IS %L', view_sql, format('%s, clear where the session''s purpose allows it, else with profile %s',
      gdpr_internal.sql_name(make_masked_view.relation), profile)),
    format('GRANT SELECT ON %s TO gdpr_owner', gdpr_internal.sql_name(make_masked_view.relation))]);
  view := gdpr_internal.resolve(place[1], place[2]);
  PERFORM gdpr_internal.take_relation(view);
  acl := coalesce(acl, (SELECT c.relacl FROM pg_class AS c WHERE c.oid = view), acldefault('r', current_user::regrole));
  IF NOT EXISTS (SELECT FROM aclexplode(acl) AS a WHERE a.grantee = owner) THEN
    acl := acl || makeaclitem(owner, current_user::regrole, 'SELECT', true);
  END IF;
  PERFORM gdpr_internal.set_view_acl(view, 0::int2, acl);
  INSERT INTO gdpr_internal.masked_view (view_schema, view_name, view_oid, relation_schema, relation_name, relation_oid, profile, definition)
  SELECT place[1], place[2], view, n.nspname, c.relname, c.oid, make_masked_view.profile, md5(query)
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = make_masked_view.relation;
  RETURN view;
END
$$;
COMMENT ON FUNCTION gdpr_internal.make_masked_view(name[], regclass, text, text, aclitem[]) IS
  'Makes a masked view and takes it over';
