// SPDX-License-Identifier: PostgreSQL
#include "extension/src/rows.hpp"

namespace gdpr::pg {

Rows BeginRows(FunctionCallInfo fcinfo) {
  auto* set = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  if (set == nullptr || !IsA(set, ReturnSetInfo) || !(set->allowedModes & SFRM_Materialize) ||
      set->expectedDesc == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("set-valued function called in a context that cannot accept a set"),
                    errhint("Call it in FROM.")));
  }
  MemoryContext old = MemoryContextSwitchTo(set->econtext->ecxt_per_query_memory);
  Rows rows;
  rows.columns = CreateTupleDescCopy(set->expectedDesc);
  rows.store =
      tuplestore_begin_heap((set->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
  MemoryContextSwitchTo(old);
  set->returnMode = SFRM_Materialize;
  set->setResult = rows.store;
  set->setDesc = rows.columns;
  return rows;
}

}  // namespace gdpr::pg
