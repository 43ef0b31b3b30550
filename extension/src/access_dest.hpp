// SPDX-License-Identifier: PostgreSQL
// Between a plan and whoever gets its rows: nothing passes before it is recorded.
#pragma once

#include "extension/src/access_record.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Sets the statement's gate before `behind`, for one run of the plan. The first row waits: where
/// it is the only one, its record, beginning and end are a single write at the end of the run.
/// limit    rows that the run may bring; 0: all. Where it brings less, no run follows
/// once     none follows in any case
/// forward  not backwards, and not standing still
DestReceiver* OpenGate(Capture* capture, DestReceiver* behind, uint64 limit, bool once,
                       bool forward);

}  // namespace gdpr::pg
