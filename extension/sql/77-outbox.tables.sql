-- SPDX-License-Identifier: PostgreSQL
-- Messages that a mailer has to send. A message is the number of an event, which says to whom and why:
-- address, token and merge fields are made when it is taken, and stored nowhere.

--| One message to one person.
CREATE TABLE gdpr_internal.message (
  message bigint PRIMARY KEY,
  run bigint NOT NULL,
  taken_at timestamptz,
  settled_at timestamptz,
  valid_for interval,
  kind text NOT NULL CHECK (kind IN ('reconsent', 'retention_warning')),
  channel text COLLATE "C" NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'exporting', 'taken', 'sent', 'void'))
);
COMMENT ON TABLE gdpr_internal.message IS 'Messages that a mailer has to send, each by the number of the event that it tells of';
COMMENT ON COLUMN gdpr_internal.message.message IS 'its event in the history of consent: to whom, for which purpose';
COMMENT ON COLUMN gdpr_internal.message.run IS 'the run that wrote it';
COMMENT ON COLUMN gdpr_internal.message.taken_at IS 'when a mailer took it';
COMMENT ON COLUMN gdpr_internal.message.settled_at IS 'when it was sent, or became void';
COMMENT ON COLUMN gdpr_internal.message.valid_for IS 'how long its link accepts; NULL: it has none';
COMMENT ON COLUMN gdpr_internal.message.kind IS 'what it says: please decide again (reconsent), or we are going to forget you (retention_warning)';
COMMENT ON COLUMN gdpr_internal.message.channel IS 'through which it goes';
COMMENT ON COLUMN gdpr_internal.message.state IS
  'waiting; exporting: a file with it is being written; taken by a mailer; sent; void: the person is gone, has answered or may not be asked';

--| finds what waits however much was sent
CREATE INDEX message_open ON gdpr_internal.message (message) WHERE state IN ('waiting', 'exporting');
COMMENT ON INDEX gdpr_internal.message_open IS 'finds what waits however much was sent';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.message', '');
