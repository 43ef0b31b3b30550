SELECT audited_tables, seals, to_char(sealed_at, 'YYYY-MM-DD HH24:MI') AS sealed_at, unsealed,
       date_trunc('second', unsealed_age)::text AS unsealed_age, extract(epoch FROM unsealed_age)::bigint AS unsealed_seconds,
       held_back_by, anchor, key, to_char(kept_since, 'YYYY-MM-DD') AS kept_since, verified_seal,
       to_char(verified_at, 'YYYY-MM-DD HH24:MI') AS verified_at, trouble
FROM gdpr.report_audit()
