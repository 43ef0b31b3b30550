// SPDX-License-Identifier: PostgreSQL
// Digests of seals outside the database, where its superusers cannot take them back.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Appends the seals that gdpr.audit_anchor does not have yet. Outside of a transaction.
/// in out  anchored  the newest seal known to be there; 0: not known, the file tells
/// errors  58P01 and other file errors, 22023 a path inside the data directory
void WriteAnchor(int64* anchored);

}  // namespace gdpr::pg
