// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddReport(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "report", "Show the data protection officer how things are: a page, tables or JSON");
  verb->add_option("--html", o.report.html,
                   "Write one page with plots that needs nothing else (FILE.part, then renamed)")
      ->envname("PG_GDPR_REPORT_HTML")
      ->type_name("FILE");
  verb->add_option("--subject", o.subject, "Only this subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_option("--days", o.report.days, "How far back it looks")
      ->envname("PG_GDPR_REPORT_DAYS")
      ->check(CLI::Range(1, 3660))
      ->capture_default_str();
  return verb;
}

std::string CheckReport(Options& o, const Raw& /*raw*/, const CLI::App& verb) {
  if (verb.get_option("--html")->count() > 0 && o.report.html.empty()) return "--html needs a file";
  return {};
}

}  // namespace gdpr::batch
