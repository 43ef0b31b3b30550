// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

#include "batch/copy/copy_program.hpp"
#include "batch/copy/copy_toc.hpp"

namespace gdpr::batch {

/// The schema of the source in a file of pg_dump's, and what of it is made at the target.
class Archive {
 public:
  struct What {
    std::string snapshot, encoding;
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
