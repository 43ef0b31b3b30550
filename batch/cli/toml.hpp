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

/// Reads a config file (TOML 1.0, by toml++): keys with texts, numbers, true, false or lists of
/// them, above and in sections, in the order of their lines. throws  Fault kConfiguration: which
/// line is no TOML, stands there twice, or has another kind of
///         value. Never quotes a value.
std::vector<ConfigEntry> ParseToml(std::string_view text, const std::string& path);

}  // namespace gdpr::batch
