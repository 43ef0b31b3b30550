-- SPDX-License-Identifier: PostgreSQL
-- The words of consent and the steps between its states. The tables are in core/consent.cpp; everything
-- here is STRICT: whether a word may be left out is for the caller to say.

--| The other vocabulary for a state: awaiting, given, refused.
CREATE OR REPLACE FUNCTION gdpr.state_alias(state text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_state_alias';
COMMENT ON FUNCTION gdpr.state_alias(text) IS
  'The other word for a state of consent: awaiting (pending), given (accepted), refused (rejected, withdrawn)';

--| The state that a word or its alias means.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_state(word text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_consent_state';
COMMENT ON FUNCTION gdpr_internal.consent_state(text) IS
  'pending, accepted, rejected or withdrawn, also for an alias; 22023 for any other word';

--| True if a decision may lead from one state to another.
CREATE OR REPLACE FUNCTION gdpr_internal.may_follow(from_state text, to_state text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_may_follow';
COMMENT ON FUNCTION gdpr_internal.may_follow(text, text) IS
  'True if a decision may lead from one state to another; pending to pending is a request that was sent';

--| Stops at a step that is not legal.
CREATE OR REPLACE FUNCTION gdpr_internal.check_step(from_state text, to_state text) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_check_step';
COMMENT ON FUNCTION gdpr_internal.check_step(text, text) IS
  'PD006, with the edge and the law behind it, for a step that is not legal';

--| Stops at a cell that is empty in CRM.COM's matrix.
CREATE OR REPLACE FUNCTION gdpr_internal.check_action(state text, action text) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_check_action';
COMMENT ON FUNCTION gdpr_internal.check_action(text, text) IS
  '22023, naming the cell, for an action that people in a state cannot have';

--| A medium, if it is one.
CREATE OR REPLACE FUNCTION gdpr_internal.check_medium(word text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_check_medium';
COMMENT ON FUNCTION gdpr_internal.check_medium(text) IS
  'The medium of a decision; 22023 for any other word, and for words that mean silence';

--| A channel, if it is one.
CREATE OR REPLACE FUNCTION gdpr_internal.check_channel(word text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_check_channel';
COMMENT ON FUNCTION gdpr_internal.check_channel(text) IS
  'The channel by which a person is addressed; 22023 for any other word';
