SELECT c FROM pg_catalog.unnest(gdpr.run_export_begin($1)) AS c
