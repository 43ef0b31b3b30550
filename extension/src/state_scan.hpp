// SPDX-License-Identifier: PostgreSQL
// Reads of our own small state tables, without asking for rights: their ACL is nobody's.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// The oid of a table in schema gdpr_internal, or InvalidOid.
Oid StateTable(const char* name);

/// The role that owns pg_gdpr. Errors when the extension is gone.
Oid StateOwner();

/// A scan by the first columns of a primary key, all of them text.
struct StateScan {
  Relation heap;
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
};

/// Begins a scan of gdpr_internal.`table` where the first columns of its key equal `values`.
void BeginStateScan(StateScan& scan, const char* table, Snapshot snapshot, int count,
                    const char* const* values);

/// The next row is in scan.slot, or there is none.
inline bool NextState(StateScan& scan) {
  return index_getnext_slot(scan.scan, ForwardScanDirection, scan.slot);
}

void EndStateScan(StateScan& scan);

/// The number of a column by name. Errors where it is gone.
AttrNumber StateColumn(Relation relation, const char* name);

}  // namespace gdpr::pg
