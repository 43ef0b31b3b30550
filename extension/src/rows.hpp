// SPDX-License-Identifier: PostgreSQL
// Set-returning functions that hand over all their rows at once.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct Rows {
  Tuplestorestate* store;
  TupleDesc columns;
};

/// Prepares the result of a set-returning function. Errors: 0A000 when called where no set fits.
Rows BeginRows(FunctionCallInfo fcinfo);

/// Adds one row; by-reference values are copied.
inline void AddRow(const Rows& rows, Datum* values, bool* nulls) {
  tuplestore_putvalues(rows.store, rows.columns, values, nulls);
}

}  // namespace gdpr::pg
