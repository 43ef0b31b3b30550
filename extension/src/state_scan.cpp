// SPDX-License-Identifier: PostgreSQL
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

Oid StateTable(const char* name) {
  return get_relname_relid(name, get_namespace_oid("gdpr_internal", false));
}

Oid StateOwner() {
  Oid schema = get_namespace_oid("gdpr_internal", false);
  HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "schema %u is gone", schema);
  Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
  ReleaseSysCache(tuple);
  return owner;
}

void BeginStateScan(StateScan& scan, const char* table, Snapshot snapshot, int count,
                    const char* const* values) {
  Oid oid = StateTable(table);
  if (!OidIsValid(oid)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table gdpr_internal.%s does not exist", table),
                    errhint("Run ALTER EXTENSION pg_gdpr UPDATE.")));
  }
  scan.heap = table_open(oid, AccessShareLock);
  scan.index = index_open(PrimaryKeyIndex(scan.heap), AccessShareLock);
  scan.slot = table_slot_create(scan.heap, nullptr);
  scan.scan = BeginIndexScan(scan.heap, scan.index, snapshot, count);
  ScanKeyData keys[2];
  for (int i = 0; i < count; i++) {
    ScanKeyEntryInitialize(&keys[i], 0, static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber,
                           InvalidOid, scan.index->rd_indcollation[i], F_TEXTEQ,
                           CStringGetTextDatum(values[i]));
  }
  index_rescan(scan.scan, keys, count, nullptr, 0);
}

void EndStateScan(StateScan& scan) {
  index_endscan(scan.scan);
  ExecDropSingleTupleTableSlot(scan.slot);
  index_close(scan.index, AccessShareLock);
  table_close(scan.heap, AccessShareLock);
}

AttrNumber StateColumn(Relation relation, const char* name) {
  TupleDesc desc = RelationGetDescr(relation);
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute column = TupleDescAttr(desc, i);
    if (!column->attisdropped && strcmp(NameStr(column->attname), name) == 0) {
      return static_cast<AttrNumber>(i + 1);
    }
  }
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                  errmsg("column \"%s\" of relation \"%s\" does not exist", name,
                         RelationGetRelationName(relation)),
                  errhint("Run ALTER EXTENSION pg_gdpr UPDATE.")));
  pg_unreachable();
}

}  // namespace gdpr::pg
