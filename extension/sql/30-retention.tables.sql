-- SPDX-License-Identifier: PostgreSQL
-- How long people are kept: what counts as an interaction, policies, and who was warned. Names are the
-- authority, as in 30-subjects.

--| Dates that say when there last was something to do with a person.
CREATE TABLE gdpr_internal.interaction (
  subject_type text NOT NULL,
  relation_schema name NOT NULL,
  relation_name name NOT NULL,
  relation_oid oid NOT NULL,
  relation_owner name NOT NULL,
  column_name name NOT NULL,
  attnum int2 NOT NULL,
  PRIMARY KEY (subject_type, relation_schema, relation_name, column_name)
);
COMMENT ON TABLE gdpr_internal.interaction IS 'Columns with dates of interactions: the newest over all of them is a person''s last interaction';
COMMENT ON COLUMN gdpr_internal.interaction.subject_type IS 'whose interactions they are';
COMMENT ON COLUMN gdpr_internal.interaction.relation_schema IS 'schema of the table';
COMMENT ON COLUMN gdpr_internal.interaction.relation_name IS 'the table of people, or one that an owned link reaches';
COMMENT ON COLUMN gdpr_internal.interaction.relation_oid IS 'only lets renames be followed';
COMMENT ON COLUMN gdpr_internal.interaction.relation_owner IS 'who owned it: a table of that name made by somebody else is not taken for it';
COMMENT ON COLUMN gdpr_internal.interaction.column_name IS 'its column with a date or a time';
COMMENT ON COLUMN gdpr_internal.interaction.attnum IS 'only lets renames be followed';

--| How long people are kept after their last interaction.
CREATE TABLE gdpr_internal.retention (
  subject_type text NOT NULL,
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  keep interval NOT NULL,
  warn interval,
  grace interval NOT NULL,
  action text NOT NULL CHECK (action IN ('anonymize', 'delete')),
  channel text NOT NULL,
  set_at timestamptz NOT NULL,
  set_by name NOT NULL,
  PRIMARY KEY (subject_type, purpose)
);
COMMENT ON TABLE gdpr_internal.retention IS 'How long people are kept after their last interaction, per subject type and purpose';
COMMENT ON COLUMN gdpr_internal.retention.subject_type IS 'whom it is about';
COMMENT ON COLUMN gdpr_internal.retention.purpose IS 'applies to people who may be processed for it; the empty string: to everybody';
COMMENT ON COLUMN gdpr_internal.retention.keep IS 'how long after the last interaction';
COMMENT ON COLUMN gdpr_internal.retention.warn IS 'how long before that day people are warned; NULL: they are not';
COMMENT ON COLUMN gdpr_internal.retention.grace IS 'the time that people have at least after the warning';
COMMENT ON COLUMN gdpr_internal.retention.action IS 'anonymize, or delete the rows as well';
COMMENT ON COLUMN gdpr_internal.retention.channel IS 'how people are warned';
COMMENT ON COLUMN gdpr_internal.retention.set_at IS 'when it was decided';
COMMENT ON COLUMN gdpr_internal.retention.set_by IS 'who decided it';

--| People who were warned and whose warning still counts.
CREATE TABLE gdpr_internal.retention_warning (
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  warned_at timestamptz NOT NULL,
  event bigint NOT NULL,
  PRIMARY KEY (subject_type, subject_key)
);
COMMENT ON TABLE gdpr_internal.retention_warning IS 'People who were warned that their data will go; an interaction takes the warning back, and it leaves with the person';
COMMENT ON COLUMN gdpr_internal.retention_warning.subject_type IS 'the subject type';
COMMENT ON COLUMN gdpr_internal.retention_warning.subject_key IS 'the key in its type''s own text form';
COMMENT ON COLUMN gdpr_internal.retention_warning.warned_at IS 'when; the grace begins';
COMMENT ON COLUMN gdpr_internal.retention_warning.event IS 'the event retention_warned';

--| What retention has to do with one person now.
CREATE TYPE gdpr_internal.retention_outcome AS (
  person int, subject_key text, last timestamptz, odd boolean, outcome text,
  purpose text, warn interval, grace interval, action text, channel text, unwarn boolean, unqueue boolean);
COMMENT ON TYPE gdpr_internal.retention_outcome IS
  'What retention has to do with one person now, by which policy; unwarn and unqueue: an earlier warning or queue row is taken back';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.interaction', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.retention', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.retention_warning', '');
