// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_database.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "batch/copy/copy_stream.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

/// Of a process that was killed: its session ends once the server notices.
constexpr std::chrono::seconds kLockPatience{10};

ConnectionSettings SettingsOf(const Options& options) {
  ConnectionSettings settings = options.connection;
  settings.dbname = options.copy.to;
  // What --host and its like say is the source's.
  settings.host = settings.port = settings.user = {};
  return settings;
}

/// An object that pg_restore could not make because an earlier process had made it.
bool IsThereAlready(const SqlError& error) {
  for (const char* sqlstate : {"42P07", "42710", "42P16"}) {
    if (error.sqlstate() == sqlstate) return true;
  }
  return false;
}

/// Bytes without an encoding would be read as text of the target's, whatever they mean.
void RequireEncoding(const Connection& connection, const std::string& encoding) {
  const std::string server = PQparameterStatus(connection.handle(), "server_encoding");
  if (encoding != "SQL_ASCII" || server == "SQL_ASCII" || server == "UTF8") return;
  throw Fault(ExitCode::kConfiguration,
              "the source has encoding SQL_ASCII, and the target has " + server,
              "Nobody knows what the bytes of its texts mean.",
              "Copy into a database with encoding SQL_ASCII, or UTF8 if all of them are UTF-8.");
}

/// An error of code that is the schema's own (a check's function, an index expression) may hold a
/// value wherever RAISE lets it: in the message, and in the places of names. What is left of it are
/// names that there are, and what stands in `made`, which is told anyway.
SqlError WithoutValues(Connection& connection, const SqlError& error, std::string_view made = {}) {
  SqlError::Fields fields = error.fields();
  fields.message = ConditionName(fields.sqlstate);
  fields.detail.clear();
  fields.hint.clear();
  bool constraint = false, column = false, table = false;
  try {
    // What a COPY that failed has left to say: only then the transaction can be rolled back.
    while (PGresult* rest = PQgetResult(connection.handle())) PQclear(rest);
    connection.Rollback();
    const Result known = connection.Execute(
        query::kCopyKnownNames, {fields.constraint, fields.column, fields.table, fields.schema});
    constraint = known.Text(0, 0) == "t" || made.find(fields.constraint) != made.npos;
    column = known.Text(0, 1) == "t";
    table = known.Text(0, 2) == "t";
  } catch (const SqlError&) {  // who lost the connection needs no names
  }
  if (!constraint) fields.constraint.clear();
  if (!column) fields.column.clear();
  if (!table) fields.table.clear();
  return SqlError(std::move(fields));
}

class DatabaseLoader : public PartLoader {
 public:
  DatabaseLoader(const ConnectionSettings& settings, const std::string& encoding, Signals& signals)
      : connection_(settings), watched_(signals, connection_) {
    connection_.Execute(query::kCopySession, {encoding});
  }

  std::optional<std::int64_t> Begin(const CopyTable& table, const CopyPart& part) override;
  void Write(std::string_view tuples) override {
    WithoutValuesOf([&] { writer_->Write(tuples); });
  }
  void End(std::int64_t rows) override;

 private:
  template <typename Work>
  void WithoutValuesOf(const Work& work) {
    try {
      work();
    } catch (const SqlError& error) {
      throw WithoutValues(connection_, error);
    }
  }

  Connection connection_;
  WatchedConnection watched_;
  const CopyTable* table_ = nullptr;
  int part_ = 0;
  std::optional<CopyWriter> writer_;
};

std::optional<std::int64_t> DatabaseLoader::Begin(const CopyTable& table, const CopyPart& part) {
  table_ = &table;
  part_ = part.number;
  connection_.Begin();
  const Result mine = connection_.Execute(query::kCopyRecordBegin,
                                          {table.schema, table.name, part.number, part.parts});
  if (mine.rows() == 0) {
    const Result there =
        connection_.Execute(query::kCopyRecordRows, {table.schema, table.name, part.number});
    connection_.Rollback();
    return there.Int(0, 0);
  }
  // A table that this transaction emptied can be loaded frozen: readers find nothing to tidy up.
  if (part.whole()) connection_.Execute("TRUNCATE ONLY " + QualifiedName(table));
  writer_.emplace(connection_, "COPY " + QualifiedName(table) + ColumnList(table) +
                                   " FROM STDIN WITH (FORMAT binary" +
                                   (part.whole() ? ", FREEZE true)" : ")"));
  return std::nullopt;
}

void DatabaseLoader::End(std::int64_t rows) {
  std::int64_t arrived = 0;
  WithoutValuesOf([&] { arrived = writer_->End(); });
  writer_.reset();
  if (arrived != rows) {
    throw Fault(ExitCode::kDatabase, "of " + std::to_string(rows) + " rows of table \"" +
                                         table_->schema + "." + table_->name + "\" " +
                                         std::to_string(arrived) + " arrived");
  }
  connection_.Execute(query::kCopyRecordEnd, {table_->schema, table_->name, part_, rows});
  WithoutValuesOf([&] { connection_.Commit(); });
}

}  // namespace

DatabaseTarget::DatabaseTarget(const Options& options, const std::string& encoding,
                               Signals& signals)
    : options_(options),
      encoding_(encoding),
      settings_(SettingsOf(options)),
      signals_(signals),
      connection_(settings_) {
  connection_.Execute(query::kCopySession, {encoding});
  RequireEncoding(connection_, encoding);
  if (!options.allow_superuser && connection_.Execute(query::kSuperuser).Text(0, 0) == "t") {
    throw Fault(ExitCode::kConfiguration, "gdpr-batch does not run as a superuser",
                "Code of the source's schema (checks, index expressions) runs at the target.",
                "Let a role of --to that owns the database make the copy, or say "
                "--allow-superuser.");
  }
}

std::string DatabaseTarget::name() const {
  return "database \"" + std::string(PQdb(connection_.handle())) + "\"";
}

std::string DatabaseTarget::Occupied(const CopyPlan& plan) {
  if (HasRecord()) return "an unfinished copy is there";
  const Result result = connection_.Execute(query::kCopyOccupied, {plan.CopiedSchemas()});
  std::string names;
  for (int row = 0; row < result.rows(); ++row) {
    names += (row == 0 ? "" : ", ") + (row == 5 ? "…" : std::string(result.Text(row, 0)));
  }
  return names.empty() ? names : "there are " + names;
}

bool DatabaseTarget::HasSchema(const std::string& name) {
  return connection_.Execute(query::kCopySchemaThere, {name}).Text(0, 0) == "t";
}

bool DatabaseTarget::HasRecord() {
  return connection_.Execute(query::kCopyRecordThere).Text(0, 0) == "t";
}

void DatabaseTarget::Lock() {
  const auto until = std::chrono::steady_clock::now() + kLockPatience;
  while (connection_.Execute(query::kCopyLock).Text(0, 0) != "t") {
    if (std::chrono::steady_clock::now() > until || signals_.stop_requested()) {
      throw Fault(ExitCode::kConfiguration, "another gdpr-batch copies into " + name());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void DatabaseTarget::RequireRoles(const CopyPlan& plan) {
  const Result missing = connection_.Execute(query::kCopyRolesMissing, {plan.roles});
  std::string statements;
  for (int row = 0; row < missing.rows(); ++row) {
    statements += " CREATE ROLE " + QuoteName(missing.Text(row, 0)) + ";";
  }
  if (statements.empty()) return;
  throw Fault(ExitCode::kConfiguration,
              "policies of the source name roles that the target does not have", {},
              "Make them there:" + statements);
}

CopyState DatabaseTarget::Begin(const CopyPlan& plan, const std::string& digest, bool resume) {
  Lock();
  RequireRoles(plan);
  CopyState state;
  state.whole.resize(plan.tables.size());
  state.rows.resize(plan.tables.size());
  state.resumed = resume && HasRecord();
  const std::string occupied = Occupied(plan);
  if (!state.resumed && !occupied.empty()) {
    throw Fault(ExitCode::kConfiguration, name() + " is not empty", occupied + ".",
                resume ? "There is no unfinished copy to go on with; give --to an empty database."
                : HasRecord() ? "Go on with --resume, or drop the database and begin anew."
                              : "A copy goes into an empty database and drops nothing: make one.");
  }
  if (!state.resumed) {
    MakeRecord(digest);
    return state;
  }
  if (connection_.Execute("SELECT c.digest FROM gdpr_copy.copy AS c").Text(0, 0) != digest) {
    throw Fault(
        ExitCode::kConfiguration, "the unfinished copy in " + name() + " is another one than this",
        "Its profile, rules, sample or source's schema was another.",
        "Drop the database and begin anew, or resume it with the options it was begun with.");
  }
  state.schema_made = connection_.Execute(query::kCopyOccupied, {plan.CopiedSchemas()}).rows() > 0;
  schema_made_ = state.schema_made;
  if (state.schema_made) KeepWhole(plan, state);
  return state;
}

void DatabaseTarget::MakeRecord(const std::string& digest) {
  connection_.Begin();
  const Result made(PQexec(connection_.handle(), std::string(query::kCopyRecordMake).c_str()));
  if (made.status() != PGRES_COMMAND_OK) throw connection_.ErrorOf(made.get());
  connection_.Execute("INSERT INTO gdpr_copy.copy (digest) VALUES ($1)", {digest});
  connection_.Commit();
}

void DatabaseTarget::KeepWhole(const CopyPlan& plan, CopyState& state) {
  const Result whole = connection_.Execute(query::kCopyRecordWhole);
  for (std::size_t i = 0; i < plan.tables.size(); ++i) {
    const CopyTable& table = plan.tables[i];
    for (int row = 0; row < whole.rows() && !state.whole[i]; ++row) {
      state.whole[i] = whole.Text(row, 0) == table.schema && whole.Text(row, 1) == table.name;
      state.rows[i] = whole.Int(row, 2);
    }
    if (state.whole[i]) continue;
    // In this order: TRUNCATE waits for what a killed process's session may still commit.
    connection_.Begin();
    connection_.Execute("TRUNCATE ONLY " + QualifiedName(table));
    connection_.Execute(query::kCopyRecordForget, {table.schema, table.name});
    connection_.Commit();
  }
}

void DatabaseTarget::MakeSchema(const Archive& archive, const CopyPlan& plan) {
  for (const CopySchema& schema : plan.schemas) {
    if (!schema.copied && !schema_made_) {
      connection_.Execute("CREATE SCHEMA IF NOT EXISTS " + QuoteName(schema.name));
    }
  }
  if (!schema_made_) {
    const ProgramEnd end = archive.Restore("pre-data", connection_, {"--single-transaction"});
    if (end.status != 0) {
      throw Fault(ExitCode::kDatabase, "the schema could not be made in " + name(),
                  ErrorsOfSchema(end.errors), "Nothing of it was made: --resume tries again.");
    }
  }
  for (const std::string& statement : plan.corrections) connection_.Execute(statement);
}

std::unique_ptr<PartLoader> DatabaseTarget::MakeLoader() {
  return std::make_unique<DatabaseLoader>(settings_, encoding_, signals_);
}

std::vector<std::string> DatabaseTarget::MakeRest(const Archive& archive, const CopyPlan& plan,
                                                  const std::vector<std::string>& sequences) {
  for (const std::string& statement : sequences) connection_.Execute(statement);
  // --verbose: else it does not say which entries failed.
  const ProgramEnd end = archive.Restore("post-data", connection_,
                                         {"--verbose", "--jobs=" + std::to_string(options_.jobs)});
  const std::vector<int> failed = FailedEntries(end.errors);
  if (end.status != 0 && failed.empty()) {
    throw Fault(ExitCode::kDatabase, "pg_restore could not make indexes and constraints",
                "It ended with status " + std::to_string(end.status) + ".",
                "All rows are there: --resume makes the rest.");
  }
  std::vector<std::string> missing = Again(archive, failed);
  for (const auto* last : {&plan.materialized, &plan.forced}) {
    for (const std::string& statement : *last) {
      try {
        connection_.Execute(statement);
      } catch (const SqlError& error) {
        if (error.poisons_connection()) throw;
        StopIfCancelled();
        missing.push_back(statement + ": " + WithoutValues(connection_, error).what());
      }
    }
  }
  return missing;
}

/// Tells why what pg_restore could not make cannot be made: its own words may quote rows, ours do
/// not.
std::vector<std::string> DatabaseTarget::Again(const Archive& archive,
                                               const std::vector<int>& entries) {
  std::vector<std::string> missing;
  if (entries.empty()) return missing;
  Connection connection(settings_);
  WatchedConnection watched(signals_, connection);
  for (const TocEntry& entry : archive.toc()) {
    if (std::ranges::find(entries, entry.id) == entries.end()) continue;
    try {
      const Result result(PQexec(connection.handle(), archive.StatementOf(entry.id).c_str()));
      if (result.status() == PGRES_FATAL_ERROR) throw connection.ErrorOf(result.get());
    } catch (const SqlError& error) {
      if (error.poisons_connection()) throw;
      StopIfCancelled();
      if (IsThereAlready(error)) continue;
      missing.push_back(entry.text + ": " + WithoutValues(connection, error, entry.text).what());
    }
  }
  return missing;
}

void DatabaseTarget::StopIfCancelled() const {
  if (!signals_.cancel_requested()) return;
  throw Fault(ExitCode::kStopped, "stopped while indexes, constraints and views were made",
              "All rows are there.", "--resume makes the rest.");
}

void DatabaseTarget::Finish() {
  connection_.Execute("DROP SCHEMA gdpr_copy CASCADE");
}

}  // namespace gdpr::batch
