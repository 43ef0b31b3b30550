// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_row.hpp"

#include "extension/src/audit_subject.hpp"
#include "extension/src/audit_way.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kUuidRoom = 64;

Datum Column(const CaptureNode* node, TupleTableSlot* slot, AttrNumber number, bool* isnull) {
  return slot_getattr(slot, node->places == nullptr ? number : node->places[number], isnull);
}

// Text as it lies in the row: no function is needed to read it.
bool IsPlain(Datum value) {
  auto* bytes = reinterpret_cast<varlena*>(DatumGetPointer(value));
  return !VARATT_IS_EXTERNAL(bytes) && !VARATT_IS_COMPRESSED(bytes);
}

bool EqualsText(const AccessWay* way, Datum value) {
  varlena* text = PG_DETOAST_DATUM_PACKED(value);
  int size = VARSIZE_ANY_EXHDR(text);
  if (way->discriminator_type == BPCHAROID) size = bpchartruelen(VARDATA_ANY(text), size);
  return static_cast<int>(strlen(way->discriminator_text)) == size &&
         memcmp(VARDATA_ANY(text), way->discriminator_text, size) == 0;
}

int64 DiscriminatorOf(const AccessWay* way, Datum value) {
  switch (way->discriminator_type) {
    case INT2OID:
      return DatumGetInt16(value);
    case INT4OID:
      return DatumGetInt32(value);
    case INT8OID:
      return DatumGetInt64(value);
    case BOOLOID:
      return DatumGetBool(value);
    default:
      return DatumGetObjectId(value);
  }
}

// Whether the row is of the link. A long text is fetched in the current context.
bool IsOfLink(const CaptureNode* node, TupleTableSlot* slot, const AccessWay* way) {
  if (way->discriminated == Discriminated::kNot) return true;
  bool isnull;
  Datum value = Column(node, slot, way->discriminator, &isnull);
  if (isnull) return false;
  if (way->discriminated == Discriminated::kNumber) {
    return DiscriminatorOf(way, value) == way->discriminator_number;
  }
  if (way->discriminated == Discriminated::kName) {
    return strcmp(NameStr(*DatumGetName(value)), way->discriminator_text) == 0;
  }
  return EqualsText(way, value);
}

void NoteNumber(CaptureNode* node, TupleTableSlot* slot, Reach* reach) {
  bool isnull;
  Datum value = Column(node, slot, reach->way->numbers[0], &isnull);
  if (!isnull) AddNumber(node->capture, node->target, reach, NumberOf(reach->way, value));
}

// A single text or uuid. False: it takes more to read it.
bool NotePlainText(CaptureNode* node, Reach* reach, Datum value) {
  const AccessWay* way = reach->way;
  if (way->count > 1) return false;
  if (way->texts[0].way == TextWay::kBytes && IsPlain(value)) {
    auto* text = reinterpret_cast<varlena*>(DatumGetPointer(value));
    AddText(node->capture, node->target, reach, VARDATA_ANY(text),
            static_cast<int>(VARSIZE_ANY_EXHDR(text)));
    return true;
  }
  if (way->texts[0].way != TextWay::kUuid) return false;
  char room[kUuidRoom];
  StringInfoData buffer{};
  buffer.data = room;
  buffer.maxlen = kUuidRoom;
  AppendText(&buffer, const_cast<ValueText*>(&way->texts[0]), value);
  AddText(node->capture, node->target, reach, buffer.data, buffer.len);
  return true;
}

// As keys of people are written elsewhere: KeyText() of audit_way.hpp.
void PutKey(StringInfo buffer, const AccessWay* way, const Datum* values) {
  auto* texts = const_cast<ValueText*>(way->texts);
  if (way->count == 1) return AppendText(buffer, texts, values[0]);
  StringInfoData field;
  initStringInfo(&field);
  for (int i = 0; i < way->count; i++) {
    resetStringInfo(&field);
    if (IsInteger(way->types[i])) {
      appendStringInfo(&field, INT64_FORMAT, IntegerOf(way->types[i], values[i]));
    } else {
      AppendText(&field, &texts[i], values[i]);
    }
    appendStringInfoChar(buffer, i == 0 ? '(' : ',');
    AppendField(buffer, field.data);
  }
  appendStringInfoChar(buffer, ')');
}

void NoteText(CaptureNode* node, TupleTableSlot* slot, Reach* reach) {
  const AccessWay* way = reach->way;
  Datum values[INDEX_MAX_KEYS] = {};
  for (int i = 0; i < way->count; i++) {
    bool isnull;
    values[i] = Column(node, slot, way->numbers[i], &isnull);
    if (isnull) return;
  }
  if (NotePlainText(node, reach, values[0])) return;
  int forms = way->settings ? BeginForms() : 0;
  StringInfoData buffer;
  initStringInfo(&buffer);
  PutKey(&buffer, way, values);
  if (way->settings) EndForms(forms);
  AddText(node->capture, node->target, reach, buffer.data, buffer.len);
}

// Finds the row that the index names; the relation's own scan of the index would have read it.
TupleTableSlot* Fetch(CaptureNode* node) {
  auto* state = reinterpret_cast<IndexOnlyScanState*>(node->state);
  ItemPointerData row = state->ioss_ScanDesc->xs_heaptid;
  bool again = false;
  IndexFetchTableData* fetch = table_index_fetch_begin(state->ss.ss_currentRelation);
  bool found = table_index_fetch_tuple(fetch, &row, state->ss.ps.state->es_snapshot, node->fetched,
                                       &again, nullptr);
  table_index_fetch_end(fetch);
  return found ? node->fetched : nullptr;
}

void NoteWays(CaptureNode* node, TupleTableSlot* slot) {
  Target* target = node->target;
  for (int i = 0; i < target->reach_count; i++) {
    Reach* reach = &target->reaches[i];
    if (reach->scope != ReadScope::kPeople || !IsOfLink(node, slot, reach->way)) continue;
    if (reach->way->form == 1) {
      NoteNumber(node, slot, reach);
    } else {
      NoteText(node, slot, reach);
    }
  }
}

MemoryContext Scratch(Capture* capture) {
  if (capture->scratch == nullptr) {
    capture->scratch = AllocSetContextCreate(capture->context, "pg_gdpr row", ALLOCSET_SMALL_SIZES);
  }
  return capture->scratch;
}

void SetUnreadable(Target* target) {
  for (int i = 0; i < target->reach_count; i++) target->reaches[i].unreadable = true;
}

// Whether the people of the row can be had without calling anything that could raise an error.
bool IsSimple(const CaptureNode* node, TupleTableSlot* slot, const AccessWay* way) {
  if (way->discriminated == Discriminated::kText) {
    bool isnull;
    Datum value = Column(node, slot, way->discriminator, &isnull);
    if (!isnull && !IsPlain(value)) return false;
  }
  if (way->form == 1) return true;
  bool isnull;
  Datum value = Column(node, slot, way->numbers[0], &isnull);
  if (isnull) return true;
  if (way->count > 1) return false;
  return way->texts[0].way == TextWay::kUuid ||
         (way->texts[0].way == TextWay::kBytes && IsPlain(value));
}

// Whether one more can be added without anything being written.
bool HasRoom(const Target* target) {
  for (int i = 0; i < target->reach_count; i++) {
    const Reach* reach = &target->reaches[i];
    if (reach->scope != ReadScope::kPeople) continue;
    if (reach->count >= kChunk - 1 && reach->count >= reach->room) return false;
    if (reach->count > 0 && reach->offsets != nullptr &&
        reach->offsets[reach->count] + kLongestKey > kTextBytes / target->reach_count) {
      return false;
    }
  }
  return true;
}

}  // namespace

void MapIndex(CaptureNode* node, Relation relation) {
  auto* plan = reinterpret_cast<IndexOnlyScan*>(node->state->plan);
  MemoryContext outer = MemoryContextSwitchTo(node->capture->context);
  int size = RelationGetNumberOfAttributes(relation) + 1;
  auto* places = static_cast<AttrNumber*>(palloc0(sizeof(AttrNumber) * size));
  ListCell* cell;
  foreach (cell, plan->indextlist) {
    auto* entry = static_cast<TargetEntry*>(lfirst(cell));
    if (entry->resjunk || !IsA(entry->expr, Var)) continue;  // junk: the index cannot return it
    AttrNumber number = reinterpret_cast<Var*>(entry->expr)->varattno;
    if (number > 0) places[number] = entry->resno;
  }
  bool complete = true;
  for (int i = 0; i < node->target->reach_count; i++) {
    const AccessWay* way = node->target->reaches[i].way;
    if (node->target->reaches[i].scope != ReadScope::kPeople) continue;
    for (int c = 0; c < way->count; c++) complete &= places[way->numbers[c]] > 0;
    if (way->discriminated != Discriminated::kNot) complete &= places[way->discriminator] > 0;
  }
  if (complete) {
    node->places = places;
  } else {
    // A copy of the descriptor: nobody would give back what the resource owner counts
    node->fetched = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(relation)),
                                             table_slot_callbacks(relation));
  }
  MemoryContextSwitchTo(outer);
}

void NoteRow(CaptureNode* node) {
  Target* target = node->target;
  Capture* capture = node->capture;
  if (target->all) {
    target->rows++;
    return;
  }
  TupleTableSlot* slot = reinterpret_cast<ScanState*>(node->state)->ss_ScanTupleSlot;
  MemoryContext outer = MemoryContextSwitchTo(Scratch(capture));
  if (node->fetched != nullptr) slot = Fetch(node);
  if (slot == nullptr) {
    SetUnreadable(target);
  } else {
    NoteWays(node, slot);
  }
  if (node->fetched != nullptr) ExecClearTuple(node->fetched);
  MemoryContextSwitchTo(outer);
  MemoryContextReset(capture->scratch);
  target->rows++;  // after its people: they may have made room by writing, which starts anew
}

void NoteCurrentRow(CaptureNode* node) {
  Target* target = node->target;
  TupleTableSlot* slot = reinterpret_cast<ScanState*>(node->state)->ss_ScanTupleSlot;
  if (target->all || TupIsNull(slot)) return;
  target->always = true;  // the row itself did not pass
  if (node->fetched != nullptr || !HasRoom(target)) return SetUnreadable(target);
  for (int i = 0; i < target->reach_count; i++) {
    Reach* reach = &target->reaches[i];
    if (reach->scope != ReadScope::kPeople) continue;
    if (!IsSimple(node, slot, reach->way)) {
      reach->unreadable = true;
    } else if (IsOfLink(node, slot, reach->way)) {
      if (reach->way->form == 1) {
        NoteNumber(node, slot, reach);
      } else {
        NoteText(node, slot, reach);
      }
    }
  }
}

}  // namespace gdpr::pg
