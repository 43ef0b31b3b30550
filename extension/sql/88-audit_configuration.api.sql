-- SPDX-License-Identifier: PostgreSQL
-- The state of the audit as a text: each seal holds its digest, so that off and on again shows.

--| One fact a line, in a fixed order. xmin: the transaction that changed a trigger last; one that was switched
--| off and on again has another.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_configuration() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off AS $$
  SELECT string_agg(f.fact, E'\n' ORDER BY f.part, f.fact COLLATE "C")
  FROM (
    SELECT 1 AS part, format('extension %s %s', e.extname, e.extversion) AS fact FROM pg_extension AS e WHERE e.extname = 'pg_gdpr'
    UNION ALL
    SELECT 2, format('audited %I.%I classified %s replicated %s reads %s', a.relation_schema, a.relation_name, a.classified,
      a.replicated, a.reads)
    FROM gdpr_internal.audited AS a
    UNION ALL
    SELECT 3, format('trigger %s %I %s %s', gdpr_internal.sql_name(g.tgrelid), g.tgname, g.tgenabled, g.xmin)
    FROM pg_trigger AS g
    WHERE NOT g.tgisinternal AND g.tgfoid IN (SELECT p.oid FROM pg_proc AS p
      WHERE p.pronamespace = 'gdpr'::regnamespace AND p.proname IN ('audit_changes', 'audit_row'))
    UNION ALL
    SELECT 4, format('event trigger %I %s %s', v.evtname, v.evtenabled, v.xmin)
    FROM pg_event_trigger AS v WHERE v.evtname ~ '^gdpr_'
    UNION ALL
    -- what the server was started with or reloaded: one session's SET says nothing about the others
    SELECT 5, format('setting %s %L', s.name, s.reset_val)
    FROM pg_settings AS s WHERE s.name ~ '^gdpr\.' AND s.context IN ('superuser', 'sighup', 'postmaster') AND s.name <> 'gdpr.key_file'
    UNION ALL
    SELECT 6, format('anchor %s', gdpr_internal.has_anchor())
  ) AS f
$$;
COMMENT ON FUNCTION gdpr_internal.audit_configuration() IS
  'What is audited and how, one fact a line: seals hold its digest';
