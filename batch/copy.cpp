// SPDX-License-Identifier: PostgreSQL
#include "batch/copy.hpp"

#include "batch/fault.hpp"
#include "batch/options.hpp"
#include "batch/signals.hpp"

namespace gdpr::batch {

bool CopyOptions::to_directory() const {
  const bool uri = to.starts_with("postgres://") || to.starts_with("postgresql://");
  return !uri && (to.starts_with('/') || to.starts_with('.') || to.ends_with('/') ||
                  (to.find('/') != std::string::npos && to.find('=') == std::string::npos));
}

ExitCode Copy(const Options& /*options*/, Signals& /*signals*/) {
  throw Fault(ExitCode::kConfiguration, "copy is not built yet");
}

}  // namespace gdpr::batch
