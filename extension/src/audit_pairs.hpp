// SPDX-License-Identifier: PostgreSQL
// The rows of a statement's transition tables, before beside after.
#pragma once

#include "extension/src/audit_relation.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Reads one transition table with a read pointer of its own: other triggers read it, too.
struct RowReader {
  Tuplestorestate* store;  ///< NULL: there is no such table
  int pointer;
  TupleTableSlot* slot;  ///< the row
};

/// A statement's rows. PostgreSQL stores a row's old and new state one after the other, so both
/// tables go in step. Only an UPDATE that moves rows to a partition whose BEFORE trigger drops some
/// leaves old rows without new ones. Which ones cannot be told, not even by key, since a row may
/// take the key that another one left: then each row is told as one that went or one that came.
struct Pairs {
  RowReader before;
  RowReader after;
  bool in_step;
};

void BeginPairs(Pairs& pairs, TriggerData* trigger);

/// The next row; NULL where it has no such side. False: there are no more.
bool NextPair(Pairs& pairs, TupleTableSlot** before, TupleTableSlot** after);

void EndPairs(Pairs& pairs);

/// Whether a column's value is the same in both rows, to the byte. What is out of line and was not
/// touched is not fetched.
bool IsSame(const AuditColumn* column, TupleTableSlot* before, TupleTableSlot* after);

}  // namespace gdpr::pg
