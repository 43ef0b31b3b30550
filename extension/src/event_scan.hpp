// SPDX-License-Identifier: PostgreSQL
// The events of one server in the order in which they are sealed: (xid, statement, n).
#pragma once

#include <limits>
#include <optional>

#include "core/audit_leaf.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// The place of an event in that order.
struct EventPlace {
  uint64 xid;
  int64 statement;
  int32 n;
};

/// An event. Views point into memory that lives until the next one is read.
struct Event {
  AuditStatement statement;
  AuditChange change;
  std::optional<int64> tombstone;
  std::optional<int64> actor_tombstone;
  bool same_statement;  ///< as the event before: its digest need not be made again
};

constexpr uint64 kNoXid = std::numeric_limits<int64>::max();

struct EventCursor;

/// Begins to read what comes after a place, up to transactions below `before_xid`. Within SPI.
/// in  read_only  with the snapshot that is active; otherwise with one of its own
EventCursor* BeginEvents(int64 system_id, const EventPlace& after, uint64 before_xid,
                         bool read_only);

/// The next event, or NULL at the end.
const Event* NextEvent(EventCursor* cursor);

void EndEvents(EventCursor* cursor);

}  // namespace gdpr::pg
