// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ReportOptions {
  std::string html;  ///< the file of the page; empty: tables on standard output
  int days = 90;
};

/// Verb report: what the data protection officer reads, as one page, as tables or as one JSON
/// object. throws  Fault, SqlError
ExitCode Report(const Options& options, Signals& signals);

/// Writes the page, for a night too; prints nothing. options.report says where. throws  as Report
void WriteReport(const Options& options, Signals& signals);

}  // namespace gdpr::batch
