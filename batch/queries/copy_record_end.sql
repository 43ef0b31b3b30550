UPDATE gdpr_copy.part AS p SET row_count = $4::int8
WHERE p.schema_name = $1 AND p.table_name = $2 AND p.part = $3::int
