// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch/copy/copy_program.hpp"

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

/// The schema of the source in a file of pg_dump's, and what of it is made at the target.
class Archive {
 public:
  struct What {
    std::string snapshot;
    std::vector<std::string> schemas;  ///< empty: all
    std::string lock_timeout;
  };

  /// Writes schema.dump into the folder, and its contents beside it.
  /// throws  Fault: pg_dump's own words
  Archive(const Connection& source, const What& what, std::string folder, int server,
          const Signals& signals);

  std::vector<TocEntry>& toc() { return toc_; }
  const std::vector<TocEntry>& toc() const { return toc_; }
  /// After the last change of toc(): writes the list that pg_restore goes by.
  void WriteList();

  /// The statements of "pre-data" or "post-data", into a file.
  void Script(const std::string& section, const std::string& file) const;
  /// The statements of one entry.
  std::string StatementOf(int id) const;
  /// Makes the objects of a section in a database.
  ProgramEnd Restore(const std::string& section, const Connection& target,
                     const std::vector<std::string>& more) const;

 private:
  void Call(const Program& program, const std::vector<std::string>& arguments) const;

  Program dump_, restore_;
  std::string folder_, archive_, list_;
  std::vector<TocEntry> toc_;
  const Signals& signals_;
};

/// Content of a file. throws  Fault kDatabase
std::string ReadWhole(const std::string& path);

}  // namespace gdpr::batch
