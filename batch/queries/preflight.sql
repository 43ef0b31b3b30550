-- With --unclassified=keep, unclassified columns are no error: they are let through and certified.
SELECT CASE WHEN $2 = 'keep' AND severity = 'error' AND finding LIKE 'the column (%) has no classification'
            THEN 'warning' ELSE severity END AS severity,
       relation::pg_catalog.text AS relation, column_name, finding, hint
FROM gdpr.preflight($1)
