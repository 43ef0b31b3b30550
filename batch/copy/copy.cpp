// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "batch/copy/copy_database.hpp"
#include "batch/copy/copy_directory.hpp"
#include "batch/copy/copy_engine.hpp"
#include "batch/copy/copy_report.hpp"
#include "batch/copy/copy_sha256.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/session/handshake.hpp"
#include "core/digest.hpp"

namespace gdpr::batch {
namespace {

void StopIfAsked(const Signals& signals) {
  if (signals.stop_requested()) {
    throw Fault(ExitCode::kStopped, "stopped by a signal", {}, "--resume goes on.");
  }
}

/// Schema, rules and key: what must be the same when a copy is gone on with.
std::string DigestOf(const CopyLeader& leader, const Archive& archive, const Options& options,
                     const std::string& folder) {
  Sha256 digest;
  const std::string script = folder + "/digest.sql";
  archive.Script("pre-data", script);
  std::istringstream lines(ReadWhole(script));
  unlink(script.c_str());
  for (std::string line; std::getline(lines, line);) {
    // Comments name versions; psql's \restrict has a new word each time.
    if (!line.starts_with("--") && !line.starts_with('\\')) digest.Add(line + "\n");
  }
  digest.Add(ProfileName(options.copy.profile));
  digest.Add(std::to_string(options.copy.sample.value_or(1)) + options.copy.subjects_file);
  if (!leader.key().empty()) digest.Add(Fingerprint(leader.key()));
  for (const CopyTable& table : leader.plan().tables) {
    for (const std::string* text :
         {&table.schema, &table.name, &table.seed_sql, &table.country_column, &table.filter}) {
      digest.Add(*text + "\n");
    }
    for (const CopyColumn& column : table.columns) {
      digest.Add(column.name + "\n" + (column.to_null ? "null" : column.rule) + "\n");
    }
  }
  return digest.Hex();
}

/// Leaves out what is not to be copied; never a table.
void FitToc(Archive& archive, const CopyPlan& plan) {
  LeaveOut(archive.toc(), plan.left_out);
  for (const TocEntry& entry : archive.toc()) {
    if (!entry.left_out || !entry.text.starts_with("TABLE ")) continue;
    for (const CopyTable& table : plan.tables) {
      if (table.oid != entry.oid) continue;
      throw Fault(ExitCode::kConfiguration,
                  "table \"" + table.schema + "." + table.name + "\" cannot be copied",
                  "Its definition needs extension pg_gdpr, which is no part of a copy.",
                  "Leave it out with --exclude-table, or take that from its definition.");
    }
  }
  archive.WriteList();
}

/// Schemas that are there already are not made again.
void SkipSchemas(Archive& archive, const CopyPlan& plan, CopyTarget& target) {
  for (const CopySchema& schema : plan.schemas) {
    for (TocEntry& entry : archive.toc()) {
      if (entry.catalog != 0 && entry.oid == schema.oid && entry.text.starts_with("SCHEMA ")) {
        entry.left_out |= target.HasSchema(schema.name);
      }
    }
  }
  archive.WriteList();
}

void LogState(const CopyPlan& plan, const CopyState& state, const std::string& target) {
  const std::int64_t whole = std::ranges::count(state.whole, true);
  Log(Level::kInfo, state.resumed ? "copy_resumed" : "copy_begins",
      {{"target", target},
       {"tables", static_cast<std::int64_t>(plan.tables.size())},
       {"rows_about", plan.RowsEstimate()},
       {"left_out", static_cast<std::int64_t>(plan.references.size())}});
  if (!state.resumed) return;
  Log(Level::kWarning, "two_snapshots",
      {{"whole", whole},
       {"to_copy", static_cast<std::int64_t>(plan.tables.size()) - whole},
       {"message",
        "tables that are whole are of an earlier moment than the others; foreign keys are "
        "checked"}});
}

bool AllWhole(const std::vector<CopiedTable>& tables) {
  return std::ranges::all_of(tables, [](const CopiedTable& table) {
    return table.parts_left == 0 && table.failure.empty();
  });
}

/// A folder for the schema, which holds no rows.
class Scratch {
 public:
  Scratch() : path_((std::filesystem::temp_directory_path() / "gdpr-batch.XXXXXX").string()) {
    if (mkdtemp(path_.data()) != nullptr) return;
    throw Fault(ExitCode::kDatabase, "could not make a directory for the schema",
                std::strerror(errno));
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Once all rows are there: the rest of the schema, and the end.
void Complete(CopyLeader& leader, CopyTarget& target, const Archive& archive,
              CopyOutcome& outcome) {
  if (!AllWhole(outcome.tables)) return;
  Log(Level::kInfo, "rows_copied", {{"tables", static_cast<std::int64_t>(outcome.tables.size())}});
  outcome.missing = target.MakeRest(archive, leader.plan(), leader.SequenceStatements());
  outcome.finished = outcome.missing.empty();
  if (outcome.finished) target.Finish();
}

ExitCode CodeOf(const CopyOutcome& outcome) {
  if (outcome.finished) return ExitCode::kDone;
  return outcome.stopped ? ExitCode::kStopped : ExitCode::kSomeFailed;
}

}  // namespace

bool CopyOptions::to_directory() const {
  const bool uri = to.starts_with("postgres://") || to.starts_with("postgresql://");
  return !uri && (to.starts_with('/') || to.starts_with('.') ||
                  (to.find('/') != std::string::npos && to.find('=') == std::string::npos));
}

std::unique_ptr<CopyTarget> OpenTarget(const Options& options, const std::string& encoding,
                                       Signals& signals) {
  if (options.copy.to_directory()) return std::make_unique<DirectoryTarget>(options, encoding);
  return std::make_unique<DatabaseTarget>(options, encoding, signals);
}

ExitCode Copy(const Options& options, Signals& signals) {
  const auto begun = std::chrono::steady_clock::now();
  CopyLeader leader(options.copy.rules_file.empty() ? ConnectAndShakeHands(options)
                                                    : ConnectWithoutExtension(options),
                    options);
  const WatchedConnection watched(signals, leader.connection());
  const CopyPlan& plan = leader.plan();
  const std::unique_ptr<CopyTarget> target = OpenTarget(options, plan.encoding, signals);
  if (options.dry_run) {
    ReportCopyPlan(plan, target->name(), target->Occupied(plan), options);
    return ExitCode::kDone;
  }
  StopIfAsked(signals);
  const Scratch scratch;
  Archive archive(
      leader.connection(),
      {plan.snapshot, plan.encoding, options.copy.schemas, options.connection.lock_timeout},
      scratch.path(), plan.server / 10000, signals);
  FitToc(archive, plan);
  const CopyState state =
      target->Begin(plan, DigestOf(leader, archive, options, scratch.path()), options.resume);
  LogState(plan, state, target->name());
  SkipSchemas(archive, plan, *target);
  target->MakeSchema(archive, plan);
  StopIfAsked(signals);
  CopyEngine engine(leader, *target, options, signals);
  CopyOutcome outcome;
  outcome.target = target->name();
  outcome.tables = engine.Run(state);
  outcome.stopped = engine.stopped();
  if (!outcome.stopped) {
    Complete(leader, *target, archive, outcome);
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  ReportCopy(plan, outcome, options);
  return CodeOf(outcome);
}

}  // namespace gdpr::batch
