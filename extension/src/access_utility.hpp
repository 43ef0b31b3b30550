// SPDX-License-Identifier: PostgreSQL
// Commands that read tables past the executor.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Called by _PG_init, where the library is in shared_preload_libraries: the hook of commands.
void RegisterAccessUtility();

/// The same command in a form that the executor runs: COPY table TO of an audited relation as COPY
/// of a query. What it is given where there is nothing to do; never changed itself.
PlannedStmt* CopyAsQuery(PlannedStmt* command);

/// The audited relations whose rows the command shows to code of users: an index of expressions, a
/// check and the like. A list of oids, in the current context.
List* ShownRelations(Node* command);

/// The same for a function that the server is about to run: those that maintain an index. Which one
/// is in their arguments, and not known yet.
List* ShownByFunction(Oid function);

}  // namespace gdpr::pg
