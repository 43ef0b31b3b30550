-- Whether the source has pg_gdpr: without it, people and links are not known.
SELECT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_gdpr')
