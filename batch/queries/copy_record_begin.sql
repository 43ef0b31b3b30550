-- Waits for a transaction that is doing this part, such as one whose COMMIT was not answered.
INSERT INTO gdpr_copy.part (schema_name, table_name, part, parts)
VALUES ($1, $2, $3::int, $4::int)
ON CONFLICT DO NOTHING
RETURNING true
