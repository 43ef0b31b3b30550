// SPDX-License-Identifier: PostgreSQL
// What the planner must not do with audited relations, and which statements of the server itself
// are nobody's reads.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Called by _PG_init, where the library is in shared_preload_libraries; before RegisterCapture().
void RegisterAccessPlan();

/// The text of the plan by which the guard trigger looks a link's parent up, while it does: the very
/// bytes, which no other statement has.
extern const char* own_lookup;

/// Whether the statement, started, is a foreign key's own: it looks a key up, or changes what refers
/// to one, and shows nothing of a row to anybody. What a trigger does in a cascade is not, nor a
/// cascade that hands rows to a user's trigger, check or index. Likewise our own look-up, unless code
/// of users takes part in it.
bool IsKeyLookup(QueryDesc* query);

}  // namespace gdpr::pg
