SELECT coalesce(sum(rows) FILTER (WHERE relation = 'warned'), 0), coalesce(sum(rows) FILTER (WHERE relation = 'queued'), 0),
       coalesce(sum(rows) FILTER (WHERE relation = 'taken back'), 0)
FROM gdpr.run_rows WHERE run = $1
