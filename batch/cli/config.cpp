// SPDX-License-Identifier: PostgreSQL
#include "batch/cli/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "batch/cli/toml.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

std::vector<ConfigEntry> Parse(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // A directory can be opened, and not be read.
  if (!file.is_open() || (text.empty() && file.bad())) {
    throw Fault(ExitCode::kConfiguration, "could not read config file \"" + path + "\"",
                std::strerror(errno));
  }
  return ParseToml(text, path);
}

CLI::Option* OptionOf(CLI::App& verb, const std::string& key) {
  if (key == "config" || key == "help") return nullptr;
  CLI::Option* option = verb.get_option_no_throw("--" + key);
  // What must be said each time, by hand.
  return option != nullptr && option->get_configurable() ? option : nullptr;
}

[[noreturn]] void Stop(const ConfigEntry& entry, const std::string& path, const std::string& what,
                       const std::string& detail, const std::string& hint) {
  throw Fault(ExitCode::kConfiguration,
              "config file \"" + path + "\", line " + std::to_string(entry.line) + ": " + what,
              detail, hint);
}

void CheckNames(const std::vector<ConfigEntry>& entries, CLI::App& app, const std::string& path) {
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const ConfigEntry& entry : entries) {
    const bool known = std::ranges::any_of(verbs, [&](CLI::App* verb) {
      return (entry.section.empty() || entry.section == verb->get_name()) &&
             OptionOf(*verb, entry.key) != nullptr;
    });
    if (known) continue;
    const bool is_verb =
        std::ranges::any_of(verbs, [&](CLI::App* v) { return v->get_name() == entry.section; });
    if (!entry.section.empty() && !is_verb) {
      Stop(entry, path, "unknown section [" + entry.section + "]", {},
           "Sections are verbs; gdpr-batch --help lists them.");
    }
    Stop(entry, path, "unknown key \"" + entry.key + "\"", {},
         "Keys are long options without dashes; gdpr-batch " +
             (is_verb ? entry.section : std::string("VERB")) + " --help lists them.");
  }
}

void Fill(CLI::Option& option, const ConfigEntry& entry, const std::string& path) {
  try {
    option.add_result(entry.values);
    option.run_callback();
  } catch (const CLI::Error& error) {
    Stop(entry, path, "bad value of key \"" + entry.key + "\"", error.what(), {});
  }
}

}  // namespace

std::set<std::string> ReadConfigFile(CLI::App& verb, const std::string& path) {
  const std::vector<ConfigEntry> entries = Parse(path);
  CheckNames(entries, *verb.get_parent(), path);
  std::set<std::string> from_above;
  for (const std::string& section : {verb.get_name(), std::string()}) {
    for (const ConfigEntry& entry : entries) {
      if (entry.section != section) continue;
      CLI::Option* option = OptionOf(verb, entry.key);
      if (option == nullptr || option->count() > 0) continue;
      Fill(*option, entry, path);
      if (section.empty()) from_above.insert(entry.key);
    }
  }
  return from_above;
}

}  // namespace gdpr::batch
