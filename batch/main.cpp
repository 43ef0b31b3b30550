// SPDX-License-Identifier: PostgreSQL
// gdpr-batch VERB: see cli.cpp for what can be said, exit_code.hpp for what is answered.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <string_view>

#include "batch/cli/cli.hpp"
#include "batch/cli/options.hpp"
#include "batch/output/failure.hpp"
#include "batch/output/log.hpp"
#include "batch/run/signals.hpp"

namespace {

using gdpr::batch::ExitCode;
using gdpr::batch::Level;
using gdpr::batch::Log;

struct Verb {
  std::string_view name;
  ExitCode (*run)(const gdpr::batch::Options&, gdpr::batch::Signals&);
};

const Verb kVerbs[] = {
    {"anonymize", gdpr::batch::Anonymize}, {"reconsent", gdpr::batch::Reconsent},
    {"mark", gdpr::batch::Mark},           {"import-optouts", gdpr::batch::ImportOptouts},
    {"retention", gdpr::batch::Retention}, {"nightly", gdpr::batch::Nightly},
    {"status", gdpr::batch::Status},       {"report", gdpr::batch::Report},
    {"verify", gdpr::batch::Verify},       {"copy", gdpr::batch::Copy},
    {"import-anon-labels", gdpr::batch::ImportAnonLabels},
};

/// Who reads standard output must not take a part of it for the whole: that is worse than people
/// who failed.
ExitCode CheckOutput(ExitCode code) {
  errno = 0;
  std::cout.flush();
  if (std::cout.good()) return code;
  Log(Level::kError, "stopped",
      {{"message", std::string("could not write to standard output: ") +
                       std::strerror(errno != 0 ? errno : EIO)}});
  const bool worse =
      code == ExitCode::kDone || code == ExitCode::kSomeFailed || code == ExitCode::kStopped;
  return worse ? ExitCode::kDatabase : code;
}

ExitCode Run(const gdpr::batch::Options& options) {
  gdpr::batch::Signals signals;
  const Verb* verb = std::ranges::find(kVerbs, options.verb, &Verb::name);
  return CheckOutput(verb->run(options, signals));
}

ExitCode Main(int argc, char** argv) {
  gdpr::batch::SetUpLog(gdpr::batch::LogFormat::kKeyValue, Level::kInfo);
  try {
    const auto read = gdpr::batch::ReadOptions(argc, argv);
    if (const auto* code = std::get_if<ExitCode>(&read)) return *code;
    const auto& options = std::get<gdpr::batch::Options>(read);
    gdpr::batch::SetUpLog(options.log_format, options.log_level);
    return Run(options);
  } catch (const std::exception&) {
    return gdpr::batch::LogFailure(std::current_exception());
  }
}

}  // namespace

int main(int argc, char** argv) {
  return static_cast<int>(Main(argc, argv));
}
