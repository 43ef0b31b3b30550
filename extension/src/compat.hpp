// SPDX-License-Identifier: PostgreSQL
// Everything that differs between PostgreSQL 14 and 18, in one place.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Whether `role` owns `relation` (superusers own everything).
inline bool OwnsRelation(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relation, role);
#else
  return pg_class_ownercheck(relation, role);
#endif
}

/// Forbids other parties to invent settings that start with "gdpr.".
inline void ReserveSettings() {
#if PG_VERSION_NUM >= 150000
  MarkGUCPrefixReserved("gdpr");
#else
  EmitWarningsOnPlaceholders("gdpr");
#endif
}

/// Starts an index scan with `keys` scan keys.
inline IndexScanDesc BeginIndexScan(Relation heap, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
  return index_beginscan(heap, index, snapshot, nullptr, keys, 0);
#else
  return index_beginscan(heap, index, snapshot, keys, 0);
#endif
}

/// The index of the relation's primary key, or InvalidOid.
inline Oid PrimaryKeyIndex(Relation relation) {
#if PG_VERSION_NUM >= 180000
  return RelationGetPrimaryKeyIndex(relation, false);
#else
  return RelationGetPrimaryKeyIndex(relation);
#endif
}

/// Reads a value in text form. Returns false where PostgreSQL can tell bad input without an error.
/// errors  the type's own before 16
inline bool TryInput(FmgrInfo* input, char* text, Oid param, Datum* result) {
#if PG_VERSION_NUM >= 160000
  ErrorSaveContext saved{};
  saved.type = T_ErrorSaveContext;
  return InputFunctionCallSafe(input, text, param, -1, reinterpret_cast<Node*>(&saved), result);
#else
  *result = InputFunctionCall(input, text, param, -1);
  return true;
#endif
}

/// Whether the text is an interval. Raises nothing: for the check of a setting.
inline bool IsInterval(const char* text) {
  char work[MAXDATELEN * 2];
  char* field[MAXDATEFIELDS];
  int types[MAXDATEFIELDS];
  int count;
  int type;
  if (ParseDateTime(text, work, sizeof(work), field, types, MAXDATEFIELDS, &count) != 0) {
    return false;
  }
#if PG_VERSION_NUM >= 150000
  pg_itm_in interval;
  return DecodeInterval(field, types, count, INTERVAL_FULL_RANGE, &type, &interval) == 0;
#else
  pg_tm interval;
  fsec_t fraction;
  return DecodeInterval(field, types, count, INTERVAL_FULL_RANGE, &type, &interval, &fraction) == 0;
#endif
}

/// The record of a built-in setting; its address never changes while the server runs.
inline config_generic* FindSetting(const char* name) {
#if PG_VERSION_NUM >= 160000
  return find_option(name, false, true, 0);
#else
  config_generic** all = get_guc_variables();
  for (int i = 0; i < GetNumConfigOptions(); i++) {
    if (strcmp(all[i]->name, name) == 0) return all[i];
  }
  return nullptr;
#endif
}

}  // namespace gdpr::pg
