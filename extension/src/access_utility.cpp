// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_utility.hpp"

#include "core/spool_frame.hpp"
#include "extension/src/access_query.hpp"
#include "extension/src/access_relation.hpp"
#include "extension/src/audit_session.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/spool.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

ProcessUtility_hook_type previous_utility = nullptr;
object_access_hook_type previous_access = nullptr;

int64 DigestOf(const PlannedStmt* command, const char* text) {
  int64 digest = 0;
  if (text == nullptr) return 0;
  int size = static_cast<int>(strlen(text));
  int start = command->stmt_location < 0 ? 0 : Min(command->stmt_location, size);
  if (command->stmt_len > 0) size = Min(size, start + command->stmt_len);
  (void)DigestOfQuery(text + start, static_cast<size_t>(size - start), &digest);
  return digest;
}

// One frame: all rows of a relation, before the command sees the first of them.
// errors  PD012
void Record(Oid oid, int64 digest) {
  AccessRelation* access = FindAccess(oid);
  Relation relation = access == nullptr ? nullptr : try_relation_open(oid, AccessShareLock);
  if (relation == nullptr) return;
  HoldAccess(access);
  Bitmapset* whole_row = bms_make_singleton(0 - FirstLowInvalidHeapAttributeNumber);
  AccessPlaces* places = FindPlaces(access, relation, whole_row);
  auto rows = static_cast<uint64>(Max(relation->rd_rel->reltuples, 0));
  relation_close(relation, AccessShareLock);
  TimestampTz at = GetCurrentStatementStartTimestamp();
  int count = Max(access->way_count, 1);
  ReadScope scope = access->way_count > 0 ? ReadScope::kAll : ReadScope::kNobody;
  StatementFrame frame;
  frame.statement = static_cast<uint64>(NextRead(at));
  frame.at = at;
  frame.end = ReadStatus::kComplete;
  frame.entry_count = static_cast<uint64>(count);
  AccessFacts* facts = HoldFacts();
  FrameWriter* writer = SpoolBegin();
  frame.start = StatementStart{SpoolFacts(facts), static_cast<uint64>(digest), 'c', EngineIsOpen(),
                               U64FromFullTransactionId(ReadNextFullTransactionId())};
  for (int i = 0; i < count; i++) (void)SpoolPlace(&places->places[i]);
  writer->BeginStatement(frame);
  for (int i = 0; i < count; i++) {
    writer->Entry(SpoolPlace(&places->places[i]), scope, i == 0 ? rows : 0);
  }
  writer->EndStatement();
  ReleaseFacts(facts);
  ReleaseAccess(access);
  (void)SpoolWrite(SpoolMode::kDurable);
}

void RecordAll(List* relations, int64 digest) {
  ListCell* cell;
  foreach (cell, relations) Record(lfirst_oid(cell), digest);
}

int64 DigestOfClients() {
  int64 digest = 0;
  const char* text = debug_query_string;
  if (text != nullptr) (void)DigestOfQuery(text, strlen(text), &digest);
  return digest;
}

// A function that a query names is looked at when the query starts.
void AtObject(ObjectAccessType access, Oid class_id, Oid object, int part, void* detail) {
  if (previous_access != nullptr) previous_access(access, class_id, object, part, detail);
  if (access != OAT_FUNCTION_EXECUTE || object >= FirstGenbkiObjectId || !SpoolReady()) return;
  List* shown = ShownByFunction(object);
  if (shown != NIL) RecordAll(shown, DigestOfClients());
}

PlannedStmt* Prepare(PlannedStmt* command, const char* text) {
  if (IsA(command->utilityStmt, CopyStmt)) return CopyAsQuery(command);
  List* shown = ShownRelations(command->utilityStmt);
  if (shown != NIL) RecordAll(shown, DigestOf(command, text));
  return command;
}

// Files of reads of a database that is gone: the launcher removes them.
void ForgetDropped() {
  if (seal_shared == nullptr) return;
  if (pg_atomic_exchange_u32(&seal_shared->everywhere, 1) == 0) WakeLauncher();
}

void RunCommand(PlannedStmt* command, const char* text, bool keep, ProcessUtilityContext context,
                ParamListInfo params, QueryEnvironment* environment, DestReceiver* receiver,
                QueryCompletion* completion) {
  if (SpoolReady() && IsTransactionState()) {
    PlannedStmt* prepared = Prepare(command, text);
    keep &= prepared == command;
    command = prepared;
  }
  bool drops = IsA(command->utilityStmt, DropdbStmt);
  auto* run = previous_utility == nullptr ? standard_ProcessUtility : previous_utility;
  run(command, text, keep, context, params, environment, receiver, completion);
  if (drops) ForgetDropped();
}

}  // namespace

void RegisterAccessUtility() {
  if (!process_shared_preload_libraries_in_progress) return;
  previous_utility = ProcessUtility_hook;
  ProcessUtility_hook = RunCommand;
  previous_access = object_access_hook;
  object_access_hook = AtObject;
}

}  // namespace gdpr::pg

// gdpr_internal.record_reads(relation regclass) -> void
GDPR_FUNCTION(gdpr_record_reads) {
  using namespace gdpr::pg;
  if (!SpoolReady()) PG_RETURN_VOID();
  List* family = find_all_inheritors(PG_GETARG_OID(0), NoLock, nullptr);
  RecordAll(family, DigestOfClients());
  PG_RETURN_VOID();
}
