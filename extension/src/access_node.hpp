// SPDX-License-Identifier: PostgreSQL
// Scan nodes of audited relations hand their rows through here.
#pragma once

#include "extension/src/access_record.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Wraps the nodes of a plan that scan audited relations. `capture` has its context and worker set;
/// its targets and nodes are made here. Where there is none, nothing was done.
void WrapNodes(Capture* capture, QueryDesc* query);

/// Forgets the statement's nodes. Neither raises nor allocates.
void ForgetNodes(Capture* capture);

/// Whether the plan looked again at rows that somebody else changed: nobody saw what its scans
/// let through then, so people are unknown, too. As long as the executor's memory is there. Neither
/// raises nor allocates.
bool NoteRechecks(Capture* capture);

/// Takes the rows at which the statement's scans are: one of them is what an error is about, and
/// its message may quote it. In PG_CATCH, as long as the executor's memory is there. Raises
/// nothing.
void NoteCurrentRows(Capture* capture);

}  // namespace gdpr::pg
