// SPDX-License-Identifier: PostgreSQL
#include "batch/run_report.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/progress.hpp"

namespace gdpr::batch {
namespace {

void PrintLine(std::int64_t count, std::string_view what) {
  if (count > 0) std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
}

void PrintText(const ledger::Summary& s, RunId run, double seconds) {
  std::cout << "Run " << run << " is " << s.state << ": " << FormatCount(s.anonymized) << " of "
            << FormatCount(s.people) << " people anonymized (" << FormatCount(s.rows)
            << " rows), in " << FormatSeconds(seconds) << ".\n";
  const std::string who =
      " (gdpr-batch status --run " + std::to_string(run) + " --people says who)";
  PrintLine(s.held, "held back by blockers" + who);
  PrintLine(s.failed, "failed" + who);
  PrintLine(s.missing, "not found" + who);
  PrintLine(s.frozen, "anonymized before");
  PrintLine(s.people - s.done, "not yet tried");
}

}  // namespace

ExitCode ReportRun(Connection& connection, const Options& options, RunId run, double seconds) {
  const ledger::Summary s = ledger::Summarize(connection, run);
  const ExitCode code = s.failed + s.missing > 0 ? ExitCode::kSomeFailed : ExitCode::kDone;
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"run", run},
                                        {"subject_type", s.subject_type},
                                        {"state", s.state},
                                        {"people", s.people},
                                        {"anonymized", s.anonymized},
                                        {"held", s.held},
                                        {"failed", s.failed},
                                        {"missing", s.missing},
                                        {"frozen", s.frozen},
                                        {"pending", s.people - s.done},
                                        {"chunks", s.chunks},
                                        {"chunks_done", s.chunks_done},
                                        {"rows", s.rows},
                                        {"seconds", std::round(seconds * 1000) / 1000}}
                     .dump()
              << std::endl;
  } else {
    PrintText(s, run, seconds);
  }
  return code;
}

}  // namespace gdpr::batch
