SELECT night, program, state, exit_code AS exit, to_char(started_at, 'YYYY-MM-DD HH24:MI') AS started,
       date_trunc('second', finished_at - started_at)::text AS took, t.people, t.trouble
FROM gdpr.nights CROSS JOIN LATERAL (
  SELECT sum((s ->> 'done')::bigint) FILTER (WHERE s ->> 'step' IN ('retention', 'anonymize', 'reconsent')) AS people,
         string_agg(concat_ws(' of ', s ->> 'step', s ->> 'subject_type') || ': ' || (s ->> 'note'), '; ')
           FILTER (WHERE (s ->> 'exit')::int <> 0) AS trouble
  FROM jsonb_array_elements(steps) AS s) AS t
ORDER BY night DESC LIMIT $1
