// SPDX-License-Identifier: PostgreSQL
#include "batch/report.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

ExitCode Report(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kUsage, "report is not available yet", {}, {});
}

}  // namespace gdpr::batch
