// SPDX-License-Identifier: PostgreSQL
#include "batch/reconsent.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

ExitCode Reconsent(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kUsage, "reconsent is not available yet", {}, {});
}

}  // namespace gdpr::batch
