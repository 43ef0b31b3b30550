// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace gdpr::batch {

/// Fills options that neither the command line nor the environment set from a config file: TOML, or
/// INI if its name ends in .ini. Keys are the long options; a [verb] section holds for that verb
/// only. (CLI11 itself would let the file win over the environment.) throws  Fault kConfiguration
void ReadConfigFile(CLI::App& verb, const std::string& path);

}  // namespace gdpr::batch
