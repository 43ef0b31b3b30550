-- SPDX-License-Identifier: PostgreSQL
-- protect(enforce => false): what would each role not see any more? Counted with the conditions that the
-- policies would have, and granting nothing to anybody meanwhile.

--| What says whose a table's rows are, as its owner hands it to us: a select list over t, and the columns of
--| its result. Casts are the owner's to run, so what is no key and of a user's type comes as text.
CREATE OR REPLACE FUNCTION gdpr_internal.person_values(relation regclass, subject_type text, OUT select_list text, OUT columns text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(person_values.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  key_types oid[] := ARRAY(SELECT gdpr_internal.base_type(gdpr_internal.column_type(people, k)) FROM unnest(s.key) AS k);
BEGIN
  SELECT string_agg(format('(t.%I)::%s AS %1$I', v.name, v.type_name), ', ' ORDER BY v.name),
    string_agg(format('%I %s', v.name, v.type_name), ', ' ORDER BY v.name)
  INTO select_list, person_values.columns
  FROM (
    SELECT x.name, CASE WHEN bool_or(x.is_text) THEN 'pg_catalog.text' ELSE min(gdpr_internal.type_name(y.base)) END AS type_name
    FROM gdpr_internal.policy_targets(person_values.relation, ARRAY[s.subject_type]) AS p,
      LATERAL (SELECT c, false FROM unnest(p.columns) AS c UNION ALL SELECT p.discriminator, true) AS w(name, discriminates),
      LATERAL (SELECT gdpr_internal.base_type(gdpr_internal.column_type(person_values.relation, w.name))) AS y(base),
      -- 16384: the first OID of a user's type
      LATERAL (SELECT w.name, w.discriminates OR y.base >= 16384 AND y.base <> ALL (key_types)) AS x(name, is_text)
    WHERE w.name IS NOT NULL
    GROUP BY x.name) AS v;
END
$$;
COMMENT ON FUNCTION gdpr_internal.person_values(regclass, text) IS
  'Select list and columns for what says whose a table''s rows are, as their owner hands it out';

--| Rows of a table, and how many of them a purpose would hide. The owner's code runs while the values are read,
--| with what she has; who would be seen is asked afterwards, as ourselves.
CREATE OR REPLACE FUNCTION gdpr_internal.count_hidden(
  relation regclass, subject_type text, purpose_bit int, OUT rows_total bigint, OUT rows_hidden bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v record := gdpr_internal.person_values(count_hidden.relation, count_hidden.subject_type);
BEGIN
  EXECUTE format('SELECT count(*), count(*) FILTER (WHERE NOT (%s)) FROM gdpr_internal.query_as_owner($1, $2) AS t(%s)',
    gdpr_internal.row_condition(count_hidden.relation, ARRAY[count_hidden.subject_type], 'would_read', 't.',
      purpose_bit => count_hidden.purpose_bit), v.columns)
  INTO rows_total, rows_hidden
  USING count_hidden.relation::oid, format('SELECT %s FROM %s AS t', v.select_list, gdpr_internal.sql_name(count_hidden.relation));
END
$$;
COMMENT ON FUNCTION gdpr_internal.count_hidden(regclass, text, int) IS
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
  p record;
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
    FOR p IN SELECT x.purpose, x.bit FROM gdpr_internal.purpose AS x
             WHERE x.bit = 0 OR EXISTS (SELECT FROM gdpr_internal.readers(r) AS y WHERE y.purpose = x.purpose) LOOP
      counted := gdpr_internal.count_hidden(r, rehearse.subject_type, p.bit);
      INSERT INTO gdpr_internal.rehearsal (subject_type, relation, role, purpose, outcome, rows_total, rows_hidden, counted_at)
      SELECT rehearse.subject_type, gdpr_internal.sql_name(r), x.role, x.purpose, x.outcome, counted.rows_total,
        CASE x.outcome WHEN 'error' THEN counted.rows_total WHEN 'sees everything' THEN 0 ELSE counted.rows_hidden END, now()
      FROM gdpr_internal.readers(r) AS x WHERE x.purpose = p.purpose OR x.purpose = '' AND p.bit = 0;
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
  'What CALL gdpr.protect(…, enforce => false) counted: rows that each role would not see any more for a purpose; tenants and networks are not counted';
COMMENT ON COLUMN gdpr.rehearsal.outcome IS
  'filtered; filtered once named (neither role nor database sets gdpr.purpose: an error until the session does); error (no purpose granted); sees everything (superuser or BYPASSRLS)';
