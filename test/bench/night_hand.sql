-- SPDX-License-Identifier: PostgreSQL
-- A re-consent as one statement: who has not withdrawn becomes pending with an empty date and the new form, one event,
-- one message, a new mask.
WITH asked AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('hand.event', 'event')) AS event, s.subject_key, s.state, s.updated_at
  FROM hand.state AS s WHERE s.subject_type = 'contact' AND s.purpose = 'letters' AND s.state <> 'withdrawn'
), e AS (
  INSERT INTO hand.event (event, subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at, form, form_version, owner, at)
  SELECT a.event, 'contact', a.subject_key, 'letters', 'reconsent_required', 'pending', a.state, a.updated_at, 'terms', 2, current_user, now() FROM asked AS a
), m AS (
  INSERT INTO hand.message (message, run, kind, channel) SELECT a.event, 1, 'reconsent', 'email' FROM asked AS a
), w AS (
  UPDATE hand.allowed AS n SET allowed = n.allowed & ~2::bigint FROM asked AS a WHERE n.id = a.subject_key::bigint
)
UPDATE hand.state AS s SET state = 'pending', updated_at = NULL, form = 'terms', form_version = 2, event = a.event
FROM asked AS a WHERE s.subject_type = 'contact' AND s.purpose = 'letters' AND s.subject_key = a.subject_key;
