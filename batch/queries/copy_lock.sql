-- Held by the session: one copy at a time into a database.
SELECT pg_catalog.pg_try_advisory_lock(1195659858, 7)
