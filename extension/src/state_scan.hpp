// SPDX-License-Identifier: PostgreSQL
// Reads of our own small state tables, without asking for rights: their ACL is nobody's.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// The oid of a table in schema gdpr_internal, or InvalidOid.
Oid StateTable(const char* name);

/// The role that owns pg_gdpr. Errors when the extension is gone.
Oid StateOwner();

/// A scan of the rows whose first column, a text, has one value. A table of one page is read as it
/// lies: that costs a third of a look-up through the index, and every statement asks.
struct StateScan {
  Relation heap;
  TableScanDesc page;  ///< NULL: through the index
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  const char* value;
};

/// Begins a scan of gdpr_internal.`table`, whose primary key begins with that column.
void BeginStateScan(StateScan& scan, const char* table, Snapshot snapshot, const char* value);

/// The next row is in scan.slot, or there is none.
bool NextState(StateScan& scan);

/// Ends it. The table stays locked until the transaction ends, as after any query.
void EndStateScan(StateScan& scan);

/// The number of a column by name. Errors where it is gone.
AttrNumber StateColumn(Relation relation, const char* name);

}  // namespace gdpr::pg
