-- jsonb is only the envelope: a client without array parser reads the keys from it.
SELECT pg_catalog.to_jsonb(keys), last FROM gdpr.run_candidates($1, $2, $3, $4)
