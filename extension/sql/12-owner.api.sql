-- SPDX-License-Identifier: PostgreSQL
-- Work on users' relations with no more rights than their owners'. Internal.

--| The role that called the outermost function of ours; while we work as an owner, that owner.
CREATE OR REPLACE FUNCTION gdpr_internal.caller()
RETURNS regrole
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'gdpr_caller';
COMMENT ON FUNCTION gdpr_internal.caller() IS
  'The role on whose behalf a SECURITY DEFINER function of pg_gdpr runs';

--| Runs a query as the owner of a relation; a filtered read is an error.
CREATE OR REPLACE FUNCTION gdpr_internal.query_as_owner(relation oid, statement text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_query_as_owner';
COMMENT ON FUNCTION gdpr_internal.query_as_owner(oid, text) IS
  'Rows of a query run as the owner of the relation, in a restricted operation';

--| The same with parameters $1, $2 …
CREATE OR REPLACE FUNCTION gdpr_internal.query_as_owner(relation oid, statement text, VARIADIC args "any")
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_query_as_owner';
COMMENT ON FUNCTION gdpr_internal.query_as_owner(oid, text, "any") IS
  'Rows of a query with parameters, run as the owner of the relation';

--| Runs a statement as the owner of a relation; the guard against changes of frozen people knows it.
CREATE OR REPLACE FUNCTION gdpr_internal.execute_as_owner(relation oid, statement text)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_execute_as_owner';
COMMENT ON FUNCTION gdpr_internal.execute_as_owner(oid, text) IS
  'Runs a statement as the owner of the relation; the number of rows processed';

--| The same with parameters $1, $2 …
CREATE OR REPLACE FUNCTION gdpr_internal.execute_as_owner(relation oid, statement text, VARIADIC args "any")
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_execute_as_owner';
COMMENT ON FUNCTION gdpr_internal.execute_as_owner(oid, text, "any") IS
  'Runs a statement with parameters as the owner of the relation; the number of rows processed';

--| A statement of ours with keyed profiles, which the relation's owner may not use: they must come from $1.
CREATE OR REPLACE FUNCTION gdpr_internal.execute_keyed_as_owner(relation oid, statement text, VARIADIC args "any")
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_execute_keyed_as_owner';
COMMENT ON FUNCTION gdpr_internal.execute_keyed_as_owner(oid, text, "any") IS
  'execute_as_owner for statements with profiles fake and pseudonym, which take their profile from $1; code that they set off may not use them';

--| Where rows are now, given where they were.
CREATE OR REPLACE FUNCTION gdpr_internal.latest_tids(relation oid, tids tid[])
RETURNS tid[]
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_latest_tids';
COMMENT ON FUNCTION gdpr_internal.latest_tids(oid, tid[]) IS
  'The newest version of each row of a table, NULLs kept';
