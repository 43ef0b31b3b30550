// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Whether the filter of a scan tells of rows that it then drops: it shows them to code of users,
/// or what it calls, and whether, can be seen from outside (set_config(), pg_notify(), a domain's
/// check, …). So does EXPLAIN ANALYZE, which counts the rows that were dropped. in      the node's
/// state, and the query it is of, after ExecutorStart
bool IsLeaky(PlanState* scan, const QueryDesc* query);

}  // namespace gdpr::pg
