// SPDX-License-Identifier: PostgreSQL
// The drain: from the spool's files (core/spool_frame.hpp) into the tables of reads, exactly once.
#pragma once

namespace gdpr::pg {

/// Whether the last batch of this process left frames that it could not take yet: a table on the
/// way of a link was locked.
extern bool drain_held_back;

}  // namespace gdpr::pg
