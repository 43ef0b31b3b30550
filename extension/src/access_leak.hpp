// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Whether the filter of a scan shows rows to code that may tell of them, also of rows that it then
/// drops: functions that are neither leakproof nor C or internal, and those that are volatile
/// (set_config(), pg_notify(), query_to_xml(), dblink(), …) when they are given columns.
bool IsLeaky(PlanState* scan);

}  // namespace gdpr::pg
