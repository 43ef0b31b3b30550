-- SPDX-License-Identifier: PostgreSQL
-- What a hand-written consent log, opt-outs and links keep. One person in fifty opted out or is suppressed.
SET client_min_messages = warning;
CREATE TABLE crm.hand_event (
  event bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint NOT NULL, purpose text NOT NULL, state text NOT NULL,
  medium text NOT NULL, owner name NOT NULL, at timestamptz NOT NULL, comment text
);
CREATE INDEX ON crm.hand_event (contact_id, event);
CREATE TABLE crm.hand_state (
  contact_id bigint, purpose text, state text NOT NULL, updated_at timestamptz NOT NULL, event bigint NOT NULL,
  PRIMARY KEY (contact_id, purpose)
);
CREATE INDEX ON crm.hand_state (purpose, state, updated_at);
CREATE TABLE crm.hand_opt_out AS SELECT id AS contact_id FROM crm.contact WHERE id % 50 = 7;
CREATE TABLE crm.hand_suppression AS SELECT sha256(convert_to(lower(email), 'UTF8')) AS digest FROM crm.contact WHERE id % 50 = 8;
CREATE TABLE crm.hand_token (digest bytea PRIMARY KEY, contact_id bigint NOT NULL);
VACUUM (ANALYZE);
