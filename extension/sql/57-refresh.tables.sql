-- SPDX-License-Identifier: PostgreSQL
-- A restored copy whose values are replaced where they are: which tables are done.

--| A value that is treated twice is another one: a table that stands here is never treated again.
CREATE TABLE gdpr_internal.refreshed (
  relation_schema name NOT NULL,
  relation_name name NOT NULL,
  profile text NOT NULL,
  rules jsonb NOT NULL,
  rows bigint NOT NULL,
  refreshed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  refreshed_by name NOT NULL,
  rewritten boolean NOT NULL DEFAULT false,
  PRIMARY KEY (relation_schema, relation_name)
);
COMMENT ON TABLE gdpr_internal.refreshed IS
  'Tables of a restored copy whose values were replaced, noted in the transaction that replaced them';
COMMENT ON COLUMN gdpr_internal.refreshed.rules IS 'rule of each column that was treated; null: set to NULL';
COMMENT ON COLUMN gdpr_internal.refreshed.rewritten IS 'true: the old rows are gone from the table''s files';
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.refreshed', '');
