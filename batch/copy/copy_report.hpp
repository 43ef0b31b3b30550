// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

#include "batch/copy/copy_engine.hpp"
#include "batch/copy/copy_plan.hpp"

namespace gdpr::batch {

/// What a copy came to.
struct CopyOutcome {
  std::string target;
  bool finished = false, stopped = false;
  std::vector<CopiedTable> tables;
  std::vector<std::string> missing;  ///< objects that could not be made, and why
  double seconds = 0;
};

/// On standard output: text for people, or one JSON object with --json.
void ReportCopy(const CopyPlan& plan, const CopyOutcome& outcome, const Options& options);
/// What would be copied, and how; `occupied`: why it cannot go there.
void ReportCopyPlan(const CopyPlan& plan, const std::string& target, const std::string& occupied,
                    const Options& options);

}  // namespace gdpr::batch
