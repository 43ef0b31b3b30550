// SPDX-License-Identifier: PostgreSQL
// INSERT … ON CONFLICT DO UPDATE reads a row that no scan shows. Of a partitioned table it is in a
// partition that the plan does not name, and which can be audited on its own.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// The audited partitions of a partitioned table, at any depth; none where the table itself is
/// audited, or is not partitioned. Within a statement that has it open; allocated in the current
/// context.
List* AuditedBelow(Relation relation);

/// Whether the query may update such rows. Some instructions for all but INSERT.
bool UpdatesAuditedBelow(const QueryDesc* query);

/// The columns of a partition that are called as these of its parent: numbers from
/// FirstLowInvalidHeapAttributeNumber on, as in the executor's checks of rights.
Bitmapset* ColumnsBelow(Relation parent, Relation partition, Bitmapset* columns);

}  // namespace gdpr::pg
