-- SPDX-License-Identifier: PostgreSQL
-- protect(enforce => false): what would each role not see any more? Counted with the very conditions
-- that the policies would have.

--| Rows of a table, and how many of them a purpose would hide. The purpose is granted to the table's
--| owner for the length of the count; the subtransaction that counts is always rolled back.
CREATE OR REPLACE FUNCTION gdpr_internal.count_hidden(
  relation regclass, subject_type text, purpose text, OUT rows_total bigint, OUT rows_hidden bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = count_hidden.relation);
  counted record;
BEGIN
  BEGIN
    IF NOT has_schema_privilege(owner, 'gdpr_internal', 'USAGE') THEN
      LOCK TABLE gdpr_internal.protection IN SHARE ROW EXCLUSIVE MODE;  -- as run_ddl(); until the rollback
      EXECUTE format('GRANT USAGE ON SCHEMA gdpr_internal TO %I', owner);
    END IF;
    INSERT INTO gdpr_internal.purpose_grant AS g (purpose, role) VALUES (count_hidden.purpose, owner) ON CONFLICT DO NOTHING;
    UPDATE gdpr_internal.consent_setting AS c SET networks = NULL
    WHERE c.subject_type = count_hidden.subject_type AND c.networks IS NOT NULL;
    PERFORM set_config('gdpr.purpose', count_hidden.purpose, true);
    SELECT q.* INTO counted FROM gdpr_internal.query_as_owner(count_hidden.relation, format(
      'SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE NOT (%s)) FROM %s',
      gdpr_internal.row_condition(count_hidden.relation, ARRAY[count_hidden.subject_type], 'may_read'),
      gdpr_internal.sql_name(count_hidden.relation))) AS q(rows_total bigint, rows_hidden bigint);
    RAISE EXCEPTION 'counted' USING ERRCODE = 'PD000';
  EXCEPTION WHEN SQLSTATE 'PD000' THEN
    NULL;
  END;
  rows_total := counted.rows_total;
  rows_hidden := counted.rows_hidden;
END
$$;
COMMENT ON FUNCTION gdpr_internal.count_hidden(regclass, text, text) IS
  'Rows of a table, and how many of them a purpose would hide';

--| Roles that can read a table, with the purposes they may process for; '' where there is none.
CREATE OR REPLACE FUNCTION gdpr_internal.readers(relation regclass) RETURNS TABLE(role name, purpose text, outcome text)
LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT r.rolname, coalesce(g.purpose, ''), CASE
      WHEN r.rolsuper OR r.rolbypassrls THEN 'sees everything'
      WHEN g.purpose IS NULL THEN 'error'
      WHEN EXISTS (
        SELECT FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c(item)
        WHERE s.setrole IN (0, r.oid) AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
          AND c.item = 'gdpr.purpose=' || g.purpose) THEN 'filtered'
      ELSE 'filtered once named' END
  FROM pg_roles AS r
  LEFT JOIN LATERAL (
    SELECT DISTINCT x.purpose FROM gdpr_internal.purpose_grant AS x JOIN pg_roles AS m ON m.rolname = x.role
    WHERE NOT r.rolsuper AND NOT r.rolbypassrls AND pg_has_role(r.oid, m.oid, 'USAGE')) AS g ON true
  WHERE r.rolname !~ '^pg_' AND r.rolname <> 'gdpr_owner'
    AND (has_table_privilege(r.oid, $1, 'SELECT') OR has_any_column_privilege(r.oid, $1, 'SELECT'))
$$;
COMMENT ON FUNCTION gdpr_internal.readers(regclass) IS
  'Roles that can read a table, with the purposes they may process for and what that means for them';

--| Counts for all tables of a subject type, remembers and prints what would be hidden. Changes nothing else.
CREATE OR REPLACE FUNCTION gdpr_internal.rehearse(subject_type text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r regclass;
  p text;
  counted record;
  line gdpr_internal.rehearsal;
BEGIN
  PERFORM gdpr_internal.check_protection(rehearse.subject_type, NULL);
  DELETE FROM gdpr_internal.rehearsal AS x WHERE x.subject_type = rehearse.subject_type;
  FOR r IN
    SELECT t.relation FROM gdpr_internal.protected_relations(rehearse.subject_type) AS t
    WHERE NOT EXISTS (SELECT FROM pg_inherits AS i, gdpr_internal.protected_relations(rehearse.subject_type) AS o
                      WHERE i.inhrelid = t.relation AND i.inhparent = o.relation) ORDER BY t.place
  LOOP
    FOR p IN SELECT DISTINCT x.purpose FROM gdpr_internal.readers(r) AS x WHERE x.purpose <> '' UNION SELECT 'administration' LOOP
      counted := gdpr_internal.count_hidden(r, rehearse.subject_type, p);
      INSERT INTO gdpr_internal.rehearsal (subject_type, relation, role, purpose, outcome, rows_total, rows_hidden, counted_at)
      SELECT rehearse.subject_type, gdpr_internal.sql_name(r), x.role, x.purpose, x.outcome, counted.rows_total,
        CASE x.outcome WHEN 'error' THEN counted.rows_total WHEN 'sees everything' THEN 0 ELSE counted.rows_hidden END, now()
      FROM gdpr_internal.readers(r) AS x WHERE x.purpose = p OR x.purpose = '' AND p = 'administration';
    END LOOP;
  END LOOP;
  RAISE NOTICE '% | % | % | % | rows | hidden', 'relation', 'role', 'purpose', 'outcome';
  FOR line IN SELECT x.* FROM gdpr_internal.rehearsal AS x WHERE x.subject_type = rehearse.subject_type
              ORDER BY x.relation, x.role, x.purpose LOOP
    RAISE NOTICE '% | % | % | % | % | %', line.relation, line.role, coalesce(nullif(line.purpose, ''), '-'), line.outcome,
      line.rows_total, line.rows_hidden;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rehearse(text) IS
  'Counts what protecting would hide from each role, remembers and prints it';

--| What the last rehearsal counted.
CREATE OR REPLACE VIEW gdpr.rehearsal AS
  SELECT r.subject_type, r.relation, r.role, nullif(r.purpose, '') AS purpose, r.outcome, r.rows_total, r.rows_hidden, r.counted_at
  FROM gdpr_internal.rehearsal AS r;
COMMENT ON VIEW gdpr.rehearsal IS
  'What CALL gdpr.protect(…, enforce => false) counted: rows that each role would not see any more for a purpose; tenants are not counted';
COMMENT ON COLUMN gdpr.rehearsal.outcome IS
  'filtered; filtered once named (neither role nor database sets gdpr.purpose: an error until the session does); error (no purpose granted); sees everything (superuser or BYPASSRLS)';
