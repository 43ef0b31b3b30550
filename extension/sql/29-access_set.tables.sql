-- SPDX-License-Identifier: PostgreSQL
-- How sets of people are found. Functions come from 29-access_set.api.sql, which is before this module.

--| Whether a set has a person, by index: people OPERATOR(gdpr_internal.@>) person.
CREATE OPERATOR gdpr_internal.@> (
  LEFTARG = bytea, RIGHTARG = bigint, FUNCTION = gdpr_internal.set_holds, RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR gdpr_internal.@> (bytea, bigint) IS 'The set has the person';

--| GIN over sets of people.
CREATE OPERATOR CLASS gdpr_internal.person_set_ops FOR TYPE bytea USING gin AS
  OPERATOR 1 gdpr_internal.@> (bytea, bigint),
  FUNCTION 1 btint8cmp(bigint, bigint),
  FUNCTION 2 gdpr_internal.set_keys(bytea, internal),
  FUNCTION 3 gdpr_internal.set_query_keys(bigint, internal, int2, internal, internal, internal, internal),
  FUNCTION 4 gdpr_internal.set_consistent(internal, int2, bigint, int, internal, internal, internal, internal),
  STORAGE bigint;
COMMENT ON OPERATOR CLASS gdpr_internal.person_set_ops USING gin IS 'Sets of people, found by person';
COMMENT ON OPERATOR FAMILY gdpr_internal.person_set_ops USING gin IS 'Sets of people, found by person';
