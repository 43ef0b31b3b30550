// SPDX-License-Identifier: PostgreSQL
// Notes which people's rows queries reach, and hands it to the spool before a row leaves the
// server.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Called by _PG_init: the executor's hooks, where the library is in shared_preload_libraries.
void RegisterCapture();

}  // namespace gdpr::pg
