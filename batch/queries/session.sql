-- A filtered read must be an error, a killed client must not leave a statement running, and nothing
-- may be found through anybody's search_path. A commit that was answered must survive a crash.
SELECT pg_catalog.set_config('row_security', 'off', false),
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
       pg_catalog.set_config('lock_timeout', $1, false),
       pg_catalog.set_config('statement_timeout', $2, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false),
       pg_catalog.set_config('idle_session_timeout', '0', false),
       pg_catalog.set_config('client_connection_check_interval', '2s', false),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('default_transaction_read_only', 'off', false),
       pg_catalog.set_config('default_transaction_deferrable', 'off', false),
       pg_catalog.set_config('DateStyle', 'ISO', false),
       pg_catalog.set_config('IntervalStyle', 'postgres', false),
       pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit')
         WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, false)
