// SPDX-License-Identifier: PostgreSQL
#include "batch/mark.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

ExitCode Mark(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kUsage, "mark is not available yet", {}, {});
}

}  // namespace gdpr::batch
