SELECT r.relation, r.rows FROM gdpr.refresh_records() AS r
