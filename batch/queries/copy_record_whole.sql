-- Tables that are there with all their parts.
SELECT p.schema_name, p.table_name, sum(p.row_count)
FROM gdpr_copy.part AS p
GROUP BY p.schema_name, p.table_name
HAVING count(p.row_count) = max(p.parts)
