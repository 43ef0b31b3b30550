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

void BeginStateScan(StateScan& scan, const char* table, Snapshot snapshot, const char* value) {
  Oid oid = StateTable(table);
  if (!OidIsValid(oid)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table gdpr_internal.%s does not exist", table),
                    errhint("Run ALTER EXTENSION pg_gdpr UPDATE.")));
  }
  scan = StateScan{};
  scan.value = value;
  scan.heap = table_open(oid, AccessShareLock);
  scan.slot = table_slot_create(scan.heap, nullptr);
  if (scan.heap->rd_tableam == GetHeapamTableAmRoutine()) {
    scan.page = table_beginscan_strat(scan.heap, snapshot, 0, nullptr, false, false);
    if (reinterpret_cast<HeapScanDesc>(scan.page)->rs_nblocks <= 1) return;
    table_endscan(scan.page);
    scan.page = nullptr;
  }
  scan.index = index_open(PrimaryKeyIndex(scan.heap), AccessShareLock);
  scan.scan = BeginIndexScan(scan.heap, scan.index, snapshot, 1);
  ScanKeyData key;
  ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid,
                         scan.index->rd_indcollation[0], F_TEXTEQ, CStringGetTextDatum(value));
  index_rescan(scan.scan, &key, 1, nullptr, 0);
}

bool NextState(StateScan& scan) {
  if (scan.page == nullptr) {
    return index_getnext_slot(scan.scan, ForwardScanDirection, scan.slot);
  }
  size_t length = strlen(scan.value);
  while (table_scan_getnextslot(scan.page, ForwardScanDirection, scan.slot)) {
    bool isnull;
    text* first = DatumGetTextPP(slot_getattr(scan.slot, 1, &isnull));
    if (!isnull && VARSIZE_ANY_EXHDR(first) == length &&
        memcmp(VARDATA_ANY(first), scan.value, length) == 0) {
      return true;
    }
  }
  return false;
}

void EndStateScan(StateScan& scan) {
  if (scan.page != nullptr) table_endscan(scan.page);
  if (scan.scan != nullptr) index_endscan(scan.scan);
  ExecDropSingleTupleTableSlot(scan.slot);
  if (scan.index != nullptr) index_close(scan.index, NoLock);
  table_close(scan.heap, NoLock);
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
