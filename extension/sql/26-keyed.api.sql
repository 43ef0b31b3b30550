-- SPDX-License-Identifier: PostgreSQL
-- Profiles fake and pseudonym: what goes with them. The values themselves: gdpr.anonymize().

--| The value behind a pseudonym that ff1 made. Only bundle operator; EXECUTE on this function is
--| also what lets a role use the profiles fake and pseudonym.
CREATE OR REPLACE FUNCTION gdpr.reveal(value text, rule text)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_reveal';
COMMENT ON FUNCTION gdpr.reveal(text, text) IS
  'The value behind a pseudonym made by treatment ff1 under the same rule; other pseudonyms cannot be turned back';

--| The locale of fakes for a country as people write it: its name or code.
CREATE OR REPLACE FUNCTION gdpr.locale_of(country text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_locale_of';
COMMENT ON FUNCTION gdpr.locale_of(text) IS
  'The locale of fakes for a country (name, ISO or dialling code), as in fake(de); NULL where there is none';

--| What makes the fakes of a column differ from each other.
CREATE OR REPLACE FUNCTION gdpr_internal.fake_room(rule text, data_type regtype, typmod integer)
RETURNS TABLE (how text, bits double precision)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', 'gdpr_fake_room';
COMMENT ON FUNCTION gdpr_internal.fake_room(text, regtype, integer) IS
  'Whether fakes of a column of that type are a permutation, carry digest bits, have too little room, or need not be unique';
