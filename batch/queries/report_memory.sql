-- The history of consent is grouped in memory; only for this session, which is gone in a moment.
SELECT pg_catalog.set_config('work_mem', '64MB', false)
