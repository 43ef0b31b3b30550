-- The counts of all pages ([[band, outcome, people], …]) as a table, youngest first.
SELECT c ->> 0 AS band, sum((c ->> 2)::bigint) AS people,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 IN ('nothing', 'no date', 'no policy')), 0) AS stay,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 = 'to warn'), 0) AS to_warn,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 = 'in grace'), 0) AS in_grace,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 = 'due'), 0) AS due,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 = 'queued'), 0) AS queued,
       coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 = 'held'), 0) AS held
FROM jsonb_array_elements($1::jsonb) AS c
GROUP BY 1
ORDER BY array_position('{under 6 months,6 to 12 months,1 to 2 years,2 to 3 years,3 to 5 years,5 to 10 years,10 years or more,no date known}'::text[], c ->> 0)
