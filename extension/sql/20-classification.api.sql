-- SPDX-License-Identifier: PostgreSQL
-- What a column holds: a rule in its security label.

--| Says what a column holds. The caller must own the table; works without the library preloaded.
CREATE OR REPLACE FUNCTION gdpr.classify(relation regclass, column_name name, rule text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_classify';
COMMENT ON FUNCTION gdpr.classify(regclass, name, text) IS
  'Labels a column with its kind and rule; a rule that is there is replaced';

--| Takes the label away.
CREATE OR REPLACE FUNCTION gdpr.unclassify(relation regclass, column_name name)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_unclassify';
COMMENT ON FUNCTION gdpr.unclassify(regclass, name) IS 'Takes the classification of a column away';

--| Takes all labels of a table away, whoever owns it. Behind gdpr.remove().
CREATE OR REPLACE FUNCTION gdpr_internal.remove_labels(relation regclass)
RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_remove_labels';
COMMENT ON FUNCTION gdpr_internal.remove_labels(regclass) IS
  'Takes the classification of every column of a table away; the number of labels removed';

--| Every classified column.
CREATE OR REPLACE VIEW gdpr.classification AS
  SELECT l.objoid::pg_catalog.regclass AS relation,
         a.attname AS column_name,
         pg_catalog.split_part(gdpr.check_rule(l.label), ' ', 1) AS kind,
         gdpr.check_rule(l.label) AS rule
  FROM pg_catalog.pg_seclabel AS l
  JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid OPERATOR(pg_catalog.=) l.objoid
   AND a.attnum OPERATOR(pg_catalog.=) l.objsubid
  WHERE l.provider OPERATOR(pg_catalog.=) 'gdpr'
    AND l.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    AND l.objsubid OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped;
COMMENT ON VIEW gdpr.classification IS 'Classified columns with kind and canonical rule';

--| The pack: runnable statements that say again what is declared in this database.
CREATE OR REPLACE FUNCTION gdpr.export_rules()
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT pg_catalog.format('SELECT gdpr.classify(%L, %L, %L);',
                             pg_catalog.format('%I.%I', n.nspname, r.relname),
                             c.column_name, c.rule)
    FROM gdpr.classification AS c
    JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) c.relation::pg_catalog.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace
    ORDER BY n.nspname, r.relname, c.column_name;
  RETURN QUERY SELECT s FROM gdpr_internal.export_subjects() AS s;
END
$$;
COMMENT ON FUNCTION gdpr.export_rules() IS
  'Statements that declare classification, subjects, links and blockers again';
