// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <vector>

#include "batch/copy/copy.hpp"
#include "batch/copy/copy_table.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// Chooses the rows of a sample (--sample, --subjects) so that every reference of a chosen row
/// leads to a chosen row: doc/batch.md says which. Fills tids of the tables that are not copied
/// whole.
///
/// in   source  within the snapshot that is copied; it is only read
/// throws  Fault (a key names nobody, …), SqlError
void ApplySample(Connection& source, std::vector<CopyTable>& tables, const CopyOptions& options);

/// Fills seed_sql of the tables whose rows belong to people (--by-person).
///
/// throws  Fault if the source has no pg_gdpr: only its links know whose a row is; SqlError
void ApplySeeds(Connection& source, std::vector<CopyTable>& tables);

}  // namespace gdpr::batch
