-- $1: the subject type, NULL for all; $2: days. Times are the session's.
SELECT current_database() AS database, to_char(statement_timestamp(), 'FMDD FMMonth YYYY, HH24:MI') AS at,
       to_char(statement_timestamp(), 'YYYY-MM-DD') AS day, current_setting('TimeZone') AS zone, session_user::text AS role,
       (SELECT extversion FROM pg_extension WHERE extname = 'pg_gdpr') AS version, current_setting('server_version') AS server,
       $1::text AS subject_type, $2::int AS days, to_char(statement_timestamp() - make_interval(days => $2::int), 'FMDD FMMonth YYYY') AS since
