// SPDX-License-Identifier: PostgreSQL
// Sets of people (core/person_set.hpp) in SQL: what is in them, and how GIN finds them. Readers of
// sets have no destructor: the server may raise an error while one is alive.
#include <new>

#include "core/person_set.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Sets that a person could be left out of without a word are not looked into at all.
[[noreturn]] void RaiseNoSet() {
  ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                  errmsg("the bytes are not a set of people"),
                  errdetail("What was read is kept in sets that gdpr_internal.set_of() can make."),
                  errhint("Somebody changed the record of reads: find out who, and restore it.")));
  pg_unreachable();
}

std::string_view SetOf(Datum datum) {
  bytea* set = DatumGetByteaPP(datum);
  std::string_view bytes{VARDATA_ANY(set), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(set))};
  if (!IsPersonSet(bytes)) RaiseNoSet();
  return bytes;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr_internal.set_of(people bigint[]) -> bytea
GDPR_FUNCTION(gdpr_set_of) {
  ArrayType* array = PG_GETARG_ARRAYTYPE_P_COPY(0);
  if (array_contains_nulls(array)) {
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a set of people holds no NULL")));
  }
  auto* people = reinterpret_cast<int64*>(ARR_DATA_PTR(array));
  int items = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  std::size_t count = SortPeople(people, static_cast<std::size_t>(items));
  std::size_t most = PersonSetBytes(count);
  auto* set = static_cast<bytea*>(palloc(VARHDRSZ + most));
  char* end = PutPersonSet(VARDATA(set), VARDATA(set) + most, {people, count});
  if (end == nullptr) {
    ereport(ERROR,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
             errmsg("a set of people holds %lu at most", static_cast<unsigned long>(kMostPeople)),
             errhint("Make several sets.")));
  }
  SET_VARSIZE(set, end - reinterpret_cast<char*>(set));
  PG_RETURN_BYTEA_P(set);
}

// gdpr_internal.set_size(people bytea) -> bigint
GDPR_FUNCTION(gdpr_set_size) {
  PG_RETURN_INT64(static_cast<int64>(PersonSetSize(SetOf(PG_GETARG_DATUM(0)))));
}

// gdpr_internal.set_holds(people bytea, person bigint) -> boolean
GDPR_FUNCTION(gdpr_set_holds) {
  PG_RETURN_BOOL(PersonSetContains(SetOf(PG_GETARG_DATUM(0)), PG_GETARG_INT64(1)));
}

// gdpr_internal.set_members(people bytea) -> setof bigint
GDPR_FUNCTION(gdpr_set_members) {
  FuncCallContext* call;
  if (SRF_IS_FIRSTCALL()) {
    call = SRF_FIRSTCALL_INIT();
    MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
    bytea* copy = PG_GETARG_BYTEA_P_COPY(0);
    call->user_fctx =
        new (palloc(sizeof(PersonSetReader))) PersonSetReader(SetOf(PointerGetDatum(copy)));
    MemoryContextSwitchTo(old);
  }
  call = SRF_PERCALL_SETUP();
  std::int64_t person = 0;
  if (!static_cast<PersonSetReader*>(call->user_fctx)->Next(person)) SRF_RETURN_DONE(call);
  SRF_RETURN_NEXT(call, Int64GetDatum(person));
}

// --- GIN: support functions of gdpr_internal.person_set_ops. Keys are core's; every find is looked
// into again, since the key of a block says only that somebody near is in the set.

// gdpr_internal.set_keys(people bytea, count internal) -> internal
GDPR_FUNCTION(gdpr_set_keys) {
  std::string_view set = SetOf(PG_GETARG_DATUM(0));
  auto* count = reinterpret_cast<int32*>(PG_GETARG_POINTER(1));
  *count = 0;
  int room = 64;
  auto* all = static_cast<Datum*>(palloc(sizeof(Datum) * room));
  IndexKeys keys(set);
  for (std::int64_t key = 0; keys.Next(key);) {
    if (*count == room) {
      room *= 2;
      all = static_cast<Datum*>(repalloc(all, sizeof(Datum) * room));
    }
    all[(*count)++] = Int64GetDatum(key);
  }
  PG_RETURN_POINTER(all);
}

// gdpr_internal.set_query_keys(person bigint, count internal, strategy int2, partial internal,
//   extra internal, nulls internal, mode internal) -> internal
GDPR_FUNCTION(gdpr_set_query_keys) {
  int64 person = PG_GETARG_INT64(0);
  auto* all = static_cast<Datum*>(palloc(sizeof(Datum) * kBlockSizes));
  for (unsigned size = 0; size < kBlockSizes; size++)
    all[size] = Int64GetDatum(BlockKey(person, size));
  *reinterpret_cast<int32*>(PG_GETARG_POINTER(1)) = kBlockSizes;
  PG_RETURN_POINTER(all);
}

// gdpr_internal.set_consistent(check internal, strategy int2, person bigint, count int, extra
// internal,
//   recheck internal, keys internal, nulls internal) -> boolean
GDPR_FUNCTION(gdpr_set_consistent) {
  auto* found = reinterpret_cast<bool*>(PG_GETARG_POINTER(0));
  *reinterpret_cast<bool*>(PG_GETARG_POINTER(5)) = true;
  bool any = false;
  for (unsigned size = 0; size < kBlockSizes; size++) any = any || found[size];
  PG_RETURN_BOOL(any);
}
