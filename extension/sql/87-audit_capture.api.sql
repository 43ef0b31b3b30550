-- SPDX-License-Identifier: PostgreSQL
-- The triggers of the audit, and what they read of a relation.

--| Statement trigger with transition tables: one event for each changed row. In schema gdpr, because a table's
--| owner needs USAGE on the schema to create the trigger.
CREATE OR REPLACE FUNCTION gdpr.audit_changes() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_audit_changes';
COMMENT ON FUNCTION gdpr.audit_changes() IS
  'Triggers zzz_gdpr_audit_insert, _update, _delete and _truncate: write changed rows to the audit log';

--| Row trigger, where a statement's would lose columns (plain inheritance) or is not fired (logical replication).
CREATE OR REPLACE FUNCTION gdpr.audit_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_audit_row';
COMMENT ON FUNCTION gdpr.audit_row() IS
  'Triggers zzz_gdpr_audit_row and zzz_gdpr_audit_replicated: write a changed row to the audit log';

--| How a relation is audited, and the kinds of its columns, by themselves or as those of a table that it is a
--| partition or child of. No row: it is not audited.
CREATE OR REPLACE FUNCTION gdpr_internal.audited_as(relation oid)
RETURNS TABLE(classified text, replicated boolean, numbers int2[], kinds text[])
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE up(relid, depth) AS (
    SELECT $1, 0
    UNION
    SELECT i.inhparent, u.depth + 1 FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
  ), labelled AS (
    SELECT DISTINCT ON (o.attnum) o.attnum, split_part(s.label, ' ', 1) AS kind
    FROM up AS u JOIN pg_seclabel AS s ON s.objoid = u.relid AND s.classoid = 'pg_class'::regclass
      AND s.provider = 'gdpr' AND s.objsubid > 0
    JOIN pg_attribute AS a ON a.attrelid = u.relid AND a.attnum = s.objsubid AND NOT a.attisdropped
    JOIN pg_attribute AS o ON o.attrelid = $1 AND o.attname = a.attname AND NOT o.attisdropped
    ORDER BY o.attnum, u.depth
  ), nearest AS (
    SELECT a.classified, a.replicated
    FROM up AS u JOIN pg_class AS c ON c.oid = u.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN gdpr_internal.audited AS a ON a.relation_schema = n.nspname AND a.relation_name = c.relname
    ORDER BY u.depth, a.relation_schema, a.relation_name LIMIT 1
  )
  SELECT n.classified, n.replicated, l.numbers, l.kinds
  FROM nearest AS n, LATERAL (
    SELECT array_agg(x.attnum ORDER BY x.attnum) AS numbers, array_agg(x.kind ORDER BY x.attnum) AS kinds
    FROM labelled AS x WHERE x.kind <> 'not_personal') AS l
$$;
COMMENT ON FUNCTION gdpr_internal.audited_as(oid) IS
  'How a relation is audited and the kinds of its classified columns; no row if it is not audited';

--| Writes a statement that changed no rows of the relation: S audit switched on, X off, E values of people erased.
--| One event for each element of the arrays; type '' and key NULL: nobody's. Relation 0: none.
CREATE OR REPLACE FUNCTION gdpr_internal.write_audit_note(
  operation "char", relation oid, subject_types text[], subject_keys text[], row_keys text[])
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_write_audit_note';
COMMENT ON FUNCTION gdpr_internal.write_audit_note("char", oid, text[], text[], text[]) IS
  'Writes to the audit log what is no change of a row: audit switched on or off, values erased; returns the statement';
