-- SPDX-License-Identifier: PostgreSQL
-- Protecting tables: one table, one transaction. The procedures gdpr.protect() and gdpr.unprotect()
-- ask for the steps and do them one by one; whatever was done is found again and not done twice.

--| True while a statement of ours is changing the relation.
CREATE OR REPLACE FUNCTION gdpr_internal.engine_at_work(relation oid) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'gdpr_engine_at_work';
COMMENT ON FUNCTION gdpr_internal.engine_at_work(oid) IS 'True while a statement of pg_gdpr is changing the relation';

--| Tables that protect covers: the people, what owned links reach, their partitions and children.
CREATE OR REPLACE FUNCTION gdpr_internal.protected_relations(subject_type text)
RETURNS TABLE(relation regclass, place bigint)
LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.relation, row_number() OVER (ORDER BY min(s.step), min(f.n), f.relation::oid)
  FROM gdpr_internal.steps($1) AS s, gdpr_internal.family(s.relation) WITH ORDINALITY AS f(relation, n)
  JOIN pg_class AS c ON c.oid = f.relation AND c.relkind IN ('r', 'p')
  WHERE s.step = 1 OR EXISTS (SELECT FROM gdpr_internal.link AS l WHERE l.link = ANY (s.links) AND l.scope = 'owned')
  GROUP BY f.relation
$$;
COMMENT ON FUNCTION gdpr_internal.protected_relations(text) IS
  'Tables that protect covers, the people first and parents before their children';

--| The row that remembers a protected table; empty if it is not, or if another table has the name now.
CREATE OR REPLACE FUNCTION gdpr_internal.protection_of(relation regclass) RETURNS gdpr_internal.protection
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.protection;
BEGIN
  SELECT p.* INTO result
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN gdpr_internal.protection AS p ON p.relation_schema = n.nspname AND p.relation_name = c.relname
  WHERE c.oid = protection_of.relation
    -- After a restore the OIDs mean nothing: the policy tells the table from one made again.
    AND (p.relation_oid = c.oid OR EXISTS (
      SELECT FROM pg_policy AS y WHERE y.polrelid = c.oid AND y.polname = 'gdpr_purpose_select'));
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.protection_of(regclass) IS 'What is remembered of a protected table';

--| How a table should be protected: types, inline and tenant of today with what is asked for added.
CREATE OR REPLACE FUNCTION gdpr_internal.wanted_protection(
  relation regclass, subject_type text, inline boolean, tenant_column name)
RETURNS gdpr_internal.protection
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(wanted_protection.relation);
BEGIN
  IF p.relation_name IS NULL THEN
    SELECT n.nspname, c.relname, c.oid, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity
    INTO p.relation_schema, p.relation_name, p.relation_oid, p.relation_owner, p.had_row_security, p.had_force
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = wanted_protection.relation;
  END IF;
  p.subject_types := ARRAY(SELECT DISTINCT t FROM unnest(p.subject_types || wanted_protection.subject_type) AS t WHERE t IS NOT NULL ORDER BY t);
  p.inline := (coalesce(p.inline, false) OR coalesce(wanted_protection.inline, false))
    AND gdpr_internal.people_of(wanted_protection.relation, p.subject_types) IS NOT NULL;
  RETURN p;
END
$$;
COMMENT ON FUNCTION gdpr_internal.wanted_protection(regclass, text, boolean, name) IS
  'How a table should be protected: as it is, with what is asked for added';

--| The statements for a table that is remembered like that.
CREATE OR REPLACE FUNCTION gdpr_internal.statements_of(relation regclass, p gdpr_internal.protection, tenant_column name)
RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN gdpr_internal.wanted_statements(statements_of.relation, p.subject_types, NOT p.had_row_security, p.inline, tenant_column);
END
$$;
COMMENT ON FUNCTION gdpr_internal.statements_of(regclass, gdpr_internal.protection, name) IS
  'The statements that protect a table';

--| The tenant column of the subject types, NULL if they have none.
CREATE OR REPLACE FUNCTION gdpr_internal.tenant_column_of(subject_types text[]) RETURNS name
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT c.tenant_column FROM gdpr_internal.consent_setting AS c
          WHERE c.subject_type = ANY (tenant_column_of.subject_types) AND c.tenant_column IS NOT NULL
          ORDER BY c.subject_type LIMIT 1);
END
$$;
COMMENT ON FUNCTION gdpr_internal.tenant_column_of(text[]) IS 'The tenant column of subject types';

--| Stops if a table cannot be protected.
CREATE OR REPLACE FUNCTION gdpr_internal.require_protectable(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.protection := gdpr_internal.protection_of(require_protectable.relation);
  policies text;
BEGIN
  SELECT string_agg(quote_ident(y.polname), ', ' ORDER BY y.polname) INTO policies
  FROM pg_policy AS y JOIN pg_class AS c ON c.oid = y.polrelid
  WHERE y.polrelid = require_protectable.relation AND NOT c.relrowsecurity AND p.relation_name IS NULL;
  IF policies IS NOT NULL THEN
    RAISE EXCEPTION 'relation % has policies, but row level security is off', gdpr_internal.sql_name(require_protectable.relation)
      USING ERRCODE = '55000', DETAIL = format('Protecting it would put them in force: %s.', policies),
            HINT = format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY; or drop these policies, then protect again.',
                          gdpr_internal.sql_name(require_protectable.relation));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_protectable(regclass) IS
  'Stops if protecting a table would put policies of others in force that are not';

--| Checks everything that a protection can stumble over, before the first table is touched.
CREATE OR REPLACE FUNCTION gdpr_internal.check_protection(subject_type text, tenant_column name) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(check_protection.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  r regclass;
BEGIN
  IF tenant_column <> '' THEN
    PERFORM gdpr_internal.column_numbers(people, ARRAY[tenant_column]);
  END IF;
  FOR r IN SELECT p.relation FROM gdpr_internal.protected_relations(s.subject_type) AS p ORDER BY p.place LOOP
    PERFORM gdpr_internal.require_owner(r), gdpr_internal.require_protectable(r);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_protection(text, name) IS
  'Checks that the caller owns every table and that all of them can be protected';

--| What gdpr.protect() has to do, table by table.
CREATE OR REPLACE FUNCTION gdpr_internal.protect_steps(
  subject_type text, inline boolean, tenant_column name, networks cidr[])
RETURNS TABLE(relation regclass, done boolean, statements text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  setting gdpr_internal.consent_setting;
  tenant name;
  p gdpr_internal.protection;
  wanted text[];
BEGIN
  PERFORM gdpr_internal.check_protection(protect_steps.subject_type, protect_steps.tenant_column);
  SELECT c.* INTO setting FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = protect_steps.subject_type;
  tenant := nullif(coalesce(protect_steps.tenant_column, setting.tenant_column), '');
  FOR relation IN SELECT r.relation FROM gdpr_internal.protected_relations(protect_steps.subject_type) AS r ORDER BY r.place LOOP
    p := gdpr_internal.wanted_protection(relation, protect_steps.subject_type, protect_steps.inline, tenant);
    wanted := gdpr_internal.statements_of(relation, p, tenant);
    done := p.definition IS NOT DISTINCT FROM md5(array_to_string(wanted, ';')) AND gdpr_internal.is_intact(relation, wanted)
      AND p.fill IS NULL AND coalesce(nullif(protect_steps.networks, '{}'), setting.networks) IS NOT DISTINCT FROM setting.networks
      AND NOT coalesce(protect_steps.networks = '{}' AND setting.networks IS NOT NULL, false)
      AND tenant IS NOT DISTINCT FROM setting.tenant_column AND gdpr_internal.is_audited(relation);
    statements := CASE WHEN done THEN '{}' ELSE ARRAY(SELECT t FROM gdpr_internal.strip_statements(relation) AS t)
      || CASE WHEN p.inline THEN ARRAY(SELECT i FROM gdpr_internal.inline_statements(relation) AS i) END || wanted END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.protect_steps(text, boolean, name, cidr[]) IS
  'What gdpr.protect() has to do, table by table; checks everything first';

--| Runs statements as the owner of a table. Whoever creates a policy needs USAGE on the schema of its
--| functions while it is parsed: given for that long, never committed.
CREATE OR REPLACE FUNCTION gdpr_internal.run_ddl(relation regclass, statements text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = run_ddl.relation);
  may boolean := has_schema_privilege(owner, 'gdpr_internal', 'USAGE');
  statement text;
BEGIN
  IF NOT may THEN
    -- two grants on one schema at a time would be an error of the catalog
    LOCK TABLE gdpr_internal.protection IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('GRANT USAGE ON SCHEMA gdpr_internal TO %I', owner);
  END IF;
  IF NOT (has_function_privilege(owner, 'gdpr.refuse_change()', 'EXECUTE') AND has_function_privilege(owner, 'gdpr.keep_key()', 'EXECUTE')) THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION gdpr.refuse_change(), gdpr.keep_key(), gdpr.keep_allowed(), gdpr.forget_deleted() TO %I', owner);
  END IF;
  FOREACH statement IN ARRAY statements LOOP
    PERFORM gdpr_internal.execute_as_owner(run_ddl.relation, statement);
  END LOOP;
  IF NOT may THEN
    EXECUTE format('REVOKE USAGE ON SCHEMA gdpr_internal FROM %I', owner);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_ddl(regclass, text[]) IS 'Runs statements as the owner of a table';

--| Brings one table to what is wanted and remembers it. A table's lock first, then ours: everybody in
--| that order.
CREATE OR REPLACE FUNCTION gdpr_internal.apply_protection(relation regclass, wanted gdpr_internal.protection, tenant_column name)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := gdpr_internal.sql_name(apply_protection.relation);
  statements text[];
  known gdpr_internal.protection;
BEGIN
  PERFORM gdpr_internal.execute_as_owner(apply_protection.relation, format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', name));
  LOCK TABLE gdpr_internal.protection IN SHARE ROW EXCLUSIVE MODE;
  known := gdpr_internal.protection_of(apply_protection.relation);
  statements := gdpr_internal.statements_of(apply_protection.relation, wanted, tenant_column);
  IF known.definition = md5(array_to_string(statements, ';')) AND gdpr_internal.is_intact(apply_protection.relation, statements) THEN
    RETURN;
  END IF;
  wanted.definition := md5(array_to_string(statements, ';'));
  wanted.protected_at := coalesce(known.protected_at, now());
  wanted.relation_oid := apply_protection.relation;
  IF wanted.inline AND known.inline IS NOT TRUE AND (SELECT c.relkind = 'r' FROM pg_class AS c WHERE c.oid = apply_protection.relation) THEN
    wanted.fill := 0;
  END IF;
  -- Remembered first: our own event trigger sees the statements that follow.
  DELETE FROM gdpr_internal.protection AS p
  WHERE (p.relation_schema, p.relation_name) = (wanted.relation_schema, wanted.relation_name);
  INSERT INTO gdpr_internal.protection SELECT wanted.*;
  PERFORM gdpr_internal.run_ddl(apply_protection.relation, ARRAY(SELECT t FROM gdpr_internal.strip_statements(apply_protection.relation) AS t)
    || CASE WHEN wanted.inline THEN ARRAY(SELECT i FROM gdpr_internal.inline_statements(apply_protection.relation) AS i) END
    || statements);
END
$$;
COMMENT ON FUNCTION gdpr_internal.apply_protection(regclass, gdpr_internal.protection, name) IS
  'Brings one table to what is wanted and remembers it';

--| One step of gdpr.protect(). False: not finished, call again in a transaction of its own.
CREATE OR REPLACE FUNCTION gdpr_internal.protect_relation(
  subject_type text, relation regclass, inline boolean, tenant_column name, networks cidr[])
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(protect_relation.subject_type);
  tenant name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = protect_relation.relation) THEN
    RETURN true;  -- a partition that was dropped since the steps were listed
  END IF;
  PERFORM gdpr_internal.require_owner(protect_relation.relation);
  IF NOT EXISTS (SELECT FROM gdpr_internal.protected_relations(s.subject_type) AS r WHERE r.relation = protect_relation.relation) THEN
    RAISE EXCEPTION 'relation % is not reached by owned links of subject type "%"', gdpr_internal.sql_name(protect_relation.relation), s.subject_type
      USING ERRCODE = '55000', HINT = format('SELECT * FROM gdpr.subject_map(%L) lists all links.', s.subject_type);
  END IF;
  PERFORM gdpr_internal.require_protectable(protect_relation.relation);
  UPDATE gdpr_internal.consent_setting AS c
  SET tenant_column = nullif(coalesce(protect_relation.tenant_column, c.tenant_column), ''),
    networks = nullif(coalesce(protect_relation.networks, c.networks), '{}')
  WHERE c.subject_type = s.subject_type AND (c.tenant_column, c.networks) IS DISTINCT FROM
    (nullif(coalesce(protect_relation.tenant_column, c.tenant_column), ''), nullif(coalesce(protect_relation.networks, c.networks), '{}'));
  IF (SELECT p.fill IS NULL FROM gdpr_internal.protection_of(protect_relation.relation) AS p) THEN
    tenant := gdpr_internal.tenant_column_of(ARRAY[s.subject_type]);
    PERFORM gdpr_internal.apply_protection(protect_relation.relation,
      gdpr_internal.wanted_protection(protect_relation.relation, s.subject_type, protect_relation.inline, tenant), tenant);
    PERFORM gdpr_internal.audit_protected(protect_relation.relation);
    RETURN (SELECT p.fill IS NULL FROM gdpr_internal.protection_of(protect_relation.relation) AS p);
  END IF;
  RETURN gdpr_internal.fill_inline(protect_relation.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.protect_relation(text, regclass, boolean, name, cidr[]) IS
  'One step of gdpr.protect(); false: call again, in a transaction of its own';
