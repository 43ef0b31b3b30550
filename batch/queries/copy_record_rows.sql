SELECT p.row_count FROM gdpr_copy.part AS p WHERE p.schema_name = $1 AND p.table_name = $2 AND p.part = $3::int
