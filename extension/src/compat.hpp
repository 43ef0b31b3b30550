// SPDX-License-Identifier: PostgreSQL
// Everything that differs between PostgreSQL 14 and 18, in one place.
#pragma once

#include "extension/src/pg.hpp"

// Parameters and arguments of ExecutorRun and its hook.
#if PG_VERSION_NUM >= 180000
#define GDPR_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define GDPR_RUN_ARGUMENTS query, direction, count
#else
#define GDPR_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define GDPR_RUN_ARGUMENTS query, direction, count, once
#endif

namespace gdpr::pg {

/// Whether `role` owns `relation` (superusers own everything).
inline bool OwnsRelation(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relation, role);
#else
  return pg_class_ownercheck(relation, role);
#endif
}

/// Whether `role` may execute `function`.
inline bool MayExecute(Oid function, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK;
#else
  return pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK;
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

/// Lets `request` ask for shared memory at the right moment; only while shared_preload_libraries are
/// loaded. `previous` keeps another library's hook, which `request` calls first.
inline void RequestSharedMemory(void (**previous)(), void (*request)()) {
#if PG_VERSION_NUM >= 150000
  *previous = shmem_request_hook;
  shmem_request_hook = request;
#else
  *previous = nullptr;
  request();
#endif
}

/// Inserts a row's entries into the indexes of its table.
inline void InsertIndexRows(ResultRelInfo* target, TupleTableSlot* slot, EState* estate) {
#if PG_VERSION_NUM >= 160000
  list_free(ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL, false));
#else
  list_free(ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL));
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

/// A number that no other transaction of this backend has had.
inline LocalTransactionId CurrentLocalXid() {
#if PG_VERSION_NUM >= 170000
  return MyProc->vxid.lxid;
#else
  return MyProc->lxid;
#endif
}

/// How many processes can have a PGPROC that runs queries. While libraries are preloaded and later.
inline int ProcessSlots() {
#if PG_VERSION_NUM >= 150000
  return MaxBackends;
#else
  // Not computed yet when 14 loads libraries; as InitializeMaxBackends() does
  return MaxConnections + autovacuum_max_workers + 1 + max_worker_processes + max_wal_senders;
#endif
}

/// The number of a process's PGPROC; below ProcessSlots() for whoever runs queries.
inline int ProcessNumber(PGPROC* process) {
#if PG_VERSION_NUM >= 170000
  return GetNumberFromPGProc(process);
#else
  return process->pgprocno;
#endif
}

/// The timeline that this server writes, or replays.
inline TimeLineID CurrentTimeline() {
  TimeLineID timeline = 0;
  if (RecoveryInProgress()) {
    (void)GetXLogReplayRecPtr(&timeline);
    return timeline;
  }
#if PG_VERSION_NUM >= 150000
  return GetWALInsertionTimeLine();
#else
  return ThisTimeLineID;  // set by RecoveryInProgress()
#endif
}

/// Backend number `i` (from 1) of those that pgstat_fetch_stat_numbackends() counted, or NULL.
inline PgBackendStatus* BackendEntry(int i) {
#if PG_VERSION_NUM >= 160000
  LocalPgBackendStatus* local = pgstat_get_local_beentry_by_index(i);
#else
  LocalPgBackendStatus* local = pgstat_fetch_stat_local_beentry(i);
#endif
  return local == nullptr ? nullptr : &local->backendStatus;
}

/// Walks through the parts of an expression: expression_tree_walker.
inline bool WalkParts(Node* node, bool (*walker)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
  return expression_tree_walker(node, walker, context);
#else
  return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)),
                                context);
#endif
}

/// As whom a range table entry is checked, or InvalidOid: as whoever runs the query.
inline Oid CheckedAs([[maybe_unused]] List* permissions, RangeTblEntry* entry) {
#if PG_VERSION_NUM >= 160000
  if (entry->perminfoindex == 0) return InvalidOid;
  return getRTEPermissionInfo(permissions, entry)->checkAsUser;
#else
  return entry->checkAsUser;
#endif
}

/// The permissions beside a query's range table; NIL where each entry has its own (before 16).
inline List* QueryPermissions([[maybe_unused]] Query* query) {
#if PG_VERSION_NUM >= 160000
  return query->rteperminfos;
#else
  return NIL;
#endif
}

/// The columns that a query asks of one entry of its range table, in the numbers of that entry's
/// relation. Since 16 a partition or child has none of its own: those asked of its ancestors are taken.
inline Bitmapset* SelectedColumns([[maybe_unused]] EState* estate, RangeTblEntry* entry,
                                  [[maybe_unused]] const Oid* ancestors,
                                  [[maybe_unused]] int ancestor_count) {
#if PG_VERSION_NUM >= 160000
  List* permissions = estate->es_rteperminfos;
  if (entry->perminfoindex != 0) return getRTEPermissionInfo(permissions, entry)->selectedCols;
  Bitmapset* columns = nullptr;
  ListCell* cell;
  foreach (cell, permissions) {
    auto* asked = lfirst_node(RTEPermissionInfo, cell);
    bool related = false;
    for (int i = 0; i < ancestor_count; i++) related |= ancestors[i] == asked->relid;
    for (int bit = -1; related && (bit = bms_next_member(asked->selectedCols, bit)) >= 0;) {
      AttrNumber number = bit + FirstLowInvalidHeapAttributeNumber;
      char* name = number > 0 ? get_attname(asked->relid, number, true) : nullptr;
      if (name != nullptr) number = get_attnum(entry->relid, name);
      columns = bms_add_member(columns, number - FirstLowInvalidHeapAttributeNumber);
    }
  }
  return columns;
#else
  return entry->selectedCols;
#endif
}

/// Walks through the nodes below one: planstate_tree_walker.
inline bool WalkPlanStates(PlanState* state, bool (*walker)(PlanState*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
  return planstate_tree_walker(state, walker, context);
#else
  return planstate_tree_walker(state, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)),
                               context);
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

/// What is known of the i-th process of the server, from 1 on, as of this transaction's first look.
inline const LocalPgBackendStatus* BackendStatus(int i) {
#if PG_VERSION_NUM >= 160000
  return pgstat_get_local_beentry_by_index(i);
#else
  return pgstat_fetch_stat_local_beentry(i);
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
