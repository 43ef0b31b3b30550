SELECT pg_catalog.to_regclass('gdpr_copy.copy') IS NOT NULL
