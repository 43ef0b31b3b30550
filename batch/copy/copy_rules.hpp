// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "batch/copy/copy.hpp"
#include "batch/copy/copy_row_types.hpp"
#include "batch/copy/copy_table.hpp"
#include "batch/session/connection.hpp"
#include "core/fake/fake_room.hpp"

namespace gdpr::batch {

/// The tables to copy, their columns, and what happens to each: by the rules of the extension at
/// the source, or of options.rules_file. Everything that can be known before the first row is.
/// in      a connection inside the copy's snapshot
/// throws  Fault kConfiguration: columns without classification, a rule that a column cannot take,
///         foreign keys that would break, a rules file with a mistake (and its line);
///         kMismatch: the extension's version
std::vector<CopyTable> PlanTables(Connection& source, const CopyOptions& options);

/// The types of all columns, for RowTreater.
CatalogTypes ReadTypes(Connection& source, const std::vector<CopyTable>& tables);

/// The master key for fake and pseudonym, from options.key_file; empty for other profiles.
/// throws  Fault kConfiguration: no key file, or none that only its owner can read;
///         kMismatch: not the key of the source
std::vector<std::uint8_t> CopyKey(Connection& source, const CopyOptions& options);

/// What keeps the values of a UNIQUE column apart, for --dry-run.
struct UniqueBound {
  std::string table, column;
  FakeRoom room;
  double collision = 0;  ///< at most, for all rows of the table
};
std::vector<UniqueBound> UniqueBounds(const std::vector<CopyTable>& tables,
                                      const CatalogTypes& types, Profile profile);

}  // namespace gdpr::batch
