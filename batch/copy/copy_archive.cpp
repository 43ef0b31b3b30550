// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_archive.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "batch/copy/copy_sql.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/out_file.hpp"

namespace gdpr::batch {
namespace {

/// Ownership and rights are the target's affair; publications and subscriptions would tie a copy to
/// production; labels are of the source's providers.
const std::vector<std::string> kLikeTarget = {"--no-owner", "--no-privileges", "--no-tablespaces"};

/// A pattern of pg_dump that means this name and no other.
std::string Pattern(const std::string& name) {
  return QuoteName(name);
}

std::string LinesOf(const std::vector<TocEntry>& toc) {
  std::string lines;
  for (const TocEntry& entry : toc) {
    if (!entry.left_out) lines += std::to_string(entry.id) + ";\n";
  }
  return lines;
}

/// psql's own commands, which a server does not know.
std::string WithoutMeta(const std::string& script) {
  std::istringstream in(script);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")) out += line + "\n";
  }
  return out;
}

}  // namespace

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.is_open() && !file.bad()) return text;
  throw Fault(ExitCode::kDatabase, "could not read file \"" + path + "\"", std::strerror(errno));
}

Archive::Archive(const Connection& source, const What& what, std::string folder, int server,
                 const Signals& signals)
    : dump_(FindProgram("pg_dump", server)),
      restore_(FindProgram("pg_restore", server)),
      folder_(std::move(folder)),
      archive_(folder_ + "/schema.dump"),
      list_(folder_ + "/schema.list"),
      signals_(signals) {
  std::vector<std::string> arguments = {"--format=custom",
                                        "--schema-only",
                                        "--no-publications",
                                        "--no-subscriptions",
                                        "--no-security-labels",
                                        "--encoding=" + what.encoding,
                                        "--exclude-schema=gdpr",
                                        "--exclude-schema=gdpr_internal",
                                        "--snapshot=" + what.snapshot,
                                        "--file=" + archive_};
  for (const std::string& schema : what.schemas) {
    arguments.push_back("--schema=" + Pattern(schema));
  }
  // A schema alone would leave out the extensions that its columns are of.
  if (!what.schemas.empty()) arguments.push_back("--extension=*");
  if (!what.lock_timeout.empty()) arguments.push_back("--lock-wait-timeout=" + what.lock_timeout);
  const ProgramEnd end = Run(dump_, arguments, &source, signals_);
  if (end.status != 0) {
    throw Fault(ExitCode::kDatabase, "pg_dump could not read the schema",
                ErrorsOfSchema(end.errors));
  }
  const std::string contents = folder_ + "/schema.toc";
  Call(restore_, {"--list", "--verbose", "--file=" + contents, archive_});
  toc_ = ParseToc(ReadWhole(contents));
  unlink(contents.c_str());
}

void Archive::Call(const Program& program, const std::vector<std::string>& arguments) const {
  const ProgramEnd end = Run(program, arguments, nullptr, signals_);
  if (end.status == 0) return;
  throw Fault(ExitCode::kDatabase, program.name() + " could not read the schema's archive",
              ErrorsOfSchema(end.errors));
}

void Archive::WriteList() {
  OutFile file(list_);
  file.Write(LinesOf(toc_));
  file.Commit();
}

void Archive::Script(const std::string& section, const std::string& file) const {
  std::vector<std::string> arguments = kLikeTarget;
  arguments.insert(arguments.end(),
                   {"--section=" + section, "--use-list=" + list_, "--file=" + file, archive_});
  Call(restore_, arguments);
}

std::string Archive::StatementOf(int id) const {
  const std::string list = folder_ + "/one.list", script = folder_ + "/one.sql";
  OutFile file(list);
  file.Write(std::to_string(id) + ";\n");
  file.Commit();
  std::vector<std::string> arguments = kLikeTarget;
  arguments.insert(arguments.end(), {"--use-list=" + list, "--file=" + script, archive_});
  Call(restore_, arguments);
  const std::string text = WithoutMeta(ReadWhole(script));
  unlink(list.c_str());
  unlink(script.c_str());
  return text;
}

ProgramEnd Archive::Restore(const std::string& section, const Connection& target,
                            const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = kLikeTarget;
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.insert(arguments.end(),
                   {"--section=" + section, "--use-list=" + list_,
                    "--dbname=dbname=" + QuoteLiteral(PQdb(target.handle())), archive_});
  return Run(restore_, arguments, &target, signals_);
}

}  // namespace gdpr::batch
