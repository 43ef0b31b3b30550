-- Rows are fetched in the order of their pages, and all of them: plans for the whole of a batch, not for its first rows.
SELECT pg_catalog.set_config('random_page_cost', '1.1', true),
       pg_catalog.set_config('cursor_tuple_fraction', '1', true),
       pg_catalog.set_config('jit', 'off', true)
