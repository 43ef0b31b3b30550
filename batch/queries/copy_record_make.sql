-- The record of an unfinished copy: one line for the copy, one for each part of a table that is there.
CREATE SCHEMA gdpr_copy;
CREATE TABLE gdpr_copy.copy (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  digest text NOT NULL,
  begun timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE gdpr_copy.part (
  schema_name text NOT NULL,
  table_name text NOT NULL,
  part int NOT NULL,
  parts int NOT NULL,
  row_count int8,
  PRIMARY KEY (schema_name, table_name, part)
);
COMMENT ON SCHEMA gdpr_copy IS 'gdpr-batch copy has not come to its end here: gdpr-batch copy --resume'
