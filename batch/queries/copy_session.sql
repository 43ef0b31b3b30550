-- A copy's connections wait for each other within transactions; nothing that a trigger or a check says
-- is shown.
SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
       pg_catalog.set_config('client_min_messages', 'error', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('extra_float_digits', '3', false)
