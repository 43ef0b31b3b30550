SELECT t.relation::oid::int8, t.rows FROM gdpr.refresh_tables($1, $2::jsonb, $3) AS t
