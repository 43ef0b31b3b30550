// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What pg_restore prints: the contents of an archive, and its errors. Reads nothing but the text.
namespace gdpr::batch {

/// A line of the table of contents of pg_dump's archive: an object of the schema.
struct TocEntry {
  int id = 0;
  std::uint32_t catalog = 0, oid = 0;  ///< the object at the source; 0: not one of its own
  std::string text;                    ///< "TABLE crm contact owner"
  std::vector<int> depends_on;
  bool left_out = false;
};

/// Reads what pg_restore --list --verbose prints.
std::vector<TocEntry> ParseToc(std::string_view list);

/// An object of the source by its catalog (as pg_depend has it) and number.
using ObjectId = std::pair<std::uint32_t, std::uint32_t>;

/// Leaves out these objects and whatever depends on them.
void LeaveOut(std::vector<TocEntry>& toc, const std::set<ObjectId>& objects);

/// Ids that pg_restore names in its errors: "from TOC entry 3211; …".
std::vector<int> FailedEntries(std::string_view errors);

/// What of pg_restore's errors may be shown: its own words and the server's, without DETAIL and
/// CONTEXT, which may quote rows. Only for the schema: what follows the data may quote it anywhere.
std::string ErrorsOfSchema(std::string_view errors);

}  // namespace gdpr::batch
