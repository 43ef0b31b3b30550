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
/// tables go in step. Only an UPDATE that moves a row to a partition whose BEFORE trigger drops it
/// leaves an old row without a new one; then rows are paired by primary key.
struct Pairs {
  const AuditedRelation* audited;
  RowReader before;
  RowReader after;
  RowReader ahead;    ///< reads before's rows in advance
  bool unpaired;      ///< the tables do not go in step
  bool before_waits;  ///< before's row was read and is still to be given
  bool after_waits;   ///< after's row, too
  bool after_given;   ///< it was given with the last pair
  bool is_ahead;      ///< the old row of after's is known to follow
};

void BeginPairs(Pairs& pairs, const AuditedRelation* audited, TriggerData* trigger);

/// The next row; NULL where it has no such side. False: there are no more.
bool NextPair(Pairs& pairs, TupleTableSlot** before, TupleTableSlot** after);

void EndPairs(Pairs& pairs);

/// Whether a column's value is the same in both rows, to the byte. What is out of line and was not
/// touched is not fetched.
bool IsSame(const AuditColumn* column, TupleTableSlot* before, TupleTableSlot* after);

}  // namespace gdpr::pg
