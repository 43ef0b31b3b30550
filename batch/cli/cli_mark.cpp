// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddMark(CLI::App& app, Options& o, Raw& raw) {
  MarkOptions& m = o.mark;
  CLI::App* verb = app.add_subcommand(
      "mark", "Record one decision of everybody whom a table or view names, slice by slice");
  verb->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_option("--selection", m.selection,
                   "Table or view that names the people: columns like the key, or only one")
      ->type_name("RELATION");
  verb->add_option("--state", m.state, "accepted, rejected, withdrawn, or pending: they were asked")
      ->type_name("STATE");
  verb->add_option("--purpose", m.purpose, "Purpose; without one it is the general consent");
  verb->add_option("--medium", m.medium, "How it was said: paper, phone, email …");
  verb->add_option("--comment", m.comment, "Comment that stands at each event of this run");
  verb->add_option("--attachment", m.attachment_file, "Proof, such as a scan; kept once")
      ->type_name("FILE");
  verb->add_option("--channel", m.channel, "Channel it came in by");
  verb->add_option("--form", m.form, "Text that was consented to, such as terms:3");
  AddResume(*verb, raw);
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  AddWork(*verb, o);
  return verb;
}

std::string CheckMark(Options& o, const Raw& raw, const CLI::App& verb) {
  std::string mistake = CheckResume(o, raw, verb);
  if (!mistake.empty()) return mistake;
  if (o.subject.empty()) return "--subject is required";
  if (o.resume && o.dry_run)
    return "--dry-run shows a run that has not begun; it does not go with --resume";
  if (o.resume != o.mark.selection.empty())
    return "say who: either --selection RELATION or --resume [RUN]";
  if (!o.resume && o.mark.state.empty()) return "--state is required";
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
