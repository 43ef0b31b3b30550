// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_plan.hpp"

#include <algorithm>
#include <map>

#include "batch/copy/copy_sample.hpp"
#include "batch/copy/copy_sql.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

/// Statements with names of many relations stay short.
constexpr std::size_t kNamesAtOnce = 100;

std::string Joined(const std::vector<std::string>& texts, std::size_t from, const char* between) {
  std::string joined;
  for (std::size_t i = from; i < std::min(texts.size(), from + kNamesAtOnce); ++i) {
    joined += (joined.empty() ? "" : between) + texts[i];
  }
  return joined;
}

std::vector<std::string> FirstColumn(const Result& result) {
  std::vector<std::string> texts;
  for (int row = 0; row < result.rows(); ++row) texts.emplace_back(result.Text(row, 0));
  return texts;
}

Fault SnapshotGone() {
  return {ExitCode::kDatabase, "the snapshot of this copy is gone",
          "The connection that held it was lost.",
          "--resume copies the tables that are not whole, of a new snapshot."};
}

/// Columns that pg_gdpr added to a protected table are no part of a copy.
void DropMaskColumns(std::vector<CopyTable>& tables, std::uint32_t oid) {
  const auto table = std::ranges::find(tables, oid, &CopyTable::oid);
  if (table == tables.end()) return;
  std::erase_if(table->columns, [](const CopyColumn& column) {
    return column.name == "gdpr_allowed" || column.name == "gdpr_valid_until";
  });
}

}  // namespace

std::vector<std::string> CopyPlan::CopiedSchemas() const {
  std::vector<std::string> names;
  for (const CopySchema& schema : schemas) {
    if (schema.copied) names.push_back(schema.name);
  }
  return names;
}

std::int64_t CopyPlan::RowsEstimate() const {
  std::int64_t rows = 0;
  for (const CopyTable& table : tables) rows += table.rows_estimate;
  return rows;
}

CopyLeader::CopyLeader(Connection connection, const Options& options)
    : connection_(std::move(connection)), schemas_(options.copy.schemas) {
  const CopyOptions& copy = options.copy;
  connection_.Execute(query::kCopySession, {nullptr});
  plan_.encoding = PQparameterStatus(connection_.handle(), "client_encoding");
  const auto lockable = FirstColumn(connection_.Execute(query::kCopyLockable, {schemas_}));
  // LOCK takes no snapshot: the first query after it does, and what it shows is locked already.
  connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  Lock(lockable);
  plan_.snapshot = connection_.Execute("SELECT pg_catalog.pg_export_snapshot()").Text(0, 0);
  plan_.server = PQserverVersion(connection_.handle());
  plan_.tables = PlanTables(connection_, copy);
  TakeOffProtection();
  PutOffForce();
  CheckSequences();
  types_ = ReadTypes(connection_, plan_.tables);
  plan_.bounds = UniqueBounds(plan_.tables, *types_, copy.profile);
  if (copy.sample || !copy.subjects_file.empty()) ApplySample(connection_, plan_.tables, copy);
  if (copy.by_person) ApplySeeds(connection_, plan_.tables);
  key_ = CopyKey(connection_, copy);
  ReadSchema();
}

void CopyLeader::Lock(const std::vector<std::string>& names) {
  for (std::size_t at = 0; at < names.size(); at += kNamesAtOnce) {
    connection_.Execute("LOCK TABLE ONLY " + Joined(names, at, ", ONLY ") +
                        " IN ACCESS SHARE MODE");
  }
}

void CopyLeader::ReadSchema() {
  const Result schemas = connection_.Execute(query::kCopySchemas, {schemas_});
  for (int row = 0; row < schemas.rows(); ++row) {
    plan_.schemas.push_back({std::string(schemas.Text(row, 0)),
                             static_cast<std::uint32_t>(schemas.Int(row, 1)),
                             schemas.Text(row, 2) == "t"});
  }
  for (const std::string& name : schemas_) {
    if (std::ranges::find(plan_.schemas, name, &CopySchema::name) != plan_.schemas.end()) continue;
    throw Fault(ExitCode::kConfiguration, "the source has no schema \"" + name + "\"");
  }
  std::vector<std::string> oids;
  for (const CopyTable& table : plan_.tables) oids.push_back(std::to_string(table.oid));
  const Result left = connection_.Execute(query::kCopyLeftOut, {oids});
  for (int row = 0; row < left.rows(); ++row) {
    plan_.left_out.emplace(left.Int(row, 0), left.Int(row, 1));
    if (left.Text(row, 2) == "reference") plan_.references.emplace_back(left.Text(row, 3));
  }
  plan_.not_copied = FirstColumn(connection_.Execute(query::kCopyNotCopied, {schemas_}));
  plan_.roles = FirstColumn(connection_.Execute(query::kCopyRoles, {schemas_}));
  const Result views = connection_.Execute(query::kCopyMaterialized, {schemas_});
  for (int row = 0; row < views.rows(); ++row) {
    const auto oid = static_cast<std::uint32_t>(views.Int(row, 0));
    const bool left_out = std::ranges::any_of(
        plan_.left_out, [&](const ObjectId& object) { return object.second == oid; });
    if (!left_out) {
      plan_.materialized.push_back("REFRESH MATERIALIZED VIEW " + std::string(views.Text(row, 1)));
    }
  }
}

void CopyLeader::TakeOffProtection() {
  const Result protected_tables = connection_.Execute(query::kCopyProtected, {schemas_});
  for (int row = 0; row < protected_tables.rows(); ++row) {
    const auto oid = static_cast<std::uint32_t>(protected_tables.Int(row, 0));
    const std::string name(protected_tables.Text(row, 1));
    const bool own_policies = protected_tables.Text(row, 2) == "t";
    if (protected_tables.Text(row, 3) == "t") DropMaskColumns(plan_.tables, oid);
    if (!own_policies) {
      plan_.left_out.emplace(0, oid);  // pg_dump's entry "ROW SECURITY" has no catalog
      plan_.corrections.push_back("ALTER TABLE ONLY " + name + " NO FORCE ROW LEVEL SECURITY");
    }
    if (protected_tables.Text(row, 4) == "t") {
      plan_.corrections.push_back("ALTER TABLE " + name +
                                  " DROP COLUMN gdpr_allowed, DROP COLUMN IF EXISTS "
                                  "gdpr_valid_until");
    }
  }
}

void CopyLeader::PutOffForce() {
  const Result forced = connection_.Execute(query::kCopyForced, {schemas_});
  for (int row = 0; row < forced.rows(); ++row) {
    // Where it came with protect() it goes for good.
    if (plan_.left_out.contains({0, static_cast<std::uint32_t>(forced.Int(row, 0))})) continue;
    const std::string table = "ALTER TABLE IF EXISTS ONLY " + std::string(forced.Text(row, 1));
    plan_.corrections.push_back(table + " NO FORCE ROW LEVEL SECURITY");
    plan_.forced.push_back(table + " FORCE ROW LEVEL SECURITY");
  }
}

/// They are read last: better to hear now than after hours that they may not be.
void CopyLeader::CheckSequences() {
  const Result sequences = connection_.Execute(query::kCopySequences, {schemas_});
  std::string names;
  for (int row = 0; row < sequences.rows(); ++row) {
    if (sequences.Text(row, 1) == "t") continue;
    names += (names.empty() ? "" : ", ") + std::string(sequences.Text(row, 0));
  }
  if (names.empty()) return;
  throw Fault(ExitCode::kConfiguration, "sequences may not be read", names + ".",
              "The source's role needs SELECT on every sequence that is copied.");
}

void CopyLeader::RequireAlive() {
  const std::lock_guard lock(mutex_);
  try {
    connection_.Execute("SELECT");
  } catch (const SqlError& error) {
    if (!error.poisons_connection()) throw;
    throw SnapshotGone();
  }
}

std::vector<std::string> CopyLeader::SequenceStatements() {
  const auto names = FirstColumn(connection_.Execute(query::kCopySequences, {schemas_}));
  std::vector<std::string> statements;
  for (std::size_t at = 0; at < names.size(); at += kNamesAtOnce) {
    std::vector<std::string> selects;
    for (std::size_t i = at; i < std::min(names.size(), at + kNamesAtOnce); ++i) {
      selects.push_back("SELECT " + QuoteLiteral(names[i]) + ", last_value, is_called FROM " +
                        names[i]);
    }
    const Result values = connection_.Execute(Joined(selects, 0, " UNION ALL "));
    for (int row = 0; row < values.rows(); ++row) {
      statements.push_back("SELECT pg_catalog.setval(" + QuoteLiteral(values.Text(row, 0)) + ", " +
                           std::string(values.Text(row, 1)) + ", " +
                           (values.Text(row, 2) == "t" ? "true" : "false") + ")");
    }
  }
  return statements;
}

Connection ConnectToSnapshot(const Options& options, const std::string& snapshot) {
  Connection connection(options.connection);
  connection.Execute(query::kCopySession, {nullptr});
  connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    connection.Execute("SET TRANSACTION SNAPSHOT " + QuoteLiteral(snapshot));
  } catch (const SqlError& error) {
    if (error.poisons_connection()) throw;
    throw SnapshotGone();
  }
  return connection;
}

void RethrowReadError(const SqlError& error, const CopyTable& table) {
  if (error.sqlstate() != "42501") throw error;
  throw Fault(ExitCode::kConfiguration,
              "rows of table \"" + table.schema + "." + table.name + "\" may not be read",
              error.fields().message,
              "The source's role needs SELECT on every table that is copied, and where row level "
              "security would leave rows out, BYPASSRLS (or --allow-superuser as a superuser).");
}

}  // namespace gdpr::batch
