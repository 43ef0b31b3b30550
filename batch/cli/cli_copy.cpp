// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>
#include <charconv>
#include <map>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {
namespace {

const std::map<std::string, Profile> kProfiles = {{"fake", Profile::kFake},
                                                  {"pseudonym", Profile::kPseudonym},
                                                  {"erase", Profile::kErase},
                                                  {"mask", Profile::kMask},
                                                  {"generalize", Profile::kGeneralize}};
const std::map<std::string, Unclassified> kUnclassified = {
    {"error", Unclassified::kError}, {"keep", Unclassified::kKeep}, {"null", Unclassified::kNull}};

/// "5%" and "0.05" are the same.
std::optional<double> ShareOf(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) share /= 100;
  return share > 0 && share <= 1 ? std::optional(share) : std::nullopt;
}

void AddWhat(CLI::App& verb, Options& o) {
  CopyOptions& c = o.copy;
  auto* what = verb.add_option_group("What");
  what->add_option("--schema", c.schemas, "Only this schema; more than one may be given [all]")
      ->type_name("NAME");
  what->add_option("--exclude-table", c.exclude_tables,
                   "Not the rows of this table: NAME or SCHEMA.NAME; more than one may be given")
      ->type_name("NAME");
  what->add_option_function<std::string>(
          "--sample",
          [&c](const std::string& text) {
            c.sample = ShareOf(text);
            if (!c.sample) throw CLI::ValidationError("--sample", "takes a share such as 5%");
          },
          "So many of the rows, and those that they refer to: 5%")
      ->type_name("SHARE");
  what->add_option("--whole-below", c.whole_below,
                   "A sample has all rows of tables with fewer than so many that belong to nobody")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  what->add_option("--subjects", c.subjects_file,
                   "File with one subject key a line: these people and what belongs to them; - is "
                   "standard input")
      ->type_name("FILE");
  what->add_option("--subject", o.subject, "Subject type of --subjects and --by-person")
      ->envname("PG_GDPR_SUBJECT");
}

}  // namespace

CLI::App* AddCopy(CLI::App& app, Options& o, Raw& /*raw*/) {
  CopyOptions& c = o.copy;
  CLI::App* verb =
      app.add_subcommand("copy", "Copy a database so that it behaves the same and is nobody's");
  verb->add_option(
      "--from", c.from,
      "The source: database name, connection string or URI [what --dbname and its like "
      "say]");
  verb->add_option("--to", c.to,
                   "The target: database name, connection string or URI, or a directory (with a "
                   "slash: ./copy)");
  verb->add_option("--profile", c.profile, "fake, pseudonym, erase, mask or generalize [fake]")
      ->envname("PG_GDPR_PROFILE")
      ->transform(CLI::CheckedTransformer(kProfiles).description(""));
  verb->add_option("--rules", c.rules_file,
                   "Rules of a source without the extension: lines that gdpr.export_rules() wrote")
      ->type_name("FILE");
  verb->add_option("--unclassified", c.unclassified,
                   "Columns without a classification: error, keep or null [error]")
      ->envname("PG_GDPR_UNCLASSIFIED")
      ->transform(CLI::CheckedTransformer(kUnclassified).description(""));
  verb->add_flag("--by-person", c.by_person,
                 "Make values from the person's key, so that those of a person fit together");
  AddWhat(*verb, o);
  verb->add_option("--jobs", o.jobs, "Tables at once [one for each core, at most 8]")
      ->envname("PG_GDPR_JOBS")
      ->check(CLI::Range(1, 128));
  verb->add_option("--part-mb", c.part_mb,
                   "Copy a table of twice as many MB or more in parts of this size")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_flag("--resume", o.resume, "Go on with a copy that did not come to its end");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  return verb;
}

std::string CheckCopy(Options& o, const Raw& /*raw*/, const CLI::App& verb) {
  CopyOptions& c = o.copy;
  if (c.to.empty()) return "--to is required: a database, or a directory (with a slash)";
  if (!c.subjects_file.empty() && o.subject.empty()) return "--subjects needs --subject";
  if (c.by_person && !c.rules_file.empty())
    return "--by-person needs the links that the extension knows; it does not go with --rules";
  if (o.resume && o.dry_run)
    return "--dry-run shows a copy that has not begun; it does not go with --resume";
  // A table may take hours: the limit is for statements that do a chunk.
  if (verb.get_option("--statement-timeout")->count() == 0) o.connection.statement_timeout = "0";
  if (!c.from.empty()) o.connection.dbname = c.from;
  c.subject = o.subject;
  c.key_file = o.key_file;
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
