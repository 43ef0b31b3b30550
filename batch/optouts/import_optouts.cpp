// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/import_optouts.hpp"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "batch/cli/options.hpp"
#include "batch/optouts/list_input.hpp"
#include "batch/optouts/optout_pipeline.hpp"
#include "batch/optouts/optout_report.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

AddressSort SortOf(const std::string& channel) {
  if (channel == "email") return AddressSort::kEmail;
  return channel == "telephone" || channel == "sms" ? AddressSort::kPhone : AddressSort::kText;
}

ListWish WishOf(const ImportOptoutsOptions& said) {
  ListWish wish;
  wish.hints.sort = SortOf(said.channel);
  wish.hints.delimiter = said.delimiter;
  wish.hints.column = said.column;
  wish.hints.kind = HashOf(said.hash);
  wish.hints.plain = said.hash == "none";
  if (!said.encoding.empty()) wish.encoding = EncodingOf(said.encoding);
  return wish;
}

/// The file's name without its folders: they may be named after people, and say nothing.
std::string SourceOf(const ImportOptoutsOptions& said) {
  if (said.file == "-") return "standard input";
  return said.file.substr(said.file.rfind('/') + 1);
}

std::string RejectsOf(const ImportOptoutsOptions& said) {
  if (!said.rejects.empty() || said.file == "-") return said.rejects;
  return said.file + ".rejects";
}

RunId Start(Connection& connection, const Options& options, ListKind kind) {
  const ImportOptoutsOptions& said = options.import_optouts;
  nlohmann::json more = {{"reason", said.reason}, {"dry_run", options.dry_run}};
  if (said.dated) more["dated"] = *said.dated;
  std::optional<Param> types;
  if (!options.subject.empty()) types = Param(std::vector<std::string>{options.subject});
  return connection
      .Execute(query::kImportOptoutsStart,
               {said.channel, said.purpose, NameOf(kind), SourceOf(said), types, more.dump()})
      .Int(0, 0);
}

/// What is done stays done; without the run the next import begins at once.
void GiveUp(Connection& connection, RunId run) noexcept {
  try {
    connection.Rollback();
    ledger::Cancel(connection, run);
  } catch (const std::exception&) {
    // the next import does it
  }
}

[[noreturn]] void ThrowStopped(RunId run, bool by_window) {
  throw Fault(ExitCode::kStopped,
              "import " + std::to_string(run) + " was stopped by " +
                  (by_window ? "the end of the window" : "a signal"),
              "Every finished chunk is committed, the others are untouched.",
              "Import the list again: what is there already changes nothing.");
}

}  // namespace

ExitCode ImportOptouts(const Options& options, Signals& signals) {
  const auto begun = std::chrono::steady_clock::now();
  const ImportOptoutsOptions& said = options.import_optouts;
  if (!options.dry_run) RequireOpenWindow(options.manners.window);
  ListInput input(said.file, signals);
  const ListWish wish = WishOf(said);
  ListSource list(input, wish);
  LogFormatOf(list);
  Connection connection = ConnectAndShakeHands(options);
  signals.Watch(&connection, connection.canceller());
  OptoutImport import{.list = list,
                      .input = input,
                      .sort = wish.hints.sort,
                      .rejects = RejectFile(options.dry_run ? std::string() : RejectsOf(said))};
  import.run = Start(connection, options, list.format().kind);
  Log(Level::kInfo, "import_started",
      {{"run", import.run}, {"source", SourceOf(said)}, {"dry_run", options.dry_run}});
  try {
    PrepareImport(connection, import.run, signals);
    RunImport(options, signals, import);
    if (import.finished) import.rejects.Commit();
  } catch (...) {
    GiveUp(connection, import.run);
    throw;
  }
  if (!import.finished) {
    GiveUp(connection, import.run);
    ThrowStopped(import.run, import.stopped_by_window);
  }
  FinishImport(connection, options, signals, import.run);
  signals.Forget(&connection);
  ReportImport(options, import,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return said.strict && import.rejects.count() > 0 ? ExitCode::kSomeFailed : ExitCode::kDone;
}

}  // namespace gdpr::batch
