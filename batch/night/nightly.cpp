// SPDX-License-Identifier: PostgreSQL
#include "batch/night/nightly.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include "batch/cli/options.hpp"
#include "batch/night/night_call.hpp"
#include "batch/night/night_summary.hpp"
#include "batch/night/upkeep.hpp"
#include "batch/output/failure.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/report/metrics.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {

const std::vector<std::string> kNightSteps = {"retention", "anonymize", "reconsent", "upkeep",
                                              "verify",    "report",    "metrics"};

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

NightStep NewStep(const char* name) {
  NightStep step;
  step.step = name;
  return step;
}

class Night {
 public:
  Night(const Options& options, Signals& signals)
      : options_(options), signals_(signals), connection_(ConnectAndShakeHands(options)) {
    signals_.Watch(this, connection_.canceller());
  }
  ~Night() { signals_.Forget(this); }
  Night(const Night&) = delete;
  Night& operator=(const Night&) = delete;

  ExitCode Do();

 private:
  bool Wants(const char* step) const;
  void People(const char* step, VerbFunction verb);
  void Steps();
  bool Result(NightStep& step, RunId newest);
  void Upkeep();
  void PreviewUpkeep();
  void Verify();
  void Report();
  ExitCode Metrics(ExitCode exit);
  template <typename Work>
  void Guard(NightStep step, Work work);
  void Add(NightStep step);
  void Begin();
  Connection& Server();
  ExitCode Exit() const;

  const Options& options_;
  Signals& signals_;
  Connection connection_;
  bool lost_ = false;  ///< the server is away
  std::optional<std::int64_t> night_;
  std::vector<NightStep> steps_;
};

bool Night::Wants(const char* step) const {
  const auto& said = options_.nightly.steps;
  return !signals_.stop_requested() &&
         (said.empty() || std::ranges::find(said, step) != said.end());
}

/// The connection, or a new one where it died while a verb was at work.
Connection& Night::Server() {
  try {
    connection_.Execute(query::kPing);
  } catch (const SqlError&) {
    lost_ = true;
    connection_ =
        Connection::Patient(options_.connection, [this] { return signals_.cancel_requested(); });
    signals_.Watch(this, connection_.canceller());
    if (night_) connection_.Execute(query::kNightBegin, {night_});
    lost_ = false;
  }
  return connection_;
}

void Night::Begin() {
  try {
    night_ = connection_.Execute(query::kNightBegin, {nullptr}).Int(0, 0);
  } catch (const SqlError& error) {
    if (error.sqlstate() != "55006") throw;
    throw Fault(ExitCode::kDatabase, error.fields().message, error.fields().detail,
                error.fields().hint);
  }
  Log(Level::kInfo, "night_started", {{"night", *night_}});
}

void Night::Add(NightStep step) {
  Log(step.exit == ExitCode::kDone ? Level::kInfo : Level::kWarning, "step",
      {{"step", step.step},
       {"subject", step.subject},
       {"run", step.run ? std::to_string(*step.run) : std::string()},
       {"done", step.done.value_or(0)},
       {"failed", step.failed.value_or(0)},
       {"ms", static_cast<std::int64_t>(step.seconds * 1000)},
       {"exit", static_cast<int>(step.exit)},
       {"note", step.note}});
  if (night_) Server().Execute(query::kNightNote, {*night_, step.Json().dump()});
  steps_.push_back(std::move(step));
}

/// What a step throws becomes its outcome; unless the server is away, which ends the night.
template <typename Work>
void Night::Guard(NightStep step, Work work) {
  const auto begun = Clock::now();
  try {
    work(step);
  } catch (const std::exception& error) {
    if (lost_) throw;
    step.note = error.what();
    step.exit = LogFailure(std::current_exception());
  }
  SetStatusLine({});
  step.seconds = SecondsSince(begun);
  Add(std::move(step));
}

/// What the ledger says of the step's run, or of the first that is newer than another.
/// out  whether it has come to its end
bool Night::Result(NightStep& step, RunId newest) {
  const batch::Result row =
      Server().Execute(query::kNightRun, {step.run, newest, step.step, step.subject});
  if (row.rows() == 0) return true;
  step.run = row.Int(0, 0);
  step.people = row.Int(0, 2);
  step.done = row.Int(0, 3);
  step.failed = row.Int(0, 4);
  const std::string_view state = row.Text(0, 1);
  if (step.note.empty() && row.Int(0, 5) > 0) {
    step.note = FormatCount(row.Int(0, 5)) + " held back";
  }
  if (step.note.empty() && state == "paused") step.note = "paused: " + std::string(row.Text(0, 6));
  return state == "finished" || state == "cancelled";
}

/// Verbs that work through people: what was begun first, then what is new. A run that has not come
/// to its end keeps others of its subject type out.
void Night::People(const char* name, VerbFunction verb) {
  if (!Wants(name)) return;
  std::optional<batch::Result> rows;
  try {
    rows = Server().Execute(query::kNightWork, {name});
  } catch (const SqlError&) {
    Guard(NewStep(name), [](NightStep&) { throw; });
    return;
  }
  std::set<std::string> busy;
  for (int row = 0; row < rows->rows() && !signals_.stop_requested(); ++row) {
    NightStep step = NewStep(name);
    step.subject = rows->Text(row, 0);
    const auto& said = options_.nightly.subjects;
    if (!said.empty() && std::ranges::find(said, step.subject) == said.end()) continue;
    if (!rows->IsNull(row, 1)) step.run = rows->Int(row, 1);
    const std::string state(rows->Text(row, 3));
    if (busy.contains(step.subject)) {
      if (!step.run) continue;
      step.note = "waits for the run before it";
    } else if (state == "paused" || state == "active") {
      Result(step, 0);
      if (state == "active") step.note = "another session is at work on it";
      busy.insert(step.subject);
    }
    const bool resume = step.run.has_value();
    // A plan that is stored, and a run that was begun, have had their dry run.
    if (!step.note.empty() || (resume && options_.dry_run)) {
      if (!rows->IsNull(row, 2)) step.people = rows->Int(row, 2);
      if (step.note.empty()) step.note = state == "approved" ? "approved" : "goes on";
      Add(std::move(step));
      continue;
    }
    std::vector<std::string> words = {"--subject", step.subject};
    if (resume) words.insert(words.end(), {"--resume", std::to_string(*step.run)});
    if (!resume && step.step == "anonymize") words.emplace_back("--due");
    Guard(std::move(step), [&](NightStep& s) {
      const batch::Result newest = Server().Execute(query::kNewestRun);
      const RunId before = newest.rows() > 0 ? newest.Int(0, 0) : 0;
      std::exception_ptr failure;
      try {
        s.exit = CallVerb(options_, signals_, verb, words, s);
      } catch (const std::exception& error) {
        failure = std::current_exception();
        s.note = error.what();
      }
      if (!options_.dry_run && !Result(s, before)) busy.insert(s.subject);
      if (failure) std::rethrow_exception(failure);
    });
  }
}

void Night::Upkeep() {
  if (!Wants("upkeep")) return;
  const bool terminal = !options_.json && isatty(STDERR_FILENO) != 0;
  for (const UpkeepStep& part : UpkeepSteps()) {
    if (signals_.stop_requested()) return;
    Guard(NewStep(part.name), [&](NightStep& step) {
      DoUpkeep(Server(), part, signals_, terminal, step.done);
      step.note = step.done ? part.what : "nothing to do";
    });
  }
}

void Night::PreviewUpkeep() {
  if (!Wants("upkeep")) return;
  const batch::Result row = Server().Execute(query::kNightlyPreview);
  NightStep step = NewStep("upkeep");
  step.note = FormatCount(row.Int(0, 0)) + " changes wait for their seal, " +
              FormatCount(row.Int(0, 1)) + " months are older than gdpr.audit_retention";
  step.answer = {{"unsealed", row.Int(0, 0)}, {"expired_months", row.Int(0, 1)}};
  Add(std::move(step));
}

void Night::Verify() {
  if (!Wants("verify")) return;
  Guard(NewStep("verify"), [&](NightStep& step) {
    Server().Execute(query::kNoStatementTimeout);  // it takes as long as there are changes
    const batch::Result row = connection_.Execute(
        query::kNightVerify, {*night_, options_.nightly.verify_all ? "true" : "false"});
    step.done = row.IsNull(0, 1) ? 0 : row.Int(0, 1) - row.Int(0, 0) + 1;
    step.failed = row.Int(0, 2);
    step.note = "seals verified, from number " + std::string(row.Text(0, 0)) + " on";
    if (*step.failed == 0) return;
    step.exit = ExitCode::kSomeFailed;
    step.note = "THE AUDIT LOG IS NOT AS IT WAS SEALED: " + std::string(row.Text(0, 3));
    Log(Level::kError, "audit_not_as_sealed",
        {{"findings", *step.failed},
         {"first", std::string(row.Text(0, 3))},
         {"hint", "SELECT * FROM gdpr.verify_audit() WHERE status <> 'ok' shows all."}});
  });
}

void Night::Report() {
  if (!Wants("report") || options_.nightly.report_file.empty()) return;
  Guard(NewStep("report"), [&](NightStep& step) {
    const VerbFunction write = [](const Options& options, Signals& signals) {
      WriteReport(options, signals);
      return ExitCode::kDone;
    };
    step.exit = CallVerb(options_, signals_, write, {"--html", options_.nightly.report_file}, step);
    step.note = options_.nightly.report_file;
  });
}

/// The last of all: the figures know how the night ended.
ExitCode Night::Metrics(ExitCode exit) {
  if (!Wants("metrics") || options_.nightly.metrics_file.empty()) return exit;
  try {
    WriteMetrics(Server(), options_.nightly.metrics_file);
  } catch (const std::exception&) {
    exit = Worst(exit, LogFailure(std::current_exception()));
    Server().Execute(query::kNightEnd, {*night_, static_cast<int>(exit)});
  }
  return exit;
}

ExitCode Night::Exit() const {
  ExitCode exit = signals_.stop_requested() ? ExitCode::kStopped : ExitCode::kDone;
  for (const NightStep& step : steps_) exit = Worst(exit, step.exit);
  return exit;
}

void Night::Steps() {
  People("retention", &Retention);
  People("anonymize", &Anonymize);
  People("reconsent", &Reconsent);
  if (options_.dry_run) {
    PreviewUpkeep();
    return;
  }
  Upkeep();
  Verify();
  Report();
}

ExitCode Night::Do() {
  const auto begun = Clock::now();
  if (!options_.dry_run) Begin();
  ExitCode exit = ExitCode::kDone;
  try {
    Steps();
    exit = Exit();
    if (night_) {
      Server().Execute(query::kNightEnd, {*night_, static_cast<int>(exit)});
      exit = Metrics(exit);
    }
  } catch (const std::exception&) {
    // What was done until the server went away is worth a summary too.
    exit = Worst(Exit(), LogFailure(std::current_exception()));
  }
  PrintNight(steps_, night_, exit, SecondsSince(begun), options_.json);
  if (night_) {
    Log(Level::kInfo, "night_finished",
        {{"night", *night_},
         {"ms", static_cast<std::int64_t>(SecondsSince(begun) * 1000)},
         {"exit", static_cast<int>(exit)}});
  }
  return exit;
}

}  // namespace

ExitCode Nightly(const Options& options, Signals& signals) {
  if (!options.dry_run) RequireOpenWindow(options.manners.window);
  return Night(options, signals).Do();
}

}  // namespace gdpr::batch
