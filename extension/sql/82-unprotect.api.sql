-- SPDX-License-Identifier: PostgreSQL
-- Taking policies off again, and keeping them in line with what is declared.

--| Takes subject types off one table; with the last one everything of ours goes, and row security is
--| as it was before.
CREATE OR REPLACE FUNCTION gdpr_internal.release_relation(relation regclass, subject_types text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(release_relation.relation);
  others text[] := ARRAY(SELECT t FROM unnest(p.subject_types) AS t WHERE t <> ALL (release_relation.subject_types) ORDER BY t);
BEGIN
  IF p.relation_name IS NULL THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM gdpr_internal.policy_targets(release_relation.relation, others)) THEN
    IF p.inline AND gdpr_internal.people_of(release_relation.relation, others) IS NULL THEN
      p.inline := false;
      p.fill := NULL;
    END IF;
    p.subject_types := others;
    PERFORM gdpr_internal.apply_protection(release_relation.relation, p, gdpr_internal.tenant_column_of(others));
    RETURN;
  END IF;
  PERFORM gdpr_internal.execute_as_owner(release_relation.relation,
    format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', gdpr_internal.sql_name(release_relation.relation)));
  LOCK TABLE gdpr_internal.protection IN SHARE ROW EXCLUSIVE MODE;
  PERFORM gdpr_internal.run_ddl(release_relation.relation, gdpr_internal.release_statements(release_relation.relation));
  DELETE FROM gdpr_internal.protection AS x
  WHERE (x.relation_schema, x.relation_name) = (p.relation_schema, p.relation_name);
  IF EXISTS (SELECT FROM gdpr_internal.audited AS a
             WHERE a.protected AND (a.relation_schema, a.relation_name) = (p.relation_schema, p.relation_name)) THEN
    PERFORM gdpr_internal.end_audit(release_relation.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.release_relation(regclass, text[]) IS
  'Takes subject types off one table; with the last one the table is as it was before';

--| The statements by which a table becomes what it was before it was protected.
CREATE OR REPLACE FUNCTION gdpr_internal.release_statements(relation regclass) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(release_statements.relation);
  name text := gdpr_internal.sql_name(release_statements.relation);
  statements text[] := ARRAY(SELECT t FROM gdpr_internal.strip_statements(release_statements.relation) AS t);
BEGIN
  IF NOT p.had_force THEN
    statements := statements || format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', name);
  END IF;
  IF NOT p.had_row_security THEN
    statements := statements || format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', name);
  END IF;
  -- inherited columns go with the parent's
  IF p.inline AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = release_statements.relation
                          AND a.attname = 'gdpr_allowed' AND a.attislocal AND a.attinhcount = 0 AND NOT a.attisdropped) THEN
    statements := statements || format('ALTER TABLE %s DROP COLUMN gdpr_allowed, DROP COLUMN IF EXISTS gdpr_valid_until', name);
  END IF;
  RETURN statements;
END
$$;
COMMENT ON FUNCTION gdpr_internal.release_statements(regclass) IS
  'The statements by which a table becomes what it was before it was protected';

--| Protected tables of a subject type, children before their parents: their policies hang on columns
--| that are the parents'.
CREATE OR REPLACE FUNCTION gdpr_internal.releasable(subject_type text) RETURNS TABLE(relation regclass, place bigint)
LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.relation, row_number() OVER (ORDER BY (
      WITH RECURSIVE up(relid, depth) AS (
        SELECT r.relation::oid, 0
        UNION ALL
        SELECT i.inhparent, u.depth + 1 FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
      ) SELECT max(u.depth) FROM up AS u) DESC, r.relation::oid)
  FROM gdpr_internal.protection AS p, LATERAL (SELECT gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r(relation)
  WHERE $1 = ANY (p.subject_types) AND r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.releasable(text) IS
  'Protected tables of a subject type, children before their parents';

--| What gdpr.unprotect() has to do, table by table.
CREATE OR REPLACE FUNCTION gdpr_internal.unprotect_steps(subject_type text)
RETURNS TABLE(relation regclass, done boolean, statements text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(unprotect_steps.subject_type);
  p gdpr_internal.protection;
  others text[];
BEGIN
  PERFORM gdpr_internal.require_owner(r.relation) FROM gdpr_internal.releasable(s.subject_type) AS r;
  FOR relation IN SELECT r.relation FROM gdpr_internal.releasable(s.subject_type) AS r ORDER BY r.place LOOP
    p := gdpr_internal.protection_of(relation);
    others := array_remove(p.subject_types, s.subject_type);
    done := p.relation_name IS NULL;
    statements := CASE
      WHEN done THEN '{}'
      WHEN EXISTS (SELECT FROM gdpr_internal.policy_targets(relation, others)) THEN
        ARRAY(SELECT t FROM gdpr_internal.strip_statements(relation) AS t)
        || gdpr_internal.wanted_statements(relation, others, NOT p.had_row_security,
             p.inline AND gdpr_internal.people_of(relation, others) IS NOT NULL, gdpr_internal.tenant_column_of(others))
      ELSE gdpr_internal.release_statements(relation) END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.unprotect_steps(text) IS 'What gdpr.unprotect() has to do, table by table';

--| One step of gdpr.unprotect(); always finished at once.
CREATE OR REPLACE FUNCTION gdpr_internal.unprotect_relation(subject_type text, relation regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(unprotect_relation.subject_type);
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = unprotect_relation.relation) THEN
    PERFORM gdpr_internal.require_owner(unprotect_relation.relation);
    PERFORM gdpr_internal.release_relation(unprotect_relation.relation, ARRAY[s.subject_type]);
  END IF;
  PERFORM gdpr_internal.forget_protection(s.subject_type);
  RETURN true;
END
$$;
COMMENT ON FUNCTION gdpr_internal.unprotect_relation(text, regclass) IS 'One step of gdpr.unprotect()';

--| When the last table is released: no tenants and networks any more, and no rows of tables that are gone.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_protection(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM gdpr_internal.releasable(forget_protection.subject_type) AS r
             WHERE (gdpr_internal.protection_of(r.relation)).relation_name IS NOT NULL) THEN
    RETURN;
  END IF;
  DELETE FROM gdpr_internal.protection AS p WHERE p.subject_types = ARRAY[forget_protection.subject_type];
  UPDATE gdpr_internal.protection AS p SET subject_types = array_remove(p.subject_types, forget_protection.subject_type)
  WHERE forget_protection.subject_type = ANY (p.subject_types);
  UPDATE gdpr_internal.consent_setting AS c SET tenant_column = NULL, networks = NULL
  WHERE c.subject_type = forget_protection.subject_type AND (c.tenant_column IS NOT NULL OR c.networks IS NOT NULL);
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_protection(text) IS
  'Forgets what was remembered of a subject type''s tables once the last is released';

--| Takes a subject type off all tables, whoever owns them. Behind unregister_subject() and remove().
CREATE OR REPLACE FUNCTION gdpr_internal.release_subject(subject_type text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r regclass;
  released bigint := 0;
BEGIN
  FOR r IN SELECT x.relation FROM gdpr_internal.releasable(release_subject.subject_type) AS x ORDER BY x.place LOOP
    PERFORM gdpr_internal.release_relation(r, ARRAY[release_subject.subject_type]);
    released := released + 1;
  END LOOP;
  PERFORM gdpr_internal.forget_protection(release_subject.subject_type);
  RETURN released;
END
$$;
COMMENT ON FUNCTION gdpr_internal.release_subject(text) IS
  'Takes a subject type off all tables; how many there were';

--| Brings a protected table and its children in line after a link came or went.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_protection(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r regclass;
  p gdpr_internal.protection;
  reached text[];
BEGIN
  FOR r IN SELECT f FROM gdpr_internal.family(refresh_protection.relation) AS f LOOP
    p := gdpr_internal.protection_of(r);
    CONTINUE WHEN p.relation_name IS NULL;
    SELECT array_agg(DISTINCT t.subject_type) INTO reached FROM gdpr_internal.policy_targets(r, p.subject_types) AS t;
    IF reached IS NULL THEN
      PERFORM gdpr_internal.release_relation(r, p.subject_types);
    ELSE
      p.subject_types := reached;
      PERFORM gdpr_internal.apply_protection(r, p, gdpr_internal.tenant_column_of(reached));
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_protection(regclass) IS
  'Brings a protected table and its children in line after a link came or went';

--| The same for everything that is protected.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_protections() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.refresh_protection(r.relation)
  FROM gdpr_internal.protection AS p, LATERAL (SELECT gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r(relation)
  WHERE r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_protections() IS 'Brings all protected tables in line';

--| After gdpr.add_link(): a link of a protected subject type protects nothing by itself.
CREATE OR REPLACE FUNCTION gdpr_internal.link_added(subject_type text, relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(link_added.relation);
BEGIN
  IF link_added.subject_type = ANY (p.subject_types) THEN
    PERFORM gdpr_internal.refresh_protection(link_added.relation);
  ELSIF EXISTS (SELECT FROM gdpr_internal.protection AS x WHERE link_added.subject_type = ANY (x.subject_types)) THEN
    RAISE NOTICE 'relation % is not protected yet', gdpr_internal.sql_name(link_added.relation)
      USING HINT = format('CALL gdpr.protect(%L) again: it goes on with this table.', link_added.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.link_added(text, regclass) IS
  'Changes the policies of a table that has another link now, or says that it is not protected yet';

--| New partitions and children of protected tables. Called by the event trigger.
CREATE OR REPLACE FUNCTION gdpr_internal.protect_children(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  child record;
  p gdpr_internal.protection;
BEGIN
  FOR child IN
    SELECT f.relation, array_agg(DISTINCT t.subject_type) AS subject_types
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN gdpr_internal.protection AS x ON x.relation_schema = n.nspname AND x.relation_name = c.relname,
      gdpr_internal.family(i.inhrelid) WITH ORDINALITY AS f(relation, n), unnest(x.subject_types) AS t(subject_type)
    -- ATTACH PARTITION names the parent, INHERIT the child
    WHERE (i.inhrelid = ANY (objects) OR i.inhparent = ANY (objects)) AND (SELECT k.relkind IN ('r', 'p') FROM pg_class AS k WHERE k.oid = f.relation)
      -- our own statements go table by table, and take policies off the children first
      AND NOT gdpr_internal.engine_at_work(f.relation)
    GROUP BY f.relation ORDER BY min(f.n)
  LOOP
    -- By name: during a restore the policies follow later. A table that is dropped is forgotten.
    CONTINUE WHEN EXISTS (
      SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN gdpr_internal.protection AS x ON x.relation_schema = n.nspname AND x.relation_name = c.relname
      WHERE c.oid = child.relation AND x.subject_types @> child.subject_types);
    p := gdpr_internal.protection_of(child.relation);
    PERFORM gdpr_internal.require_protectable(child.relation);
    p := gdpr_internal.wanted_protection(child.relation, NULL, gdpr_internal.column_type(child.relation, 'gdpr_allowed') IS NOT NULL, NULL);
    p.subject_types := ARRAY(SELECT DISTINCT t FROM unnest(p.subject_types || child.subject_types) AS t ORDER BY t);
    p.inline := gdpr_internal.people_of(child.relation, p.subject_types) IS NOT NULL
      AND gdpr_internal.column_type(child.relation, 'gdpr_allowed') IS NOT NULL;
    PERFORM gdpr_internal.apply_protection(child.relation, p, gdpr_internal.tenant_column_of(p.subject_types));
    -- whoever attached it waits for the fill: there is nobody to call again
    LOOP
      EXIT WHEN gdpr_internal.fill_inline(child.relation);
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.protect_children(oid[]) IS
  'Protects new partitions and children of protected tables';

--| Policies and triggers follow renames by themselves; what is remembered of them follows here.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_definition(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(follow_definition.relation);
  wanted text[];
BEGIN
  IF p.relation_name IS NULL THEN
    RETURN;
  END IF;
  wanted := gdpr_internal.statements_of(follow_definition.relation, p, gdpr_internal.tenant_column_of(p.subject_types));
  IF p.definition <> md5(array_to_string(wanted, ';')) THEN
    UPDATE gdpr_internal.protection AS x SET definition = md5(array_to_string(wanted, ';'))
    WHERE (x.relation_schema, x.relation_name) = (p.relation_schema, p.relation_name);
    -- a column of the parent was renamed in its children as well
    PERFORM gdpr_internal.follow_definition(i.inhrelid::regclass) FROM pg_inherits AS i WHERE i.inhparent = follow_definition.relation;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_definition(regclass) IS
  'Brings what is remembered of a table''s policies in line with renamed columns';

--| After a restore OIDs mean nothing: they are taken anew from the names of what bears our marks.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_restored() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.protection AS p SET relation_oid = y.polrelid
  FROM pg_policy AS y
  WHERE y.polname = 'gdpr_purpose_select' AND y.polrelid = gdpr_internal.resolve(p.relation_schema, p.relation_name)
    AND p.relation_oid <> y.polrelid;
  UPDATE gdpr_internal.masked_view AS v SET view_oid = c.oid, relation_oid = r.oid
  FROM pg_class AS c, pg_class AS r
  WHERE c.oid = gdpr_internal.resolve(v.view_schema, v.view_name) AND c.relowner = 'gdpr_owner'::regrole
    AND r.oid = gdpr_internal.resolve(v.relation_schema, v.relation_name) AND (v.view_oid, v.relation_oid) <> (c.oid, r.oid)
$$;
COMMENT ON FUNCTION gdpr_internal.follow_restored() IS
  'Takes OIDs of protected tables and masked views anew after a restore';

--| Renames of protected tables, of masked views and of the tenant column.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_protection(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE gdpr_internal.protection AS p SET relation_schema = n.nspname, relation_name = c.relname
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = p.relation_oid AND (c.oid = ANY (objects) OR n.oid = ANY (objects))
    AND gdpr_internal.resolve(p.relation_schema, p.relation_name) IS NULL;
  UPDATE gdpr_internal.protection AS p SET relation_owner = pg_get_userbyid(c.relowner) FROM pg_class AS c
  WHERE c.oid = p.relation_oid AND c.oid = ANY (objects) AND c.oid = gdpr_internal.resolve(p.relation_schema, p.relation_name)
    AND p.relation_owner <> pg_get_userbyid(c.relowner);
  UPDATE gdpr_internal.masked_view AS v SET view_schema = n.nspname, view_name = c.relname
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = v.view_oid AND (c.oid = ANY (objects) OR n.oid = ANY (objects))
    AND gdpr_internal.resolve(v.view_schema, v.view_name) IS NULL;
  UPDATE gdpr_internal.masked_view AS v SET relation_schema = n.nspname, relation_name = c.relname
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = v.relation_oid AND (c.oid = ANY (objects) OR n.oid = ANY (objects))
    AND gdpr_internal.resolve(v.relation_schema, v.relation_name) IS NULL;
  -- the policy depends on the column, whatever that is called now
  UPDATE gdpr_internal.consent_setting AS c SET tenant_column = a.attname
  FROM gdpr_internal.subject_type AS s, pg_policy AS y, pg_depend AS d, pg_attribute AS a
  WHERE s.subject_type = c.subject_type AND c.tenant_column IS NOT NULL
    AND y.polrelid = gdpr_internal.resolve(s.relation_schema, s.relation_name) AND y.polname = 'gdpr_tenant' AND y.polrelid = ANY (objects)
    AND d.classid = 'pg_policy'::regclass AND d.objid = y.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = y.polrelid
    AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0 AND a.attname <> c.tenant_column
    AND gdpr_internal.column_type(y.polrelid, c.tenant_column) IS NULL;
  PERFORM gdpr_internal.follow_definition(g.relation) FROM gdpr_internal.guarded_tables() AS g WHERE g.relid = ANY (objects)
    OR (SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = g.relid) = ANY (objects);
  PERFORM gdpr_internal.follow_restored();
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_protection(oid[]) IS
  'Follows renames of protected tables, masked views and tenant columns';
