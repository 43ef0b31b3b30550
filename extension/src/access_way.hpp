// SPDX-License-Identifier: PostgreSQL
// How a relation's columns say whose its rows are.
#pragma once

#include "extension/src/access_relation.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Sets the way's columns, by name, and how they are read; functions live in `context`. Where one
/// is gone, people are unknown.
void SetWayColumns(AccessWay* way, Oid relation, List* columns, MemoryContext context);

/// Sets what makes a row one of the link's. False: no row has that value.
bool SetWayDiscriminator(AccessWay* way, Oid relation, const char* column, const char* value);

/// Whether the columns are the person's key as it is written elsewhere.
bool IsWayKey(const AccessWay* way, Oid people, List* key);

}  // namespace gdpr::pg
