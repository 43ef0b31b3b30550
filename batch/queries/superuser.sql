SELECT pg_catalog.bool_or(rolsuper) FROM pg_catalog.pg_roles WHERE rolname IN (session_user, current_user)
