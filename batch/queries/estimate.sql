-- Rows that erasing $2 of the people would touch, from the planner's statistics.
SELECT count(DISTINCT m.relation) AS tables,
       round(sum(m.rows_estimate)::numeric * $2 / greatest(max(m.rows_estimate) FILTER (WHERE m.people), 1)) AS rows,
       (SELECT r.changed / nullif(extract(epoch FROM r.last_done_at - r.started_at), 0)
        FROM gdpr.runs AS r WHERE r.subject_type = $1 AND r.job = 'anonymize' AND r.state = 'finished' AND r.changed > 0
        ORDER BY r.run DESC LIMIT 1) AS people_per_second
FROM (SELECT relation, rows_estimate, scope, row_number() OVER () = 1 AS people
      FROM gdpr.subject_map($1)) AS m
WHERE m.people OR m.scope IN ('owned', 'shared')
