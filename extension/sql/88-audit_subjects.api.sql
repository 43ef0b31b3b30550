-- SPDX-License-Identifier: PostgreSQL
-- Whose rows an audited relation holds.

--| Whose a relation's rows are: by key (no link), by owned links that repeat the key (by_key), by others. A partition
--| or child has its ancestors' links. Links whose tables are gone, or are others' now, lead nowhere.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_targets(relation oid)
RETURNS TABLE(
  subject_type text, link int, columns name[], discriminator name, discriminator_value text,
  people oid, key name[], by_key boolean)
LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE up(relid) AS (
    SELECT $1
    UNION
    SELECT i.inhparent FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
  ), named(relid, nsp, rel) AS (
    SELECT u.relid, n.nspname, c.relname
    FROM up AS u JOIN pg_class AS c ON c.oid = u.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  )
  SELECT s.subject_type, NULL::int, s.key, NULL::name, NULL::text, n.relid, s.key, true
  FROM gdpr_internal.subject_type AS s JOIN named AS n ON n.nsp = s.relation_schema AND n.rel = s.relation_name
  WHERE gdpr_internal.is_same(n.relid, s.relation_oid, s.relation_owner)
  UNION ALL
  (SELECT l.subject_type, l.link, l.columns, l.discriminator, l.discriminator_value, p.people, s.key,
     (l.parent_schema, l.parent_name, l.parent_columns) IS NOT DISTINCT FROM (s.relation_schema, s.relation_name, s.key) AS straight
   FROM gdpr_internal.link AS l JOIN gdpr_internal.subject_type AS s ON s.subject_type = l.subject_type
   JOIN named AS n ON n.nsp = l.relation_schema AND n.rel = l.relation_name,
     LATERAL (SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)::oid,
                     gdpr_internal.resolve(l.parent_schema, l.parent_name)) AS p(people, parent)
   WHERE l.scope = 'owned' AND p.people IS NOT NULL AND p.parent IS NOT NULL
     AND gdpr_internal.is_same(n.relid, l.relation_oid, l.relation_owner)
   ORDER BY straight DESC, l.link)
$$;
COMMENT ON FUNCTION gdpr_internal.audit_targets(oid) IS
  'Whose rows a relation holds: by key and by owned links, straight ones first';
