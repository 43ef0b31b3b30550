// SPDX-License-Identifier: PostgreSQL
// Classification: a rule as the security label of a column.
#include "extension/src/label.hpp"

#include "core/rule.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/rule.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr char kProvider[] = "gdpr";

void CheckRelationKind(Relation relation) {
  char kind = relation->rd_rel->relkind;
  if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) return;
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                  errmsg("cannot classify columns of \"%s\"", RelationGetRelationName(relation)),
                  errdetail("It is not a table."),
                  errhint("Classify the columns of the tables that hold the values.")));
}

// Backends look again at what they know of the relation and its children: what the audit writes of
// a column depends on its label.
void Invalidate(Oid relation) {
  List* all = find_all_inheritors(relation, NoLock, nullptr);
  ListCell* cell;
  foreach (cell, all) CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
}

// Called by SECURITY LABEL, which has checked ownership and holds the lock.
void CheckLabel(const ObjectAddress* object, const char* label) {
  if (object->classId != RelationRelationId || object->objectSubId == 0) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("only a column can have a label of provider \"%s\"", kProvider),
                    errhint("Write SECURITY LABEL FOR gdpr ON COLUMN table.column IS 'kind'.")));
  }
  Invalidate(object->objectId);
  // A label can always be taken away, also from what is no longer a table.
  if (label == nullptr) return;
  Relation relation = relation_open(object->objectId, NoLock);
  CheckRelationKind(relation);
  relation_close(relation, NoLock);
  (void)CanonicalRule(label, strlen(label));
}

// A NULL here is a mistake in the caller's script: doing nothing would leave a column unclassified.
void RefuseNulls(FunctionCallInfo fcinfo) {
  for (int i = 0; i < PG_NARGS(); i++) {
    if (!PG_ARGISNULL(i)) continue;
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("relation, column_name and rule must not be null")));
  }
}

// Opens the relation as SECURITY LABEL does and finds the column.
// errors  42501 not the owner, 42809 not a table, 42703 no such column
ObjectAddress FindColumn(Relation relation, const char* column) {
  const char* name = RelationGetRelationName(relation);
  if (!OwnsRelation(RelationGetRelid(relation), GetUserId())) {
    aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(relation->rd_rel->relkind), name);
  }
  CheckRelationKind(relation);
  AttrNumber number = get_attnum(RelationGetRelid(relation), column);
  if (number == InvalidAttrNumber) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("column \"%s\" of relation \"%s\" does not exist", column, name)));
  }
  if (number < 0) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot classify system column \"%s\"", column)));
  }
  ObjectAddress address;
  ObjectAddressSubSet(address, RelationRelationId, RelationGetRelid(relation), number);
  return address;
}

}  // namespace

void RegisterLabelProvider() {
  register_label_provider(kProvider, CheckLabel);
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.classify(relation regclass, column_name name, rule text). Not SECURITY DEFINER: GetUserId()
// is the caller. SetSecurityLabel itself checks nothing.
GDPR_FUNCTION(gdpr_classify) {
  RefuseNulls(fcinfo);
  const char* column = NameStr(*PG_GETARG_NAME(1));
  text* rule = PG_GETARG_TEXT_PP(2);
  Relation relation = relation_open(PG_GETARG_OID(0), ShareUpdateExclusiveLock);
  ObjectAddress address = FindColumn(relation, column);
  const char* canonical = CanonicalRule(VARDATA_ANY(rule), VARSIZE_ANY_EXHDR(rule));
  char* before = GetSecurityLabel(&address, kProvider);
  if (before != nullptr && strcmp(before, canonical) == 0) {
    ereport(NOTICE, (errmsg("column \"%s\" of relation \"%s\" is already classified so", column,
                            RelationGetRelationName(relation))));
  } else {
    SetSecurityLabel(&address, kProvider, canonical);
    Invalidate(address.objectId);
  }
  relation_close(relation, NoLock);
  PG_RETURN_VOID();
}

// gdpr.unclassify(relation regclass, column_name name)
GDPR_FUNCTION(gdpr_unclassify) {
  RefuseNulls(fcinfo);
  const char* column = NameStr(*PG_GETARG_NAME(1));
  Relation relation = relation_open(PG_GETARG_OID(0), ShareUpdateExclusiveLock);
  ObjectAddress address = FindColumn(relation, column);
  if (GetSecurityLabel(&address, kProvider) == nullptr) {
    ereport(NOTICE, (errmsg("column \"%s\" of relation \"%s\" is not classified", column,
                            RelationGetRelationName(relation))));
  } else {
    SetSecurityLabel(&address, kProvider, nullptr);
    Invalidate(address.objectId);
  }
  relation_close(relation, NoLock);
  PG_RETURN_VOID();
}

// gdpr_internal.remove_labels(relation regclass) -> bigint: all our labels, whoever owns the table.
// Behind gdpr.remove(), which only a superuser may call.
GDPR_FUNCTION(gdpr_remove_labels) {
  Relation relation = relation_open(PG_GETARG_OID(0), ShareUpdateExclusiveLock);
  int64 removed = 0;
  for (int i = 0; i < RelationGetDescr(relation)->natts; i++) {
    ObjectAddress address;
    ObjectAddressSubSet(address, RelationRelationId, RelationGetRelid(relation), i + 1);
    if (GetSecurityLabel(&address, kProvider) == nullptr) continue;
    SetSecurityLabel(&address, kProvider, nullptr);
    removed++;
  }
  relation_close(relation, NoLock);
  PG_RETURN_INT64(removed);
}
