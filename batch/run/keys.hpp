// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <fstream>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch/output/fault.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// Whom a run is about, page by page, so that memory does not grow with the list. Keys may be
/// personal: they go to the server as bound parameters and nowhere else.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// The next keys, empty at the end. Throws Fault for an unreadable list, SqlError.
  virtual std::vector<std::string> Next(Connection& connection, int max_keys) = 0;
  /// Where key number `place` (from 1) of the last page stands, for an error message.
  virtual std::string PlaceOf(int place) const = 0;
};

/// Keys that do not fit the key's type: says where, without quoting.
Fault BadKey(const SqlError& error, const KeySource& keys, const std::string& subject);

/// One key a line; the whole line is the key, so that a row literal with commas and quotes is one.
/// Blank lines and a carriage return at the end are ignored.
class FileKeys : public KeySource {
 public:
  /// in  path  a file, or "-" for standard input; option names it in hints. Throws Fault.
  explicit FileKeys(const std::string& path, std::string option = "--keys");
  std::vector<std::string> Next(Connection& connection, int max_keys) override;
  std::string PlaceOf(int place) const override;

 private:
  std::string path_, option_;
  std::ifstream file_;
  std::istream* input_;
  std::int64_t line_ = 0;
  std::vector<std::int64_t> lines_;  ///< line numbers of the last page
};

/// Everybody who is not frozen ("all"), or the queue ("due"), asked from the server.
class QueriedKeys : public KeySource {
 public:
  QueriedKeys(std::string subject_type, std::string source);
  std::vector<std::string> Next(Connection& connection, int max_keys) override;
  std::string PlaceOf(int place) const override;

 private:
  std::string subject_type_, source_;
  std::optional<std::string> last_;  ///< a text[] literal: where the next page begins
  bool at_end_ = false;
};

}  // namespace gdpr::batch
