-- SPDX-License-Identifier: PostgreSQL

--| Leaves the user's tables as if pg_gdpr had never been there (but for what was anonymized).
CREATE OR REPLACE FUNCTION gdpr.remove() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
  a regclass;
  c record;
BEGIN
  RAISE NOTICE 'certificates, runs, the history of consent, the audit log and the log of reads go with the extension'
    USING HINT = 'Export them first: \copy (SELECT * FROM gdpr.certificates) TO ''certificates.csv'' CSV HEADER, '
                 'the same with gdpr.consent_history and gdpr.access_log, psql -XqtAc ''SELECT gdpr.export_audit()'' > audit.jsonl, '
                 'and keep the output of SELECT * FROM gdpr.export_rules().';
  RETURN QUERY SELECT format('dropped masked view %I.%I', v.view_schema, v.view_name)
    FROM gdpr_internal.masked_view AS v ORDER BY v.view_schema, v.view_name;
  PERFORM gdpr_internal.drop_masked_views(NULL);
  FOR s IN SELECT y.* FROM gdpr_internal.subject_type AS y ORDER BY y.subject_type LOOP
    RETURN QUERY SELECT format('took policies off %I.%I', p.relation_schema, p.relation_name)
      FROM gdpr_internal.protection AS p WHERE s.subject_type = ANY (p.subject_types) ORDER BY p.relation_schema, p.relation_name;
    PERFORM gdpr_internal.forget_subject(s.subject_type);
    RETURN NEXT format('unregistered subject type %s and removed its guards', s.subject_type);
  END LOOP;
  FOR a IN SELECT gdpr_internal.resolve(x.relation_schema, x.relation_name) FROM gdpr_internal.audited AS x
           ORDER BY x.relation_schema, x.relation_name LOOP
    CONTINUE WHEN a IS NULL;
    PERFORM gdpr_internal.end_audit(a);
    RETURN NEXT format('took the audit off %s', gdpr_internal.sql_name(a));
  END LOOP;
  FOR c IN SELECT k.relation, count(*) AS columns FROM gdpr.classification AS k GROUP BY k.relation LOOP
    PERFORM gdpr_internal.remove_labels(c.relation);
    RETURN NEXT format('removed %s labels from %s', c.columns, c.relation);
  END LOOP;
  RETURN NEXT 'now run: DROP EXTENSION pg_gdpr; and, if no other database uses it: DROP ROLE gdpr_owner;';
END
$$;
COMMENT ON FUNCTION gdpr.remove() IS
  'Takes guards, labels and declarations off every table, so that DROP EXTENSION leaves nothing behind';
