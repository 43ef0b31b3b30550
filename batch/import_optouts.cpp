// SPDX-License-Identifier: PostgreSQL
#include "batch/import_optouts.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

ExitCode ImportOptouts(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kUsage, "import-optouts is not available yet", {}, {});
}

}  // namespace gdpr::batch
