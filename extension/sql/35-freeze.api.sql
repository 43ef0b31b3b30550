-- SPDX-License-Identifier: PostgreSQL
-- The guard: nothing more may happen to a frozen person's rows, nor new rows reach one.

--| Row trigger on every table of people and every table their owned links reach. In schema gdpr,
--| because a table's owner needs USAGE on the schema to create the trigger.
CREATE OR REPLACE FUNCTION gdpr.guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_guard';
COMMENT ON FUNCTION gdpr.guard() IS
  'Trigger zz_gdpr_guard: refuses changes to frozen people, or redirects them to the suspense value';

--| Throws away what backends remember about a relation: its guard, and its audit.
CREATE OR REPLACE FUNCTION gdpr_internal.guard_changed(relation oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_guard_changed';
COMMENT ON FUNCTION gdpr_internal.guard_changed(oid) IS
  'Throws away what backends remember about the guard and the audit of a relation and its children';

--| What the guard of a relation looks after; a partition or child has its ancestors' targets too.
CREATE OR REPLACE FUNCTION gdpr_internal.guard_targets(relation oid)
RETURNS TABLE(
  subject_type text, link int, columns name[], parent oid, parent_columns name[],
  discriminator name, discriminator_value text, by_value boolean, digest_domain text,
  redirect_columns name[], redirect_values text[])
LANGUAGE sql STABLE ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE up(relid) AS (
    SELECT $1
    UNION
    SELECT i.inhparent FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
  ), named(nsp, rel) AS (
    SELECT n.nspname, c.relname
    FROM up AS u JOIN pg_class AS c ON c.oid = u.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  ), target AS (
    SELECT s.subject_type, NULL::int AS link, s.key AS columns, s.relation_schema, s.relation_name,
      NULL::oid AS parent, NULL::name[] AS parent_columns, NULL::name AS discriminator,
      NULL::text AS discriminator_value, false AS by_value
    FROM gdpr_internal.subject_type AS s WHERE s.anonymization
    UNION ALL
    SELECT l.subject_type, l.link, l.columns, l.relation_schema, l.relation_name, p.relation::oid,
      CASE WHEN p.relation IS NOT NULL THEN l.parent_columns END, l.discriminator, l.discriminator_value,
      (l.parent_schema, l.parent_name, l.parent_columns) IS DISTINCT FROM (s.relation_schema, s.relation_name, s.key)
    FROM gdpr_internal.link AS l JOIN gdpr_internal.subject_type AS s ON s.subject_type = l.subject_type,
      LATERAL (SELECT gdpr_internal.resolve(l.parent_schema, l.parent_name)) AS p(relation)
    WHERE s.anonymization AND l.scope = 'owned'
    UNION ALL
    -- Rows of a blocking table arrive before an erasure or not at all: they wait on the person's row.
    SELECT b.subject_type, NULL, ARRAY[b.key_column], b.relation_schema, b.relation_name, p.relation::oid,
      CASE WHEN p.relation IS NOT NULL THEN s.key END, NULL, NULL, false
    FROM gdpr_internal.blocker AS b JOIN gdpr_internal.subject_type AS s ON s.subject_type = b.subject_type,
      LATERAL (SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)) AS p(relation)
    WHERE s.anonymization AND cardinality(s.key) = 1 AND NOT EXISTS (
      SELECT FROM gdpr_internal.link AS l
      WHERE l.subject_type = b.subject_type AND l.scope = 'owned' AND l.columns = ARRAY[b.key_column] AND l.discriminator IS NULL
        AND l.relation_schema = b.relation_schema AND l.relation_name = b.relation_name
        AND l.parent_schema = s.relation_schema AND l.parent_name = s.relation_name AND l.parent_columns = s.key)
  )
  SELECT t.subject_type, t.link, t.columns, t.parent, t.parent_columns, t.discriminator, t.discriminator_value,
    t.by_value, NULL::text, r.columns, r.vals
  FROM target AS t JOIN named AS n ON n.nsp = t.relation_schema AND n.rel = t.relation_name,
    LATERAL (
      SELECT array_agg(x.column_name ORDER BY x.column_name), array_agg(x.to_value ORDER BY x.column_name)
      FROM gdpr_internal.redirect AS x
      WHERE x.subject_type = t.subject_type AND x.relation_schema = t.relation_schema AND x.relation_name = t.relation_name
    ) AS r(columns, vals)
  ORDER BY t.link NULLS FIRST, t.subject_type
$$;
COMMENT ON FUNCTION gdpr_internal.guard_targets(oid) IS
  'What the guard of a relation looks after: key, links, and where rows are redirected to';

--| Statement trigger: a TRUNCATE would take frozen people's rows without asking the row trigger.
CREATE OR REPLACE FUNCTION gdpr.guard_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  frozen text;
BEGIN
  SELECT t.subject_type INTO frozen FROM gdpr_internal.guard_targets(TG_RELID) AS t
  -- A blocking table (no link, yet a parent) holds no row of a frozen person.
  WHERE (t.link IS NOT NULL OR t.parent IS NULL) AND CASE WHEN t.by_value THEN EXISTS (SELECT FROM gdpr_internal.frozen_value AS v WHERE v.link = t.link)
             ELSE EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = t.subject_type) END
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'relation %.% may hold rows of a frozen "%"', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME), frozen
      USING ERRCODE = 'PD001', DETAIL = 'TRUNCATE would take them as well.',
            HINT = 'DELETE the other rows, or give the subject type up with gdpr.unregister_subject().';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION gdpr.guard_truncate() IS
  'Trigger zz_gdpr_guard_truncate: refuses TRUNCATE of tables that may hold rows of frozen people';

--| True if a row's links may change after our BEFORE trigger has looked: a generated column is computed
--| then, and triggers whose names sort after ours run then. Such tables are looked at once more, AFTER.
CREATE OR REPLACE FUNCTION gdpr_internal.links_come_late(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM gdpr_internal.guard_targets($1) AS t,
      unnest(t.columns || array_remove(ARRAY[t.discriminator], NULL)) AS c(name)
    JOIN pg_attribute AS a ON a.attrelid = $1 AND a.attname = c.name AND a.attgenerated <> ''
  ) OR EXISTS (
    SELECT FROM pg_trigger AS g
    -- bits of tgtype: 1 for each row, 2 before, 4 insert, 16 update
    WHERE g.tgrelid = $1 AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgname > 'zz_gdpr_guard' AND g.tgname <> 'zz_gdpr_key'
      AND g.tgtype & 3 = 3 AND g.tgtype & 20 <> 0
  )
$$;
COMMENT ON FUNCTION gdpr_internal.links_come_late(oid) IS
  'True if generated columns or later triggers may change a row''s links after the guard has looked';

--| Creates the guard's triggers on one table, as its owner. They need the right to call the functions.
CREATE OR REPLACE FUNCTION gdpr_internal.install_guard(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner oid := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = install_guard.relation);
  owner_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = owner);
  -- The root's row trigger is cloned to partitions; a statement trigger is not.
  partition boolean := (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = install_guard.relation);
BEGIN
  IF NOT has_function_privilege(owner, 'gdpr.guard()', 'EXECUTE') THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION gdpr.guard(), gdpr.guard_truncate() TO %I', owner_name);
  END IF;
  IF NOT partition THEN
    PERFORM gdpr_internal.execute_as_owner(install_guard.relation, format(
      'CREATE OR REPLACE TRIGGER zz_gdpr_guard BEFORE INSERT OR UPDATE OR DELETE ON %s '
      'FOR EACH ROW EXECUTE FUNCTION gdpr.guard()', gdpr_internal.sql_name(install_guard.relation)));
    IF gdpr_internal.links_come_late(install_guard.relation) THEN
      PERFORM gdpr_internal.execute_as_owner(install_guard.relation, format(
        'CREATE OR REPLACE TRIGGER zz_gdpr_guard_after AFTER INSERT OR UPDATE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION gdpr.guard()', gdpr_internal.sql_name(install_guard.relation)));
    END IF;
  END IF;
  PERFORM gdpr_internal.execute_as_owner(install_guard.relation, format(
    'CREATE OR REPLACE TRIGGER zz_gdpr_guard_truncate BEFORE TRUNCATE ON %s '
    'FOR EACH STATEMENT EXECUTE FUNCTION gdpr.guard_truncate()', gdpr_internal.sql_name(install_guard.relation)));
END
$$;
COMMENT ON FUNCTION gdpr_internal.install_guard(regclass) IS
  'Creates the guard''s triggers on one table, as its owner';

--| Takes the guard's triggers off one table, as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.remove_guard(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t name;
BEGIN
  FOR t IN
    SELECT g.tgname FROM pg_trigger AS g
    WHERE g.tgrelid = remove_guard.relation AND g.tgparentid = 0
      AND g.tgname IN ('zz_gdpr_guard', 'zz_gdpr_guard_after', 'zz_gdpr_guard_truncate')
  LOOP
    PERFORM gdpr_internal.execute_as_owner(remove_guard.relation,
      format('DROP TRIGGER %I ON %s', t, gdpr_internal.sql_name(remove_guard.relation)));
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.remove_guard(regclass) IS
  'Takes the guard''s triggers off one table, as its owner';

--| True if all of the guard's triggers that it needs are on the table itself.
CREATE OR REPLACE FUNCTION gdpr_internal.has_guard(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FILTER (WHERE g.tgname <> 'zz_gdpr_guard_after') = 2
    AND (count(*) = 3 OR NOT gdpr_internal.links_come_late($1))
  FROM pg_trigger AS g
  WHERE g.tgrelid = $1 AND g.tgname IN ('zz_gdpr_guard', 'zz_gdpr_guard_after', 'zz_gdpr_guard_truncate')
$$;
COMMENT ON FUNCTION gdpr_internal.has_guard(oid) IS 'True if the guard''s triggers are on the table itself';

--| Tables that blocking views read and that no guard watches: a row that arrives in one of them
--| between the last question and the commit of an erasure is neither seen nor made to wait.
CREATE OR REPLACE FUNCTION gdpr_internal.unguarded_blockers(subject_type text)
RETURNS TABLE(blocker text, view regclass, relation regclass)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE reads(blocker, view, relid) AS (
    SELECT b.name, v.relation, v.relation::oid
    FROM gdpr_internal.blocker AS b, LATERAL (SELECT gdpr_internal.resolve(b.relation_schema, b.relation_name)) AS v(relation)
    WHERE b.subject_type = $1 AND v.relation IS NOT NULL
    UNION
    SELECT r.blocker, r.view, d.refobjid
    FROM reads AS r JOIN pg_rewrite AS w ON w.ev_class = r.relid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  )
  SELECT DISTINCT r.blocker, r.view, c.oid::regclass
  FROM reads AS r JOIN pg_class AS c ON c.oid = r.relid
  WHERE c.relkind IN ('r', 'p', 'f') AND NOT gdpr_internal.has_guard(c.oid) OR c.relkind = 'm'
$$;
COMMENT ON FUNCTION gdpr_internal.unguarded_blockers(text) IS
  'Tables that blocking views read and that no guard watches';

--| Brings the guards of a table, its partitions and inheritance children in line with what is declared.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_guard(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part record;
BEGIN
  FOR part IN
    WITH RECURSIVE down(relid) AS (
      SELECT refresh_guard.relation::oid
      UNION
      SELECT i.inhrelid FROM down AS d JOIN pg_inherits AS i ON i.inhparent = d.relid
    )
    SELECT c.oid::regclass AS relation, EXISTS (SELECT FROM gdpr_internal.guard_targets(c.oid)) AS guarded
    FROM down AS d JOIN pg_class AS c ON c.oid = d.relid
    WHERE c.relkind IN ('r', 'p') ORDER BY c.relispartition
  LOOP
    IF NOT part.guarded THEN
      PERFORM gdpr_internal.remove_guard(part.relation);
    ELSIF gdpr_internal.has_guard(part.relation) THEN
      PERFORM gdpr_internal.guard_changed(part.relation);
    ELSE
      PERFORM gdpr_internal.install_guard(part.relation);
    END IF;
  END LOOP;
  -- whose rows audited tables hold is remembered like the guards' targets, over more than one link
  PERFORM gdpr_internal.audits_changed();
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_guard(regclass) IS
  'Brings the guards of a table, its partitions and inheritance children in line with what is declared';

--| The same for everything that is declared.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_guards() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.refresh_guard(r.relation)
  FROM (
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name) FROM gdpr_internal.subject_type AS s
    UNION
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name) FROM gdpr_internal.link AS l
    UNION
    SELECT gdpr_internal.resolve(b.relation_schema, b.relation_name) FROM gdpr_internal.blocker AS b
    UNION
    SELECT g.tgrelid::regclass FROM pg_trigger AS g WHERE g.tgname = 'zz_gdpr_guard' AND g.tgparentid = 0
  ) AS r(relation)
  WHERE r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_guards() IS
  'Brings all guards in line with what is declared';
