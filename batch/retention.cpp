// SPDX-License-Identifier: PostgreSQL
#include "batch/retention.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

ExitCode Retention(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kUsage, "retention is not available yet", {}, {});
}

}  // namespace gdpr::batch
