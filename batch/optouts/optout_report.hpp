// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/optouts/optout_pipeline.hpp"

namespace gdpr::batch {

/// One log line: what was found out about the list.
void LogFormatOf(const ListSource& list);

/// Prints the summary: text, or with --json one object.
void ReportImport(const Options& options, const OptoutImport& import, double seconds);

}  // namespace gdpr::batch
