// SPDX-License-Identifier: PostgreSQL
// The executor calls ExecProcNodeReal of a node for each row: also under EXPLAIN ANALYZE, in
// parallel workers, and for postgres_fdw's asynchronous scans. What it returned has passed the
// node's conditions; the row itself is in the node's scan slot then, whatever was made of it.
#include "extension/src/access_node.hpp"

#include "extension/src/access_conflict.hpp"
#include "extension/src/access_leak.hpp"
#include "extension/src/access_row.hpp"
#include "extension/src/audit_session.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kMostWays = 64;
constexpr uint32 kFirstTable = 256;

// Nodes at work by the address of their state: open addressing, at most half full.
CaptureNode** table = nullptr;
uint32 table_size = 0;
uint32 table_count = 0;

uint32 PlaceOf(const PlanState* state) {
  auto bits = static_cast<uint64>(reinterpret_cast<uintptr_t>(state)) >> 4;
  return static_cast<uint32>((bits * UINT64CONST(0x9E3779B97F4A7C15)) >> 32) & (table_size - 1);
}

// The one that was asked for last: a scan that nothing interrupts asks for no other.
CaptureNode last_none;
CaptureNode* last = &last_none;

CaptureNode* FindNode(const PlanState* state) {
  if (table_size == 0) return nullptr;
  for (uint32 i = PlaceOf(state);; i = (i + 1) & (table_size - 1)) {
    if (table[i] == nullptr || table[i]->state == state) return table[i];
  }
}

void PutNode(CaptureNode* node) {
  uint32 i = PlaceOf(node->state);
  while (table[i] != nullptr) i = (i + 1) & (table_size - 1);
  table[i] = node;
}

void AddNode(CaptureNode* node) {
  if (2 * (table_count + 1) > table_size) {
    uint32 old_size = table_size;
    CaptureNode** old = table;
    uint32 size = old_size == 0 ? kFirstTable : 2 * old_size;
    auto** grown = static_cast<CaptureNode**>(
        MemoryContextAllocZero(TopMemoryContext, sizeof(CaptureNode*) * size));
    table = grown;
    table_size = size;
    for (uint32 i = 0; i < old_size; i++) {
      if (old[i] != nullptr) PutNode(old[i]);
    }
    if (old != nullptr) pfree(old);
  }
  PutNode(node);
  table_count++;
}

// Those behind it that were pushed on by it move up.
void RemoveNode(const CaptureNode* node) {
  uint32 mask = table_size - 1;
  uint32 hole = PlaceOf(node->state);
  while (table[hole] != node) {
    if (table[hole] == nullptr) return;
    hole = (hole + 1) & mask;
  }
  for (uint32 i = (hole + 1) & mask; table[i] != nullptr; i = (i + 1) & mask) {
    uint32 home = PlaceOf(table[i]->state);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    table[hole] = table[i];
    hole = i;
  }
  table[hole] = nullptr;
  table_count--;
}

inline CaptureNode* NodeOf(const PlanState* state) {
  if (last->state != state) last = FindNode(state);
  return last;
}

TupleTableSlot* Observe(PlanState* state) {
  CaptureNode* node = NodeOf(state);
  TupleTableSlot* row = node->original(state);
  if (!TupIsNull(row)) NoteRow(node);
  return row;
}

// Apart from the next, so that counting rows needs no more of a stack than two pointers.
[[gnu::noinline]] TupleTableSlot* NoteNumber(CaptureNode* node, TupleTableSlot* row) {
  Target* target = node->target;
  Reach* reach = target->reaches;
  bool isnull;
  Datum value = slot_getattr(reinterpret_cast<ScanState*>(node->state)->ss_ScanTupleSlot,
                             reach->way->numbers[0], &isnull);
  if (!isnull) AddNumber(node->capture, target, reach, NumberOf(reach->way, value));
  target->rows++;  // after its person, who may have made room by writing, which starts anew
  return row;
}

// The usual case: one way, by one column that is a number.
TupleTableSlot* ObserveNumber(PlanState* state) {
  CaptureNode* node = NodeOf(state);
  TupleTableSlot* row = node->original(state);
  if (TupIsNull(row)) return row;
  if (!node->target->all) return NoteNumber(node, row);
  node->target->rows++;
  return row;
}

struct Walk {
  Capture* capture;
  QueryDesc* query;
};

void SetReach(Reach* reach, AccessPlace* place, const AccessRelation* access, const AccessWay* way,
              bool readable) {
  reach->place = place;
  reach->way = way;
  reach->scope = ReadScope::kPeople;
  if (way == nullptr) {
    bool unknown = access->log || access->toast || access->detached;
    reach->scope = unknown ? ReadScope::kUnknown : ReadScope::kNobody;
  } else if (way->form == 0 || !readable) {
    reach->scope = ReadScope::kUnknown;
  }
}

Target* MakeTarget(Capture* capture, AccessRelation* access, AccessPlaces* places, bool readable) {
  int count = Max(access->way_count, 1);
  if (count > kMostWays) {
    count = 1;
    readable = false;
  }
  auto* target = static_cast<Target*>(
      MemoryContextAllocZero(capture->context, offsetof(Target, reaches) + sizeof(Reach) * count));
  target->access = access;
  target->places = places;
  target->reach_count = count;
  for (int i = 0; i < count; i++) {
    SetReach(&target->reaches[i], &places->places[i], access,
             access->way_count == 0 ? nullptr : &access->ways[i], readable);
  }
  HoldAccess(access);
  target->next = capture->targets;
  capture->targets = target;
  return target;
}

AccessPlaces* PlacesOf(const Walk* walk, AccessRelation* access, Relation relation, Index entry) {
  EState* estate = walk->query->estate;
  Bitmapset* columns = SelectedColumns(estate, exec_rt_fetch(entry, estate), access->ancestors,
                                       access->ancestor_count);
  return FindPlaces(access, relation, columns);
}

// The record of the audit is read by erasures, too: what they take out of it, nobody is shown.
AccessRelation* Find(const Walk* walk, Oid relation) {
  AccessRelation* access = FindAccess(relation);
  if (access == nullptr || !access->log) return access;
  return walk->query->operation == CMD_SELECT && !EngineIsOpen() ? access : nullptr;
}

// A scan of the whole relation is whole even where it is only begun, until it is known that few
// rows were read.
bool IsWhole(const PlanState* state) {
  return IsA(state, SeqScanState) && state->plan->qual == NIL;
}

Target* FindTarget(Capture* capture, AccessRelation* access, AccessPlaces* places, bool whole) {
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    if (target->places == places && target->whole == whole && !target->fixed) return target;
  }
  Target* target = MakeTarget(capture, access, places, true);
  target->whole = whole;
  capture->whole |= whole;
  return target;
}

// What cannot be told by rows: recorded with each statement.
void AddFixed(Capture* capture, AccessRelation* access, AccessPlaces* places, bool all) {
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    if (target->places == places && target->fixed && target->all == all) return;
  }
  Target* target = MakeTarget(capture, access, places, all);
  target->fixed = target->always = true;
  target->all = target->whole = all;
  capture->whole |= all;
}

void Hook(Walk* walk, PlanState* state, Target* target, Relation relation) {
  auto* node = static_cast<CaptureNode*>(
      MemoryContextAllocZero(walk->capture->context, sizeof(CaptureNode)));
  node->state = state;
  node->original = state->ExecProcNodeReal;
  node->capture = walk->capture;
  node->target = target;
  if (IsA(state, IndexOnlyScanState)) MapIndex(node, relation);
  const Reach* reach = target->reaches;
  bool simple = target->reach_count == 1 && reach->scope == ReadScope::kPeople &&
                reach->way->form == 1 && reach->way->discriminated == Discriminated::kNot &&
                !IsA(state, IndexOnlyScanState);
  AddNode(node);
  last = &last_none;
  node->next = walk->capture->nodes;
  walk->capture->nodes = node;
  ExecProcNodeMtd wrapper = simple ? ObserveNumber : Observe;
  // Before the first call it is a function that asks for the real one
  if (state->ExecProcNode == state->ExecProcNodeReal) state->ExecProcNode = wrapper;
  state->ExecProcNodeReal = wrapper;
}

void WrapScan(Walk* walk, PlanState* state) {
  Relation relation = reinterpret_cast<ScanState*>(state)->ss_currentRelation;
  Index entry = reinterpret_cast<Scan*>(state->plan)->scanrelid;
  AccessRelation* access = Find(walk, RelationGetRelid(relation));
  if (access == nullptr) return;
  Capture* capture = walk->capture;
  // The walk may come by twice; and one of a statement that failed may have been at this address
  if (CaptureNode* known = FindNode(state)) {
    if (known->capture == capture) return;
    RemoveNode(known);
    last = &last_none;
  }
  AccessPlaces* places = PlacesOf(walk, access, relation, entry);
  if (!capture->worker && IsLeaky(state, walk->query)) {
    AddFixed(capture, access, places, IsA(state, SeqScanState) || IsA(state, SampleScanState));
  }
  Hook(walk, state, FindTarget(capture, access, places, IsWhole(state)), relation);
}

// Rows that come from elsewhere, or that nobody shows.
void TellOf(Walk* walk, Index entry) {
  RangeTblEntry* range = exec_rt_fetch(entry, walk->query->estate);
  if (range->rtekind != RTE_RELATION) return;
  AccessRelation* access = Find(walk, range->relid);
  if (access == nullptr) return;
  Relation relation = relation_open(range->relid, AccessShareLock);
  AddFixed(walk->capture, access, PlacesOf(walk, access, relation, entry), false);
  relation_close(relation, AccessShareLock);
}

void TellOfAll(Walk* walk, Index scanned, Bitmapset* entries) {
  if (scanned > 0) TellOf(walk, scanned);
  for (int i = -1; (i = bms_next_member(entries, i)) >= 0;) TellOf(walk, i);
}

void TellOfBelow(Walk* walk, const ResultRelInfo* target) {
  ListCell* cell;
  foreach (cell, AuditedBelow(target->ri_RelationDesc)) {
    AccessRelation* access = Find(walk, lfirst_oid(cell));
    if (access == nullptr) continue;
    EState* estate = walk->query->estate;
    RangeTblEntry* range = exec_rt_fetch(target->ri_RangeTableIndex, estate);
    Relation relation = relation_open(lfirst_oid(cell), AccessShareLock);
    Bitmapset* columns =
        ColumnsBelow(target->ri_RelationDesc, relation, SelectedColumns(estate, range, nullptr, 0));
    AddFixed(walk->capture, access, FindPlaces(access, relation, columns), false);
    relation_close(relation, AccessShareLock);
  }
}

// ON CONFLICT DO UPDATE reads a row that no scan shows.
void TellOfConflicts(Walk* walk, ModifyTableState* state) {
  auto* plan = reinterpret_cast<ModifyTable*>(state->ps.plan);
  if (plan->onConflictAction != ONCONFLICT_UPDATE) return;
  for (int i = 0; i < state->mt_nrels; i++) {
    TellOf(walk, state->resultRelInfo[i].ri_RangeTableIndex);
    TellOfBelow(walk, &state->resultRelInfo[i]);
  }
}

void AddRecheck(Walk* walk, const EPQState* state) {
  auto* recheck =
      static_cast<Recheck*>(MemoryContextAllocZero(walk->capture->context, sizeof(Recheck)));
  recheck->state = state;
  recheck->next = walk->capture->rechecks;
  walk->capture->rechecks = recheck;
}

// A statement that reads nothing but what it changes looks again at the same row only.
bool ChangesWhatItReads(const Capture* capture, const ModifyTableState* state) {
  const CaptureNode* node = capture->nodes;
  if (node == nullptr || node->next != nullptr) return false;
  for (int i = 0; i < state->mt_nrels; i++) {
    if (RelationGetRelid(state->resultRelInfo[i].ri_RelationDesc) == node->target->access->oid) {
      return true;
    }
  }
  return false;
}

// Comes after Visit(): what is read is known.
bool VisitRechecks(PlanState* state, void* context) {
  auto* walk = static_cast<Walk*>(context);
  if (IsA(state, LockRowsState)) {
    AddRecheck(walk, &reinterpret_cast<LockRowsState*>(state)->lr_epqstate);
  } else if (IsA(state, ModifyTableState)) {
    auto* modify = reinterpret_cast<ModifyTableState*>(state);
    if (modify->operation != CMD_INSERT && !ChangesWhatItReads(walk->capture, modify)) {
      AddRecheck(walk, &modify->mt_epqstate);
    }
  }
  return WalkPlanStates(state, VisitRechecks, context);
}

bool Visit(PlanState* state, void* context) {
  auto* walk = static_cast<Walk*>(context);
  switch (nodeTag(state)) {
    case T_SeqScanState:
    case T_SampleScanState:
    case T_IndexScanState:
    case T_IndexOnlyScanState:
    case T_BitmapHeapScanState:
    case T_TidScanState:
    case T_TidRangeScanState:
      WrapScan(walk, state);
      break;
    case T_ForeignScanState: {
      auto* plan = reinterpret_cast<ForeignScan*>(state->plan);
      TellOfAll(walk, plan->scan.scanrelid, plan->fs_relids);
      break;
    }
    case T_CustomScanState: {
      auto* plan = reinterpret_cast<CustomScan*>(state->plan);
      TellOfAll(walk, plan->scan.scanrelid, plan->custom_relids);
      break;
    }
    case T_ModifyTableState:
      TellOfConflicts(walk, reinterpret_cast<ModifyTableState*>(state));
      break;
    default:
      break;
  }
  return WalkPlanStates(state, Visit, context);
}

}  // namespace

void WrapNodes(Capture* capture, QueryDesc* query) {
  Walk walk{capture, query};
  if (query->planstate != nullptr) (void)Visit(query->planstate, &walk);
  // The walk comes by most of them; a node is wrapped once
  ListCell* cell;
  foreach (cell, query->estate->es_subplanstates) {
    auto* state = static_cast<PlanState*>(lfirst(cell));
    if (state != nullptr) (void)Visit(state, &walk);
  }
  bool locks = query->plannedstmt->rowMarks != NIL || query->operation != CMD_SELECT ||
               query->plannedstmt->hasModifyingCTE;
  if (capture->targets != nullptr && locks && !capture->worker && query->planstate != nullptr) {
    (void)VisitRechecks(query->planstate, &walk);
  }
}

bool NoteRechecks(Capture* capture) {
  bool any = false;
  for (Recheck* recheck = capture->rechecks; recheck != nullptr; recheck = recheck->next) {
    any |= recheck->state->recheckestate != nullptr;
  }
  if (!any) return false;
  capture->rechecks = nullptr;  // once is enough
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    if (target->all) continue;
    target->always = true;
    for (int i = 0; i < target->reach_count; i++) target->reaches[i].unreadable = true;
  }
  return true;
}

void ForgetNodes(Capture* capture) {
  for (CaptureNode* node = capture->nodes; node != nullptr; node = node->next) RemoveNode(node);
  capture->nodes = nullptr;
  last = &last_none;
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    ReleaseAccess(target->access);
  }
  capture->targets = nullptr;
}

void NoteCurrentRows(Capture* capture) {
  for (CaptureNode* node = capture->nodes; node != nullptr; node = node->next) NoteCurrentRow(node);
}

}  // namespace gdpr::pg
