-- SPDX-License-Identifier: PostgreSQL
-- Masked views: made, made again when what they are made from changed, dropped.

--| Makes a view that shows every row of a table, clear or treated.
CREATE OR REPLACE FUNCTION gdpr_internal.create_masked_view(view_name text, relation regclass, profile text DEFAULT 'mask')
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place record;
  known gdpr_internal.masked_view;
  query text;
  view oid;
BEGIN
  IF create_masked_view.profile IS NULL OR create_masked_view.profile NOT IN ('mask', 'generalize', 'erase') THEN
    RAISE EXCEPTION 'profile of a masked view is not available' USING ERRCODE = '22023',
      DETAIL = 'Profiles with a key would let readers test their guesses.', HINT = 'Use mask, generalize or erase.';
  END IF;
  PERFORM gdpr_internal.require_table(create_masked_view.relation);
  PERFORM gdpr_internal.require_owner(create_masked_view.relation), gdpr_internal.require_maskable_policies(create_masked_view.relation);
  place := gdpr_internal.view_place(create_masked_view.view_name, create_masked_view.relation);
  LOCK TABLE gdpr_internal.masked_view IN SHARE ROW EXCLUSIVE MODE;
  query := gdpr_internal.masked_sql(create_masked_view.relation, create_masked_view.profile);
  view := gdpr_internal.resolve(place.view_schema, place.name);
  DELETE FROM gdpr_internal.masked_view AS v
  WHERE (v.view_schema, v.view_name) = (place.view_schema, place.name) AND view IS NULL;
  SELECT v.* INTO known FROM gdpr_internal.masked_view AS v WHERE (v.view_schema, v.view_name) = (place.view_schema, place.name);
  IF known.view_name IS NULL THEN
    PERFORM gdpr_internal.make_masked_view(ARRAY[place.view_schema, place.name], create_masked_view.relation, create_masked_view.profile, query);
  ELSIF known.profile <> create_masked_view.profile
     OR gdpr_internal.resolve(known.relation_schema, known.relation_name) IS DISTINCT FROM create_masked_view.relation THEN
    RAISE EXCEPTION 'masked view %.% is already made differently', quote_ident(place.view_schema), quote_ident(place.name)
      USING ERRCODE = '42710', DETAIL = format('It shows %I.%I with profile %s.', known.relation_schema, known.relation_name, known.profile),
            HINT = format('Run SELECT gdpr.drop_masked_view(%L) first.', format('%I.%I', place.view_schema, place.name));
  ELSIF known.definition = md5(query) THEN
    RAISE NOTICE 'masked view %.% is already there', quote_ident(place.view_schema), quote_ident(place.name);
  ELSE
    PERFORM gdpr_internal.remake_masked_view(known, view, create_masked_view.relation, query);
    RAISE NOTICE 'masked view %.% is made anew', quote_ident(place.view_schema), quote_ident(place.name);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.create_masked_view(text, regclass, text) IS
  'Makes a view that shows every row of a table, clear or treated';

--| Makes a view anew, with the rights on it and on those of its columns that it still has.
CREATE OR REPLACE FUNCTION gdpr_internal.remake_masked_view(known gdpr_internal.masked_view, view oid, relation regclass, query text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  acl aclitem[] := (SELECT c.relacl FROM pg_class AS c WHERE c.oid = remake_masked_view.view);
  column_acls jsonb := (SELECT jsonb_object_agg(a.attname, a.attacl::text) FROM pg_attribute AS a
                        WHERE a.attrelid = remake_masked_view.view AND a.attacl IS NOT NULL);
BEGIN
  PERFORM gdpr_internal.drop_view(view);
  DELETE FROM gdpr_internal.masked_view AS v WHERE (v.view_schema, v.view_name) = (known.view_schema, known.view_name);
  view := gdpr_internal.make_masked_view(ARRAY[known.view_schema, known.view_name], remake_masked_view.relation, known.profile, query, acl);
  PERFORM gdpr_internal.set_view_acl(view, a.attnum, x.acl::aclitem[])
  FROM jsonb_each_text(column_acls) AS x(name, acl) JOIN pg_attribute AS a ON a.attrelid = view AND a.attname = x.name;
END
$$;
COMMENT ON FUNCTION gdpr_internal.remake_masked_view(gdpr_internal.masked_view, oid, regclass, text) IS
  'Makes a masked view anew; the rights on it stay';

--| Drops one masked view, and our right to read the table if it was the last.
CREATE OR REPLACE FUNCTION gdpr_internal.take_masked_view(known gdpr_internal.masked_view) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  view regclass := gdpr_internal.resolve(known.view_schema, known.view_name);
  relation regclass := gdpr_internal.resolve(known.relation_schema, known.relation_name);
BEGIN
  IF view IS NOT NULL THEN
    PERFORM gdpr_internal.drop_view(view);
  END IF;
  DELETE FROM gdpr_internal.masked_view AS v WHERE (v.view_schema, v.view_name) = (known.view_schema, known.view_name);
  IF relation IS NOT NULL AND NOT EXISTS (
    SELECT FROM gdpr_internal.masked_view AS v
    WHERE (v.relation_schema, v.relation_name) = (known.relation_schema, known.relation_name)) THEN
    PERFORM gdpr_internal.execute_as_owner(relation, format('REVOKE SELECT ON %s FROM gdpr_owner', gdpr_internal.sql_name(relation)));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.take_masked_view(gdpr_internal.masked_view) IS 'Drops one masked view';

--| Drops a masked view.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_masked_view(view_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parts text[] := parse_ident(drop_masked_view.view_name);
  known gdpr_internal.masked_view[];
BEGIN
  SELECT array_agg(v) INTO known FROM gdpr_internal.masked_view AS v
  WHERE v.view_name = parts[cardinality(parts)] AND (cardinality(parts) = 1 OR v.view_schema = parts[1]);
  IF known IS NULL THEN
    RAISE EXCEPTION 'there is no such masked view' USING ERRCODE = '42704',
      HINT = 'Name it as schema.name, as it was made with gdpr.create_masked_view().';
  ELSIF cardinality(known) > 1 THEN
    RAISE EXCEPTION 'there are % masked views of that name', cardinality(known) USING ERRCODE = '42725', HINT = 'Name it with its schema.';
  END IF;
  PERFORM gdpr_internal.require_declarer(known[1].relation_schema, known[1].relation_name);
  PERFORM gdpr_internal.take_masked_view(known[1]);
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_masked_view(text) IS 'Drops a masked view';

--| Drops the masked views of all tables that only this subject type reaches; NULL: of all tables.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_masked_views(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  others text[] := ARRAY(SELECT s.subject_type FROM gdpr_internal.subject_type AS s WHERE s.subject_type <> drop_masked_views.subject_type);
  known gdpr_internal.masked_view;
BEGIN
  FOR known IN SELECT v.* FROM gdpr_internal.masked_view AS v LOOP
    IF NOT EXISTS (SELECT FROM gdpr_internal.policy_targets(gdpr_internal.resolve(known.relation_schema, known.relation_name), others)) THEN
      PERFORM gdpr_internal.take_masked_view(known);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_masked_views(text) IS
  'Drops the masked views of tables that only one subject type reaches';

--| The door of gdpr_internal.create_masked_view().
CREATE OR REPLACE FUNCTION gdpr.create_masked_view(view_name text, relation regclass, profile text DEFAULT 'mask')
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.create_masked_view(text, regclass, text) IS
  'Makes a view of a table of people or of what is theirs: clear where the session''s purpose allows it, else masked, generalized or erased';

--| The door of gdpr_internal.drop_masked_view().
CREATE OR REPLACE FUNCTION gdpr.drop_masked_view(view_name text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_masked_view(text) IS 'Drops a view made by gdpr.create_masked_view()';
