// SPDX-License-Identifier: PostgreSQL
// Digests of seals outside the database, where its superusers cannot take them back. A line:
//   seal sealed_at system_id database instance digest
// with one blank between; sealed_at in UTC, blanks and the like in the database's name as %20.
// Seals are chained: the digest of one vouches for all before it. Each is written at least once
// after its commit.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Appends committed seals that the anchor does not have yet. Within SPI.
/// out     the newest seal that it has; 0: there is no seal, -1: no anchor is configured
/// errors  of the file; 22023 a path inside the data directory; 55000 no key
int64 WriteAnchor();

/// The file of gdpr.audit_anchor; NULL: there is none.
const char* AnchorFile();

/// The name of this database as it stands in lines of the anchor.
char* AnchorDatabase();

}  // namespace gdpr::pg
