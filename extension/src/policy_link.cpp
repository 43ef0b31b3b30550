// SPDX-License-Identifier: PostgreSQL
// Policies on rows that lead to people by way of other tables. What a value leads to is remembered
// for the statement.
#include "extension/src/policy_link.hpp"

#include <new>
#include <string_view>

#include "core/key_set.hpp"
#include "extension/src/allowed_table.hpp"
#include "extension/src/policy_call.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// Kept by one call site (fn_extra), in a memory context of its own.
struct LinkPolicy {
  MemoryContext context;
  MemoryContextCallback forget;
  int link;
  Statement statement;
  Access access;
  Way* way;
  People people;
  KeySet* open;  // values that lead to people who are open, or to nobody
  KeySet* closed;
  StringInfoData buffer;
};

// The argument with the first of the link's values.
int FirstValue(Ask ask) {
  return ask == Ask::kRehearse ? 2 : 1;
}

void FreeMemory(void* argument) {
  auto* policy = static_cast<LinkPolicy*>(argument);
  if (policy->open != nullptr) policy->open->~KeySet();
  if (policy->closed != nullptr) policy->closed->~KeySet();
  policy->open = policy->closed = nullptr;
}

// The sets share gdpr.policy_memory.
void MakeMemo(LinkPolicy* policy) {
  size_t limit = static_cast<size_t>(policy_memory) * 1024 / 2;
  void* open = palloc(sizeof(KeySet));
  void* closed = palloc(sizeof(KeySet));
  uint64 seed = 0;
  if (!pg_strong_random(&seed, sizeof(seed))) seed = 0;
  policy->open = new (open) KeySet(KeySet::Sort::kBytes, limit, seed);
  policy->closed = new (closed) KeySet(KeySet::Sort::kBytes, limit, seed);
  initStringInfo(&policy->buffer);
}

LinkPolicy* Make(FunctionCallInfo fcinfo, Ask ask, Oid user, Snapshot snapshot) {
  FmgrInfo* function = fcinfo->flinfo;
  int first = FirstValue(ask);
  int count = PG_NARGS() - first;
  if (get_fn_expr_variadic(function) || count < 1 || count > INDEX_MAX_KEYS) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a link's values are passed as one argument for each column")));
  }
  Oid types[INDEX_MAX_KEYS];
  for (int i = 0; i < count; i++) types[i] = get_fn_expr_argtype(function, first + i);
  MemoryContext context =
      AllocSetContextCreate(function->fn_mcxt, "pg_gdpr link policy", ALLOCSET_SMALL_SIZES);
  auto* policy = static_cast<LinkPolicy*>(MemoryContextAllocZero(context, sizeof(LinkPolicy)));
  policy->context = context;
  policy->link = PG_GETARG_INT32(0);
  policy->forget.func = FreeMemory;
  policy->forget.arg = policy;
  MemoryContextRegisterResetCallback(context, &policy->forget);
  MemoryContext outer = MemoryContextSwitchTo(context);
  policy->way = ReadWay(context, policy->link, count, types);
  PreparePeople(&policy->people, context, policy->way->subject_type, policy->way->key_count,
                policy->way->key_types);
  policy->people.changeable = policy->people.latest = ask == Ask::kChange;
  if (ask == Ask::kRehearse) policy->people.bit = PG_GETARG_INT32(1);
  policy->access = ReadAccess(&policy->people, ask, user, snapshot);
  policy->statement = MakeStatement(user, snapshot);
  if (ask != Ask::kChange) MakeMemo(policy);
  MemoryContextSwitchTo(outer);
  return policy;
}

// The call site's policy for this statement; another statement begins anew.
LinkPolicy* Prepare(FunctionCallInfo fcinfo, Ask ask, Snapshot snapshot) {
  if (PG_ARGISNULL(0)) {
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("link must not be null")));
  }
  auto* policy = static_cast<LinkPolicy*>(fcinfo->flinfo->fn_extra);
  Oid user = ask == Ask::kChange ? ActingUser() : GetUserId();
  bool same_bit =
      ask != Ask::kRehearse || policy == nullptr || policy->people.bit == PG_GETARG_INT32(1);
  if (policy != nullptr && policy->link == PG_GETARG_INT32(0) && same_bit &&
      IsSameStatement(policy->statement, user, snapshot)) {
    return policy;
  }
  fcinfo->flinfo->fn_extra = nullptr;
  if (policy != nullptr) MemoryContextDelete(policy->context);
  policy = Make(fcinfo, ask, user, snapshot);
  fcinfo->flinfo->fn_extra = policy;
  return policy;
}

bool IsPersonOpen(LinkPolicy* policy, const ParentRow* row) {
  for (int i = 0; i < policy->people.key_count; i++) {
    if (row->nulls[i]) return true;
  }
  return !policy->access.nobody && IsOpen(&policy->people, GetActiveSnapshot(), row->values);
}

bool IsWayOpen(LinkPolicy* policy, Hop* hop, const Datum* values);

// What a parent's row leads to.
bool IsRowOpen(LinkPolicy* policy, Hop* hop, const ParentRow* row) {
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
    if (complete && !IsWayOpen(policy, up->hop, row->values + up->first_column)) return false;
  }
  return true;
}

// All whom the values lead to must be open.
bool IsWayOpen(LinkPolicy* policy, Hop* hop, const Datum* values) {
  CHECK_FOR_INTERRUPTS();
  ListCell* cell;
  foreach (cell, ReadParentRows(hop, values)) {
    auto* row = static_cast<ParentRow*>(lfirst(cell));
    bool open = hop->is_people ? IsPersonOpen(policy, row) : IsRowOpen(policy, hop, row);
    if (!open) return false;
  }
  return true;
}

std::string_view AsBytes(LinkPolicy* policy, const Datum* values) {
  resetStringInfo(&policy->buffer);
  Hop* hop = policy->way->first;
  for (int i = 0; i < hop->column_count; i++) {
    int16 length;
    bool by_value;
    get_typlenbyval(hop->columns[i].type, &length, &by_value);
    AppendBytes(&policy->buffer, values[i], by_value, length);
  }
  return {policy->buffer.data, static_cast<size_t>(policy->buffer.len)};
}

// Reading: the statement's snapshot is the active one.
bool IsOpenNow(LinkPolicy* policy, const Datum* values) {
  std::string_view bytes = AsBytes(policy, values);
  if (policy->open->Contains(bytes)) return true;
  if (policy->closed->Contains(bytes)) return false;
  bool open = IsWayOpen(policy, policy->way->first, values);
  // Where memory ends, nothing is remembered
  (void)(open ? policy->open : policy->closed)->Add(AsBytes(policy, values));
  return open;
}

// Changing: with what is committed at this moment, and nothing remembered.
bool IsOpenLatest(LinkPolicy* policy, const Datum* values) {
  PushActiveSnapshot(GetLatestSnapshot());
  bool open = IsWayOpen(policy, policy->way->first, values);
  PopActiveSnapshot();
  return open;
}

Datum Answer(FunctionCallInfo fcinfo, Ask ask) {
  LinkPolicy* policy = Prepare(fcinfo, ask, StatementSnapshot());
  if (policy->access.everything) return BoolGetDatum(true);
  Datum values[INDEX_MAX_KEYS];
  int first = FirstValue(ask);
  for (int i = 0; i < policy->way->first->column_count; i++) {
    if (PG_ARGISNULL(first + i)) return BoolGetDatum(true);
    values[i] = PG_GETARG_DATUM(first + i);
  }
  return BoolGetDatum(ask == Ask::kChange ? IsOpenLatest(policy, values)
                                          : IsOpenNow(policy, values));
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.may_read_link(link int, VARIADIC link_values "any") -> boolean
GDPR_FUNCTION(gdpr_may_read_link) {
  return Answer(fcinfo, Ask::kRead);
}

// gdpr_internal.would_read_link(link int, purpose_bit int, VARIADIC link_values "any") -> boolean
GDPR_FUNCTION(gdpr_would_read_link) {
  return Answer(fcinfo, Ask::kRehearse);
}

// gdpr_internal.shows_link(link int, VARIADIC link_values "any") -> boolean
GDPR_FUNCTION(gdpr_shows_link) {
  return Answer(fcinfo, Ask::kShow);
}

// gdpr_internal.may_change_link(link int, VARIADIC link_values "any") -> boolean
GDPR_FUNCTION(gdpr_may_change_link) {
  return Answer(fcinfo, Ask::kChange);
}
