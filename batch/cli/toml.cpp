// SPDX-License-Identifier: PostgreSQL
#include "batch/cli/toml.hpp"

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

[[noreturn]] void Stop(const std::string& path, const toml::source_position& at,
                       const std::string& what) {
  throw Fault(ExitCode::kConfiguration,
              "config file \"" + path + "\", line " + std::to_string(at.line) + ": " + what);
}

/// As one would write it on a command line; nothing for a date, a table or a list.
std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number->get()).ptr;
    return std::string(std::begin(digits), end);
  }
  return std::nullopt;
}

std::vector<std::string> ValuesOf(const toml::key& key, const toml::node& node,
                                  const std::string& path) {
  std::vector<std::string> values;
  const auto add = [&](const toml::node& value) {
    auto text = TextOf(value);
    if (!text) {
      Stop(path, value.source().begin,
           "the value of \"" + std::string(key.str()) +
               "\" is neither a text, a number, true, false nor a list of them");
    }
    values.push_back(*std::move(text));
  };
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& value : *list) add(value);
  } else {
    add(node);
  }
  return values;
}

void Walk(const toml::table& table, const std::string& section, const std::string& path,
          std::vector<ConfigEntry>& entries) {
  for (const auto& [key, node] : table) {
    const toml::table* inner = node.as_table();
    if (inner != nullptr && section.empty()) {
      Walk(*inner, std::string(key.str()), path, entries);
      continue;
    }
    entries.push_back({section, std::string(key.str()), ValuesOf(key, node, path),
                       static_cast<int>(key.source().begin.line)});
  }
}

}  // namespace

std::vector<ConfigEntry> ParseToml(std::string_view text, const std::string& path) {
  std::vector<ConfigEntry> entries;
  try {
    Walk(toml::parse(text, path), {}, path, entries);
  } catch (const toml::parse_error& error) {
    // What the parser says may quote the file, and with it a password.
    Stop(path, error.source().begin, "this is not TOML, or it stands here for a second time");
  }
  std::ranges::stable_sort(entries, {}, &ConfigEntry::line);
  return entries;
}

}  // namespace gdpr::batch
