// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct MarkOptions {
  std::string selection, state, purpose, medium, comment, attachment_file, channel, form;
};

/// Verb mark: one decision of everybody whom a table or view names, slice by slice; gdpr.mark_all()
/// for selections that are too large for one transaction. Who cannot take the step is left out and
/// named. throws  Fault, SqlError
ExitCode Mark(const Options& options, Signals& signals);

}  // namespace gdpr::batch
