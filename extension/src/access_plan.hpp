// SPDX-License-Identifier: PostgreSQL
// What the planner must not do with audited relations, and which statements of the server itself
// are nobody's reads.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Called by _PG_init, where the library is in shared_preload_libraries; before RegisterCapture().
void RegisterAccessPlan();

/// SPI_execute_plan of a kept plan by which we look up for ourselves whose a row is: nobody's read,
/// unless code of users takes part in it.
int LookUp(SPIPlanPtr plan, Datum* values, bool read_only);

/// Whether the statement, started, is a foreign key's own: it looks a key up, or changes what
/// refers to one, and shows nothing of a row to anybody. What a trigger does in a cascade is not,
/// nor a cascade that hands rows to a user's trigger, check or index. The statement of LookUp() is
/// one, too.
bool IsKeyLookup(QueryDesc* query);

}  // namespace gdpr::pg
