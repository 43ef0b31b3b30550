// SPDX-License-Identifier: PostgreSQL
#include "batch/config.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "batch/fault.hpp"

namespace gdpr::batch {
namespace {

std::vector<CLI::ConfigItem> Parse(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw Fault(ExitCode::kConfiguration, "could not open config file \"" + path + "\"",
                std::strerror(errno));
  }
  if (path.ends_with(".ini")) return CLI::ConfigINI().from_config(file);
  return CLI::ConfigTOML().from_config(file);
}

/// Whether the item is for this verb: at the top, or in its section. CLI11 marks sections by "++".
bool IsFor(const CLI::ConfigItem& item, const std::string& verb) {
  if (item.name == "++" || item.name == "--") return false;
  return item.parents.empty() || (item.parents.size() == 1 && item.parents[0] == verb);
}

}  // namespace

void ReadConfigFile(CLI::App& verb, const std::string& path) {
  for (const CLI::ConfigItem& item : Parse(path)) {
    if (!IsFor(item, verb.get_name())) continue;
    CLI::Option* option = verb.get_option_no_throw("--" + item.name);
    if (option == nullptr || item.name == "config" || item.name == "help") {
      // A key at the top may be another verb's; in this verb's own section it is a mistake.
      if (item.parents.empty() && option == nullptr) {
        const auto others =
            verb.get_parent()->get_subcommands([](const CLI::App*) { return true; });
        const bool known = std::ranges::any_of(others, [&](CLI::App* other) {
          return other->get_option_no_throw("--" + item.name) != nullptr;
        });
        if (known) continue;
      }
      throw Fault(ExitCode::kConfiguration,
                  "unknown key \"" + item.name + "\" in config file \"" + path + "\"", {},
                  "Keys are long options without dashes; gdpr-batch " + verb.get_name() +
                      " --help lists them.");
    }
    if (option->count() > 0) continue;
    try {
      option->add_result(item.inputs);
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw Fault(ExitCode::kConfiguration,
                  "bad value of key \"" + item.name + "\" in config file \"" + path + "\"",
                  error.what());
    }
  }
}

}  // namespace gdpr::batch
