// SPDX-License-Identifier: PostgreSQL
#include "batch/run/run_report.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"

namespace gdpr::batch {
namespace {

void PrintLine(std::int64_t count, std::string_view what) {
  if (count > 0) std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
}

/// What was done to people, by job.
std::string_view Done(std::string_view job) {
  if (job == "anonymize") return "anonymized";
  if (job == "reconsent") return "asked again";
  if (job == "mark") return "marked";
  return "done";
}

void PrintText(const ledger::Summary& s, double seconds) {
  const std::string run = std::to_string(s.run);
  std::cout << "Run " << run << " is " << s.state
            << (s.paused_reason.empty() ? "" : " (" + s.paused_reason + ")") << ": "
            << FormatCount(s.changed) << " of " << FormatCount(s.people) << " people "
            << Done(s.job) << " (" << FormatCount(s.rows) << " rows), in " << FormatSeconds(seconds)
            << ".\n";
  const std::string who = " (gdpr-batch status --run " + run + " --people says who)";
  PrintLine(s.held, "held back by blockers" + who);
  PrintLine(s.failed, "failed" + who);
  PrintLine(s.missing, "not found" + who);
  PrintLine(s.frozen, "anonymized before");
  PrintLine(s.skipped, "skipped" + who);
  PrintLine(s.people - s.done, "not yet tried");
}

}  // namespace

ExitCode ReportRun(const ledger::Summary& s, const Options& options, double seconds) {
  const ExitCode code = s.failed + s.missing > 0 ? ExitCode::kSomeFailed : ExitCode::kDone;
  if (options.json) {
    nlohmann::ordered_json json = {{"run", s.run},
                                   {"job", s.job},
                                   {"subject_type", s.subject_type},
                                   {"state", s.state},
                                   {"people", s.people},
                                   {s.job == "anonymize" ? "anonymized" : "changed", s.changed},
                                   {"held", s.held},
                                   {"failed", s.failed},
                                   {"missing", s.missing},
                                   {"frozen", s.frozen},
                                   {"skipped", s.skipped},
                                   {"pending", s.people - s.done},
                                   {"chunks", s.chunks},
                                   {"chunks_done", s.chunks_done},
                                   {"rows", s.rows},
                                   {"seconds", std::round(seconds * 1000) / 1000}};
    if (!s.paused_reason.empty()) json["paused_reason"] = s.paused_reason;
    std::cout << json.dump() << std::endl;
  } else {
    PrintText(s, seconds);
  }
  return code;
}

ExitCode ReportNothingToResume(const Options& options) {
  Log(Level::kInfo, "nothing_to_resume", {{"subject", options.subject}});
  if (options.json) std::cout << R"({"run":null})" << std::endl;
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
