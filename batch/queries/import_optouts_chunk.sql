SELECT matched, people, kept, already, newer, pg_catalog.to_jsonb(invalid) AS invalid
FROM gdpr.import_optouts_chunk($1, $2, $3)
