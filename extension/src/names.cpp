// SPDX-License-Identifier: PostgreSQL
// Names of relations, looked up without asking for rights: declarations are resolved thousands of
// times in one preflight, and our owner has no USAGE on anybody's schema.
#include "extension/src/pg.hpp"

// gdpr_internal.resolve(relation_schema name, relation_name name) -> regclass, NULL if it is gone
GDPR_FUNCTION(gdpr_resolve) {
  Oid schema = get_namespace_oid(NameStr(*PG_GETARG_NAME(0)), true);
  Oid relation = OidIsValid(schema) ? get_relname_relid(NameStr(*PG_GETARG_NAME(1)), schema) : InvalidOid;
  if (!OidIsValid(relation)) PG_RETURN_NULL();
  PG_RETURN_OID(relation);
}
