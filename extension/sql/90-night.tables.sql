-- SPDX-License-Identifier: PostgreSQL
-- What the nights did: one row each, so that somebody sees when there was none.

--| one night: what gdpr-batch nightly, or CALL gdpr.night(), did
CREATE TABLE gdpr_internal.night (
  night bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program text NOT NULL CHECK (program IN ('gdpr-batch', 'sql')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_by name NOT NULL,
  finished_at timestamptz,
  exit_code int,
  steps jsonb NOT NULL DEFAULT '[]',
  verified_at timestamptz,
  verified_seal bigint,
  verified_digest bytea
);
COMMENT ON TABLE gdpr_internal.night IS 'one night: what gdpr-batch nightly, or CALL gdpr.night(), did; kept for a year';
COMMENT ON COLUMN gdpr_internal.night.night IS 'number of the night';
COMMENT ON COLUMN gdpr_internal.night.program IS 'gdpr-batch, or sql: CALL gdpr.night()';
COMMENT ON COLUMN gdpr_internal.night.started_at IS 'when it began';
COMMENT ON COLUMN gdpr_internal.night.started_by IS 'whose night it was';
COMMENT ON COLUMN gdpr_internal.night.finished_at IS 'when it ended; NULL: it is at work, or was killed';
COMMENT ON COLUMN gdpr_internal.night.exit_code IS 'as gdpr-batch returned it: 0 done, 5 some failed, and so on';
COMMENT ON COLUMN gdpr_internal.night.steps IS 'what each step did: an array of objects';
COMMENT ON COLUMN gdpr_internal.night.verified_at IS 'when it had held the audit log to its seals and found it sound';
COMMENT ON COLUMN gdpr_internal.night.verified_seal IS 'the newest seal by then; the next night goes on from there';
COMMENT ON COLUMN gdpr_internal.night.verified_digest IS 'digest of that seal: it must still be the same';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.night', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.night_night_seq', '');
