-- A copy's connections wait for each other within transactions; nothing that a trigger or a check says
-- is shown. All speak one encoding ($1), whatever a connection string says: bytes that nobody could read as
-- text (server encoding SQL_ASCII) go through as they are.
SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
       pg_catalog.set_config('client_min_messages', 'error', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('extra_float_digits', '3', false),
       pg_catalog.set_config('client_encoding', coalesce($1,
         CASE pg_catalog.current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END), false)
