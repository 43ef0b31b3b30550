// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <CLI/App.hpp>

#include "batch/run/manners.hpp"

namespace gdpr::batch {

/// The options of every verb that works: when it waits, and the hours in which it may work.
void AddManners(CLI::App& verb, MannersOptions& manners);

}  // namespace gdpr::batch
