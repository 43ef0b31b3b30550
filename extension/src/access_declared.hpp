// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "extension/src/access_relation.hpp"

namespace gdpr::pg {

/// Reads what is declared of a relation: by itself or by the nearest table that it is a partition
/// or child of. In a context of its own below the current one. NULL: its reads are not audited.
AccessRelation* ReadAccessRelation(Oid relation);

}  // namespace gdpr::pg
