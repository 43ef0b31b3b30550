SELECT subject_type, state, coalesce(array_to_string(names, ', '), '-') AS reason, count(*) AS people
FROM (SELECT h.subject_type, h.state, h.run,
             ARRAY(SELECT regexp_replace(r, ' \(\d+\)$', '') FROM unnest(h.reasons) AS r) AS names
      FROM gdpr.held_back AS h) AS h
WHERE ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
GROUP BY 1, 2, 3 ORDER BY people DESC, 1, 2, 3 LIMIT $3
