// SPDX-License-Identifier: PostgreSQL
// The queries behind event_scan: rows of the log in sealed order, by index and without sorting.
#pragma once

#include "extension/src/event_scan.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// What is read: the queries' parameters, in their order.
struct EventRange {
  int64 system_id;
  EventPlace after;
  uint64 before_xid;
  int64 low;  ///< statements, by months
  int64 high;
};

/// The range with the months that have such events; without one low and high are the same, and
/// nothing is found. Within SPI.
EventRange FindMonths(int64 system_id, const EventPlace& after, uint64 before_xid, bool read_only);

/// A cursor over statements and changes (the columns: EventColumn of event_scan.cpp).
Portal OpenEvents(const EventRange& range, bool read_only);

/// A cursor over the second and further people of the same events, in the same order.
Portal OpenSubjects(const EventRange& range, bool read_only);

}  // namespace gdpr::pg
