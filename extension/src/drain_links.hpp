// SPDX-License-Identifier: PostgreSQL
// From the values of a link, as a read met them, to the people they lead to. What is on the way are
// tables of users, and code of theirs: it runs as their owners, and neither an error of it nor a
// locked table keeps the reads of others from being drained.
#pragma once

#include "core/spool_frame.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

enum class Followed {
  kPeople,
  kLost,    ///< the link, a table or a column on the way is gone, or code on the way failed
  kLocked,  ///< somebody has a table on the way locked, or code on the way takes too long: later
};

/// What values led to.
struct LinkPeople {
  Followed result;
  bool native;     ///< keys are whole numbers
  int64* numbers;  ///< if native
  char** keys;     ///< else
  int count;       ///< of numbers or keys, some of them twice
  int64 unknown;   ///< values that led to a row that is not there, or to too many
  int64 nobodys;   ///< values that led to rows of nobody
};

/// Whether an error has nothing to do with what is worked on: no memory or disk, an operator, a
/// lock.
bool IsOurTrouble(const ErrorData* error);

/// What a batch knows of links; opaque.
struct DrainLinks;

DrainLinks* BeginLinks(MemoryContext batch);

/// Follows a set of values of a place's link, as it stands in an entry. In the current context.
LinkPeople FollowValues(DrainLinks* links, const PlaceFrame& place, std::string_view values);

}  // namespace gdpr::pg
