// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/session/rows.hpp"

namespace gdpr::batch {

/// The plots of the report, each a <figure>; where there is nothing to draw, a sentence that says
/// so.
std::string ConsentPlots(const Rows& history);
std::string ErasurePlot(const Rows& erasures);
std::string ReadsPlot(const Rows& reads);

}  // namespace gdpr::batch
