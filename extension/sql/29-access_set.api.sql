-- SPDX-License-Identifier: PostgreSQL
-- Sets of people as bytes (core/person_set.hpp), as the record of reads keeps them, and digests of queries.

--| A set of the numbers of people, in any order, also twice.
CREATE OR REPLACE FUNCTION gdpr_internal.set_of(people bigint[]) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_of';
COMMENT ON FUNCTION gdpr_internal.set_of(bigint[]) IS 'A set of people as bytes; neighbours cost next to nothing';

--| The numbers in a set, ascending.
CREATE OR REPLACE FUNCTION gdpr_internal.set_members(people bytea) RETURNS SETOF bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'gdpr_set_members';
COMMENT ON FUNCTION gdpr_internal.set_members(bytea) IS 'The people in a set, ascending';

--| How many there are.
CREATE OR REPLACE FUNCTION gdpr_internal.set_size(people bytea) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_size';
COMMENT ON FUNCTION gdpr_internal.set_size(bytea) IS 'How many people there are in a set';

--| Whether a person is in a set.
CREATE OR REPLACE FUNCTION gdpr_internal.set_holds(people bytea, person bigint) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_holds';
COMMENT ON FUNCTION gdpr_internal.set_holds(bytea, bigint) IS 'Whether the person is in the set; the operator @> finds by index';

--| For GIN: what a set is found by, people or blocks of neighbouring numbers.
CREATE OR REPLACE FUNCTION gdpr_internal.set_keys(people bytea, count internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_keys';
COMMENT ON FUNCTION gdpr_internal.set_keys(bytea, internal) IS 'GIN: index keys of a set of people';

--| For GIN: what to look for to find a person.
CREATE OR REPLACE FUNCTION gdpr_internal.set_query_keys(person bigint, count internal, strategy int2, partial internal,
  extra internal, nulls internal, mode internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_query_keys';
COMMENT ON FUNCTION gdpr_internal.set_query_keys(bigint, internal, int2, internal, internal, internal, internal) IS
  'GIN: index keys that sets with the person can have';

--| For GIN: a set that has one of the keys may have the person.
CREATE OR REPLACE FUNCTION gdpr_internal.set_consistent(checked internal, strategy int2, person bigint, count int,
  extra internal, recheck internal, keys internal, nulls internal) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_set_consistent';
COMMENT ON FUNCTION gdpr_internal.set_consistent(internal, int2, bigint, int, internal, internal, internal, internal) IS
  'GIN: whether a set can have the person; it is looked into afterwards';

--| What gdpr.access_log calls a query: so that the text in pg_stat_statements can be found. Depends on
--| standard_conforming_strings, as the meaning of the text does.
CREATE OR REPLACE FUNCTION gdpr.query_digest(query text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_query_digest';
COMMENT ON FUNCTION gdpr.query_digest(text) IS
  'Digest of a query without its values: gdpr.query_digest(query) of pg_stat_statements is query of gdpr.access_log';
