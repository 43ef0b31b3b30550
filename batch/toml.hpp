// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gdpr::batch {

/// One `key = value` of a config file.
struct ConfigEntry {
  std::string section;  ///< empty: above the first section
  std::string key;
  std::vector<std::string> values;  ///< one, or those of a list
  int line = 0;
};

/// Reads the part of TOML 1.0 that a list of options needs: comments, [section], key = value with
/// strings ("…" with escapes, '…' without), numbers, true, false, and lists of them, which may go
/// over several lines. (The parser of CLI11 cuts a string at a # and knows no line numbers.)
/// throws  Fault kConfiguration: what is wrong in which line, a key or section that stands twice
///         included. Never quotes a value.
std::vector<ConfigEntry> ParseToml(std::string_view text, const std::string& path);

}  // namespace gdpr::batch
