// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <CLI/App.hpp>
#include <set>
#include <string>

namespace gdpr::batch {

/// Fills options that neither the command line nor the environment set from a config file (TOML).
/// Keys are the long options; those of the verb's [section] win over those above all sections,
/// which hold for every verb that has them. The whole file is held to the options that there are,
/// other verbs' sections too: a misspelt key must not wait until its verb runs at night. (CLI11
/// itself would let the file win over the environment.)
/// out     which options were filled from above all sections
/// throws  Fault kConfiguration
std::set<std::string> ReadConfigFile(CLI::App& verb, const std::string& path);

}  // namespace gdpr::batch
