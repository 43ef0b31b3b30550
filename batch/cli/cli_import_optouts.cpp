// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>
#include <map>

#include "batch/cli/cli_verbs.hpp"
#include "core/list_encoding.hpp"

namespace gdpr::batch {
namespace {

/// Lines are smaller than people.
constexpr int kChunkRows = 5000;

std::optional<char> DelimiterOf(const std::string& text) {
  const std::map<std::string, char> names = {
      {"tab", '\t'}, {"\\t", '\t'}, {"comma", ','}, {"semicolon", ';'}, {"pipe", '|'}};
  const auto named = names.find(text);
  if (named != names.end()) return named->second;
  const bool possible = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 &&
                        text != "\"" && text != "\n" && text != "\r";
  return possible ? std::optional(text[0]) : std::nullopt;
}

}  // namespace

CLI::App* AddImportOptouts(CLI::App& app, Options& o, Raw& /*raw*/) {
  ImportOptoutsOptions& list = o.import_optouts;
  CLI::App* verb =
      app.add_subcommand("import-optouts", "Read a list of opt-outs of another system");
  verb->add_option("FILE", list.file, "The list; - is standard input");
  verb->add_option("--subject", o.subject, "Only people of this subject type [all of them]")
      ->envname("PG_GDPR_SUBJECT");
  verb->add_option("--channel", list.channel, "email, sms, telephone or another one")
      ->capture_default_str();
  verb->add_option("--purpose", list.purpose, "Only messages for this purpose [all of them]");
  verb->add_option("--reason", list.reason, "Why; the suppression list names it")
      ->capture_default_str();
  verb->add_option("--dated", list.dated,
                   "When the list was made: who opted in later is left alone [now]");
  verb->add_option("--rejects", list.rejects,
                   "File for lines that are no addresses: number and reason [FILE.rejects]");
  verb->add_flag("--strict", list.strict, "Exit code 5 if a line was rejected");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  auto* format = verb->add_option_group("Format (found out where nothing is said)");
  format->add_option("--column", list.column, "Where the addresses are: name, or number from 1");
  format->add_option("--hash", list.hash, "What was made of them: md5, sha1, sha256 or none")
      ->check(CLI::IsMember({"md5", "sha1", "sha256", "none"}));
  format
      ->add_option("--encoding", list.encoding, "utf-8, utf-16le, utf-16be, latin1 or windows-1252")
      ->check([](const std::string& name) {
        return EncodingOf(name) ? "" : "no encoding that gdpr-batch knows";
      });
  format
      ->add_option_function<std::string>(
          "--delimiter",
          [&list](const std::string& text) {
            list.delimiter = DelimiterOf(text);
            if (!list.delimiter) throw CLI::ValidationError("--delimiter", "takes one character");
          },
          "What stands between columns: one character, or tab")
      ->type_name("CHAR");
  AddWork(*verb, o);
  return verb;
}

std::string CheckImportOptouts(Options& o, const Raw& /*raw*/, const CLI::App& verb) {
  SetJobs(o);
  if (verb.get_option("--chunk-rows")->count() == 0) o.chunk_rows = kChunkRows;
  if (o.import_optouts.file.empty()) return "say which list: a file, or - for standard input";
  return {};
}

}  // namespace gdpr::batch
