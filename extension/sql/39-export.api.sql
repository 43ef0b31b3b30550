-- SPDX-License-Identifier: PostgreSQL

--| Runnable statements that declare subject types, links, blockers and redirects again, in an order that loads.
CREATE OR REPLACE FUNCTION gdpr_internal.export_subjects() RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
BEGIN
  FOR s IN SELECT y.* FROM gdpr_internal.subject_type AS y ORDER BY y.subject_type LOOP
    RETURN NEXT format('SELECT gdpr.register_subject(%L, %L, %L%s);', s.subject_type,
      format('%I.%I', s.relation_schema, s.relation_name), s.key,
      CASE WHEN s.anonymization THEN '' ELSE ', anonymization => false' END);
    RETURN QUERY SELECT gdpr_internal.link_statement(l) FROM gdpr_internal.ordered_links(s.subject_type) AS l;
    RETURN QUERY SELECT format('SELECT gdpr.add_blocker(%L, %L, %L, %L);', b.subject_type, b.name,
        format('%I.%I', b.relation_schema, b.relation_name), b.key_column)
      FROM gdpr_internal.blocker AS b WHERE b.subject_type = s.subject_type ORDER BY b.name;
    RETURN QUERY SELECT format('SELECT gdpr.redirect_frozen(%L, %L, %L, %L);', r.subject_type,
        format('%I.%I', r.relation_schema, r.relation_name), r.column_name, r.to_value)
      FROM gdpr_internal.redirect AS r WHERE r.subject_type = s.subject_type
      ORDER BY r.relation_schema, r.relation_name, r.column_name;
  END LOOP;
  RETURN QUERY SELECT e FROM gdpr_internal.export_purposes() AS e;
  RETURN QUERY SELECT e FROM gdpr_internal.export_consent() AS e;
  RETURN QUERY SELECT e FROM gdpr_internal.export_retention() AS e;
END
$$;
COMMENT ON FUNCTION gdpr_internal.export_subjects() IS
  'Runnable statements that declare subject types, links, blockers and redirects again';
