-- SPDX-License-Identifier: PostgreSQL
-- One value at a time. Strings of all types come as text; everything else through anyelement.

--| All kinds of personal data, with their treatments. Behind the view gdpr.kinds.
CREATE OR REPLACE FUNCTION gdpr_internal.kinds()
RETURNS TABLE (kind text, category text, description text, special boolean,
               erase text, mask text, generalize text, fake text, pseudonym text, remark text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 70
AS 'MODULE_PATHNAME', 'gdpr_kinds';
COMMENT ON FUNCTION gdpr_internal.kinds() IS 'The registry of kinds, for the view gdpr.kinds';

--| What a column can hold, and what each profile does to it.
CREATE OR REPLACE VIEW gdpr.kinds AS
  SELECT k.kind, k.category, k.description, k.erase, k.mask, k.generalize, k.fake, k.pseudonym,
         k.special, k.remark
  FROM gdpr_internal.kinds() AS k;
COMMENT ON VIEW gdpr.kinds IS
  'Kinds of personal data and how each profile treats them; special: GDPR Articles 9 and 10; remark: why a profile does less for one';

--| Reads a rule and returns it in canonical form.
CREATE OR REPLACE FUNCTION gdpr.check_rule(rule text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_check_rule';
COMMENT ON FUNCTION gdpr.check_rule(text) IS
  'The rule in canonical form; a mistake is an error that names its place and the words allowed there';

--| The treatments that erase may try on a column of a type, in order, as complete rules.
CREATE OR REPLACE FUNCTION gdpr_internal.candidates(rule text, data_type regtype, typmod integer)
RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'gdpr_candidates';
COMMENT ON FUNCTION gdpr_internal.candidates(text, regtype, integer) IS
  'Erase rules to try against the constraints of a column of that type, in order';

--| Anonymizes a text value. Not STRICT, because the seed may be NULL; a NULL value, rule or profile
--| gives NULL.
CREATE OR REPLACE FUNCTION gdpr.anonymize(value text, rule text, profile text DEFAULT 'erase', seed text DEFAULT NULL)
RETURNS text
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_anonymize_text';
COMMENT ON FUNCTION gdpr.anonymize(text, text, text, text) IS
  'The value treated as the rule says for the profile; all string types come back as text';

--| Anonymizes a value of any other type.
CREATE OR REPLACE FUNCTION gdpr.anonymize(value anyelement, rule text, profile text DEFAULT 'erase', seed text DEFAULT NULL)
RETURNS anyelement
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_anonymize';
COMMENT ON FUNCTION gdpr.anonymize(anyelement, text, text, text) IS
  'The value treated as the rule says for the profile; NULL for a type without a treatment';

--| The same beside the row's country, which the locale of a rule with fake(country) is chosen by.
CREATE OR REPLACE FUNCTION gdpr.anonymize(value text, rule text, profile text, seed text, country text)
RETURNS text
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_anonymize_text';
COMMENT ON FUNCTION gdpr.anonymize(text, text, text, text, text) IS
  'The value treated as the rule says for the profile; country, a name or code, chooses the locale of fake(country)';

--| And of any other type.
CREATE OR REPLACE FUNCTION gdpr.anonymize(value anyelement, rule text, profile text, seed text, country text)
RETURNS anyelement
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_anonymize';
COMMENT ON FUNCTION gdpr.anonymize(anyelement, text, text, text, text) IS
  'The value treated as the rule says for the profile; country, a name or code, chooses the locale of fake(country)';

--| Whether a unique column has room for what profile fake or pseudonym makes of a value.
CREATE OR REPLACE FUNCTION gdpr.fits(value text, rule text, profile text DEFAULT 'fake')
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_fits';
COMMENT ON FUNCTION gdpr.fits(text, text, text) IS
  'False where gdpr.anonymize() would say PD005: the value''s fake or pseudonym is longer than the column; needs no key';

--| Shows part of a text value. Needs no key and gives the same for the same value.
CREATE OR REPLACE FUNCTION gdpr.mask(value text, rule text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_mask_text';
COMMENT ON FUNCTION gdpr.mask(text, text) IS
  'Partial display of the value; a short value is never shown whole';

--| Masks a value of any other type.
CREATE OR REPLACE FUNCTION gdpr.mask(value anyelement, rule text)
RETURNS anyelement
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_mask';
COMMENT ON FUNCTION gdpr.mask(anyelement, text) IS
  'Partial display of the value, in its own type';

--| Makes a text value coarser. Needs no key and gives the same for the same value.
CREATE OR REPLACE FUNCTION gdpr.generalize(value text, rule text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_generalize_text';
COMMENT ON FUNCTION gdpr.generalize(text, text) IS
  'A coarser value: postal code to its prefix, city kept, and so on';

--| Makes a value of any other type coarser.
CREATE OR REPLACE FUNCTION gdpr.generalize(value anyelement, rule text)
RETURNS anyelement
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_generalize';
COMMENT ON FUNCTION gdpr.generalize(anyelement, text) IS
  'A coarser value in its own type: date to the year, number to its bucket, address to its network';

--| Erases a text value as the rule says; where that is redact, the person''s own values go too.
CREATE OR REPLACE FUNCTION gdpr.redact(value text, rule text, own text[])
RETURNS text
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_redact_text';
COMMENT ON FUNCTION gdpr.redact(text, text, text[]) IS
  'Free text without the person''s own values and without what a detector recognises';

--| The same for json, jsonb, xml and arrays.
CREATE OR REPLACE FUNCTION gdpr.redact(value anyelement, rule text, own text[])
RETURNS anyelement
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_redact';
COMMENT ON FUNCTION gdpr.redact(anyelement, text, text[]) IS
  'A document without the person''s own values and without what a detector recognises';
