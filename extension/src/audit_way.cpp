// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_way.hpp"

#include "extension/src/allowed_table.hpp"
#include "extension/src/audit_subject.hpp"
#include "extension/src/guard_cast.hpp"
#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr Size kMostMemory = 4 << 20;  // remembered values of one link in one statement
constexpr CommandId kStepsBack = 8;

// Values as bytes: the key of what is remembered.
struct Bytes {
  char* data;
  int length;
};

struct Remembered {
  Bytes values;
  List* keys;  // of char*
  bool dead_end;
};

uint32 HashBytes(const void* key, Size) {
  const auto* bytes = static_cast<const Bytes*>(key);
  return hash_bytes(reinterpret_cast<const unsigned char*>(bytes->data), bytes->length);
}

int CompareBytes(const void* a, const void* b, Size) {
  const auto* left = static_cast<const Bytes*>(a);
  const auto* right = static_cast<const Bytes*>(b);
  if (left->length != right->length) return 1;
  return memcmp(left->data, right->data, left->length);
}

// One walk with one snapshot.
struct Walk {
  AuditWay* way;
  List* keys;
  bool dead_end;  // values that lead nowhere: a row that is gone, or never was
};

void AddKey(Walk* walk, const ParentRow* row) {
  for (int i = 0; i < walk->way->way->key_count; i++) {
    if (row->nulls[i]) return;
  }
  if (list_length(walk->keys) > kMostPeople) return;
  char* key = KeyText(walk->way->forms, walk->way->way->key_count, row->values);
  ListCell* cell;
  foreach (cell, walk->keys) {
    if (strcmp(static_cast<char*>(lfirst(cell)), key) == 0) return;
  }
  walk->keys = lappend(walk->keys, key);
}

void WalkOn(Walk* walk, Hop* hop, const Datum* values);

// The links of a parent's row that lead on.
void WalkUp(Walk* walk, Hop* hop, const ParentRow* row) {
  for (int w = 0; w < hop->way_count; w++) {
    const WayUp* up = &hop->ways[w];
    int count = up->hop->column_count;
    bool complete = true;
    for (int i = 0; i < count; i++) {
      if (row->nulls[up->first_column + i]) complete = false;
    }
    if (up->discriminator_value != nullptr) {
      int column = up->first_column + count;
      if (row->nulls[column] ||
          strcmp(TextDatumGetCString(row->values[column]), up->discriminator_value) != 0) {
        complete = false;
      }
    }
    if (complete) WalkOn(walk, up->hop, row->values + up->first_column);
  }
}

void WalkOn(Walk* walk, Hop* hop, const Datum* values) {
  CHECK_FOR_INTERRUPTS();
  List* rows = ReadParentRows(hop, values);
  if (rows == NIL) walk->dead_end = true;
  ListCell* cell;
  foreach (cell, rows) {
    auto* row = static_cast<ParentRow*>(lfirst(cell));
    if (hop->is_people) {
      AddKey(walk, row);
    } else {
      WalkUp(walk, hop, row);
    }
  }
}

// As this transaction saw the tables before its command with that number. False: found nobody,
// where somebody may have been before.
bool WalkAt(Walk* walk, const Datum* values, CommandId command) {
  walk->keys = NIL;
  walk->dead_end = false;
  PushCopiedSnapshot(GetLatestSnapshot());
  GetActiveSnapshot()->curcid = command;
  WalkOn(walk, walk->way->way->first, values);
  PopActiveSnapshot();
  return walk->keys != NIL || !walk->dead_end;
}

List* Find(AuditWay* way, const Datum* values, bool* dead_end) {
  Walk walk{way, NIL, false};
  *dead_end = false;
  CommandCounterIncrement();  // rows that this very command wrote are there
  CommandId now = GetCurrentCommandId(false);
  if (WalkAt(&walk, values, now)) return walk.keys;
  *dead_end = true;
  if (now == FirstCommandId || WalkAt(&walk, values, FirstCommandId)) return walk.keys;
  // Made and deleted by this very transaction: the deletion is a few commands ago
  CommandId last = now > kStepsBack ? now - kStepsBack : FirstCommandId;
  for (CommandId command = now - 1; command > last; command--) {
    if (WalkAt(&walk, values, command)) break;
  }
  return walk.keys;
}

bool NeedsQuotes(const char* text) {
  if (*text == '\0') return true;
  for (const char* c = text; *c != '\0'; c++) {
    if (strchr("\"\\(),", *c) != nullptr || isspace(static_cast<unsigned char>(*c))) return true;
  }
  return false;
}

}  // namespace

struct WaySearch {
  AuditWay* way;
  MemoryContext context;  // what is remembered
  HTAB* remembered;
  StringInfoData buffer;
};

namespace {

void Remember(WaySearch* search) {
  HASHCTL control{};
  control.keysize = sizeof(Bytes);
  control.entrysize = sizeof(Remembered);
  control.hash = HashBytes;
  control.match = CompareBytes;
  control.hcxt = search->context;
  search->remembered = hash_create("pg_gdpr subjects of a statement", 64, &control,
                                   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

Bytes BytesOf(WaySearch* search, const Datum* values) {
  const Hop* hop = search->way->way->first;
  resetStringInfo(&search->buffer);
  for (int i = 0; i < hop->column_count; i++) {
    int16 length;
    bool by_value;
    get_typlenbyval(hop->columns[i].type, &length, &by_value);
    AppendBytes(&search->buffer, values[i], by_value, length);
  }
  return Bytes{search->buffer.data, search->buffer.len};
}

}  // namespace

void AppendField(StringInfo buffer, const char* text) {
  if (!NeedsQuotes(text)) {
    appendStringInfoString(buffer, text);
    return;
  }
  appendStringInfoChar(buffer, '"');
  for (const char* c = text; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') appendStringInfoChar(buffer, *c);
    appendStringInfoChar(buffer, *c);
  }
  appendStringInfoChar(buffer, '"');
}

void SetKeyForm(TextForm* form, Oid type, bool single, MemoryContext context) {
  if (single) {
    SetTextForm(form, type, context);
    return;
  }
  Oid function;
  bool varlena;
  getTypeOutputInfo(type, &function, &varlena);
  fmgr_info_cxt(function, &form->function, context);
  form->output = true;
}

char* KeyText(TextForm* forms, int count, const Datum* values) {
  if (count == 1) return TextFormOf(&forms[0], DEFAULT_COLLATION_OID, values[0]);
  StringInfoData buffer;
  initStringInfo(&buffer);
  for (int i = 0; i < count; i++) {
    appendStringInfoChar(&buffer, i == 0 ? '(' : ',');
    AppendField(&buffer, TextFormOf(&forms[i], DEFAULT_COLLATION_OID, values[i]));
  }
  appendStringInfoChar(&buffer, ')');
  return buffer.data;
}

char* TextAsOwner(Relation relation, TextForm* form, Datum value) {
  if (form->relabel || form->function.fn_oid < FirstNormalObjectId) {
    return TextFormOf(form, DEFAULT_COLLATION_OID, value);
  }
  MemoryContext context = CurrentMemoryContext;
  ErrorContextCallback* outside = error_context_stack;
  const char* name = RelationGetRelationName(relation);
  char* volatile text = nullptr;
  OwnerScope scope;
  int nest_level = NewGUCNestLevel();
  EnterOwner(scope, RelationGetRelid(relation), false);
  PG_TRY();
  {
    error_context_stack = nullptr;  // nothing may quote a value
    UseOwnersPath(scope.owner);
    UseCanonicalForms();
    text = TextFormOf(form, DEFAULT_COLLATION_OID, value);
  }
  PG_CATCH();
  {
    LeaveOwner(scope);
    ThrowScrubbed(context, name);
  }
  PG_END_TRY();
  error_context_stack = outside;
  AtEOXact_GUC(false, nest_level);
  LeaveOwner(scope);
  return text;
}

AuditWay* ReadAuditWay(MemoryContext context, int link, int count, const Oid* types) {
  auto* way = static_cast<AuditWay*>(MemoryContextAllocZero(context, sizeof(AuditWay)));
  way->way = ReadWay(context, link, count, types);
  for (int i = 0; i < way->way->key_count; i++) {
    SetKeyForm(&way->forms[i], way->way->key_types[i], way->way->key_count == 1, context);
  }
  return way;
}

WaySearch* BeginWay(AuditWay* way, MemoryContext statement) {
  MemoryContext outer = MemoryContextSwitchTo(statement);
  auto* search = static_cast<WaySearch*>(palloc0(sizeof(WaySearch)));
  search->way = way;
  search->context = AllocSetContextCreate(statement, "pg_gdpr subjects", ALLOCSET_DEFAULT_SIZES);
  initStringInfo(&search->buffer);
  Remember(search);
  MemoryContextSwitchTo(outer);
  return search;
}

List* FollowWay(WaySearch* search, const Datum* values, bool* dead_end) {
  if (MemoryContextMemAllocated(search->context, true) > kMostMemory) {
    MemoryContextReset(search->context);
    Remember(search);
  }
  Bytes bytes = BytesOf(search, values);
  auto* known =
      static_cast<Remembered*>(hash_search(search->remembered, &bytes, HASH_FIND, nullptr));
  if (known != nullptr) {
    if (dead_end != nullptr) *dead_end = known->dead_end;
    return known->keys;
  }
  bool ended;
  List* keys = Find(search->way, values, &ended);
  MemoryContext outer = MemoryContextSwitchTo(search->context);
  bytes = BytesOf(search, values);
  bytes.data = static_cast<char*>(memcpy(palloc(bytes.length + 1), bytes.data, bytes.length));
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, keys) kept = lappend(kept, pstrdup(static_cast<char*>(lfirst(cell))));
  MemoryContextSwitchTo(outer);
  known = static_cast<Remembered*>(hash_search(search->remembered, &bytes, HASH_ENTER, nullptr));
  known->keys = kept;
  known->dead_end = ended;
  if (dead_end != nullptr) *dead_end = ended;
  return kept;
}

}  // namespace gdpr::pg
