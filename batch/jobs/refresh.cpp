// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/refresh.hpp"

#include <chrono>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "batch/cli/options.hpp"
#include "batch/copy/copy_rules.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/run/signals.hpp"
#include "batch/session/handshake.hpp"
#include "core/rule.hpp"

namespace gdpr::batch {
namespace {

using Json = nlohmann::ordered_json;

/// A table whose values change, as gdpr.refresh_tables() wants it.
struct Table {
  std::uint32_t oid = 0;
  std::string name;
  std::int64_t rows = 0;  ///< an estimate
  nlohmann::json columns = nlohmann::json::object();
};

/// Tables that change in one transaction.
using Group = std::vector<Table>;

struct Done {
  std::int64_t tables = 0, rows = 0;
};

bool Changes(const CopyColumn& column, Profile profile) {
  if (column.to_null) return true;
  return !column.rule.empty() &&
         TreatmentFor(ParseRule(column.rule), profile).id != TreatmentId::kKeep;
}

/// Which columns of which tables, by the same rules as a copy.
std::vector<Table> ReadPlan(Connection& connection, const Options& options, Profile profile) {
  CopyOptions copy;
  copy.profile = profile;
  copy.unclassified = options.anonymize.unclassified == "error"  ? Unclassified::kError
                      : options.anonymize.unclassified == "null" ? Unclassified::kNull
                                                                 : Unclassified::kKeep;
  connection.Begin();
  const std::vector<CopyTable> plan = PlanTables(connection, copy);
  connection.Rollback();
  std::vector<Table> tables;
  for (const CopyTable& planned : plan) {
    Table table{planned.oid, planned.schema + "." + planned.name, planned.rows_estimate};
    for (const CopyColumn& column : planned.columns) {
      if (!Changes(column, profile)) continue;
      table.columns[column.name] = column.to_null ? nlohmann::json() : nlohmann::json(column.rule);
    }
    if (!table.columns.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

/// Without the tables that the ledger has. One that was treated by other rules cannot be mended.
std::vector<Table> WithoutDone(const std::vector<Table>& tables, Connection& connection,
                               const std::string& profile, Done& done) {
  std::map<std::uint32_t, bool> known;
  const Result ledger = connection.Execute(query::kRefreshDone);
  for (int row = 0; row < ledger.rows(); ++row) {
    const auto oid = static_cast<std::uint32_t>(ledger.Int(row, 0));
    const auto rules = nlohmann::json::parse(ledger.Text(row, 1));
    for (const Table& table : tables) {
      if (table.oid != oid) continue;
      if (table.columns == rules && ledger.Text(row, 4) == profile) continue;
      throw Fault(ExitCode::kConfiguration,
                  "table " + table.name + " was anonymized in place by other rules",
                  "A fake of a fake is another one, so it is not treated again.",
                  "Restore the database, and run it with the rules as they are now.");
    }
    known[oid] = true;
    ++done.tables;
    done.rows += ledger.Int(row, 2);
  }
  std::vector<Table> left;
  for (const Table& table : tables) {
    if (!known.contains(table.oid)) left.push_back(table);
  }
  return left;
}

std::uint32_t RootOf(std::map<std::uint32_t, std::uint32_t>& above, std::uint32_t oid) {
  while (above.contains(oid) && above[oid] != oid) oid = above[oid];
  return oid;
}

std::string OidList(const std::vector<std::string>& items) {
  std::string list = "{";
  for (const std::string& item : items) list += (list.size() > 1 ? "," : "") + item;
  return list + "}";
}

std::vector<Group> GroupTables(Connection& connection, const std::vector<Table>& tables) {
  std::vector<std::string> oids, names;
  for (const Table& table : tables) {
    for (const auto& [name, rule] : table.columns.items()) {
      oids.push_back(std::to_string(table.oid));
      names.push_back(name);
    }
  }
  const Result pairs = connection.Execute(query::kRefreshGroups, {OidList(oids), names});
  std::map<std::uint32_t, std::uint32_t> above, root_of;
  for (int row = 0; row < pairs.rows(); ++row) {
    const auto a = static_cast<std::uint32_t>(pairs.Int(row, 1));
    const auto b = static_cast<std::uint32_t>(pairs.Int(row, 2));
    above[RootOf(above, a)] = RootOf(above, b);
    if (!pairs.IsNull(row, 0)) root_of[static_cast<std::uint32_t>(pairs.Int(row, 0))] = a;
  }
  std::map<std::uint32_t, Group> groups;
  for (const Table& table : tables) groups[RootOf(above, root_of[table.oid])].push_back(table);
  std::vector<Group> result;
  for (auto& [root, group] : groups) result.push_back(std::move(group));
  return result;
}

void CheckDatabase(Connection& connection, const Options& options) {
  const Result result = connection.Execute(query::kCurrentDatabase);
  const std::string current(result.Text(0, 0));
  if (current == options.anonymize.staging_database) return;
  throw Fault(ExitCode::kConfiguration, "this is not the staging database that was named",
              "Connected is database \"" + current + "\", named was \"" +
                  options.anonymize.staging_database + "\".",
              "Every value of every classified column is replaced for good: name the database only "
              "if it is a copy.");
}

/// As gdpr.refresh_tables() wants it.
nlohmann::json PlanOf(const std::vector<Table>& tables) {
  nlohmann::json plan = nlohmann::json::array();
  for (const Table& table : tables) {
    plan.push_back({{"relation", table.oid}, {"columns", table.columns}});
  }
  return plan;
}

/// What would stop the run at a later table is said before the first one.
void CheckPlan(Connection& connection, const Options& options, const std::vector<Table>& tables) {
  try {
    connection.Execute(query::kRefreshCheck, {options.anonymize.staging_database,
                                              PlanOf(tables).dump(), options.anonymize.profile});
  } catch (const SqlError& error) {
    if (IsOfUsersCode(error.fields())) throw;
    if (error.sqlstate() != "PD005" && error.sqlstate() != "0A000") throw;
    // The function's own words: names of columns and tables, and no values.
    const SqlError::Fields& said = error.fields();
    throw Fault(ExitCode::kConfiguration, said.message, said.detail, said.hint);
  }
}

/// What pg_gdpr itself recorded in production.
Json ReadRecords(Connection& connection) {
  Json records = Json::object();
  const Result result = connection.Execute(query::kRefreshRecords);
  for (int row = 0; row < result.rows(); ++row) {
    records[std::string(result.Text(row, 0))] = result.Int(row, 1);
  }
  return records;
}

void DropRecords(Connection& connection, const Options& options) {
  const Json records = ReadRecords(connection);
  if (records.empty()) return;
  if (!options.anonymize.drop_records) {
    std::string list;
    for (const auto& [table, rows] : records.items()) {
      list += (list.empty() ? "" : ", ") + table + " (" + rows.dump() + " rows)";
    }
    throw Fault(ExitCode::kConfiguration,
                "records that pg_gdpr made in production hold values of people",
                "They are " + list + ".",
                "Say --drop-records to empty them in this copy; the database's owner may.");
  }
  connection.Begin();
  connection.Execute(query::kRefreshForget, {options.anonymize.staging_database});
  connection.Commit();
  Log(Level::kInfo, "records_dropped", {{"tables", static_cast<std::int64_t>(records.size())}});
}

void ChangeGroup(Connection& connection, const Options& options, const Group& group, Done& done) {
  const auto begun = std::chrono::steady_clock::now();
  connection.Begin();
  const Result result = connection.Execute(
      query::kRefreshTables,
      {options.anonymize.staging_database, PlanOf(group).dump(), options.anonymize.profile});
  connection.Commit();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  for (int row = 0; row < result.rows(); ++row) {
    for (const Table& table : group) {
      if (table.oid != static_cast<std::uint32_t>(result.Int(row, 0))) continue;
      Log(Level::kInfo, "table",
          {{"table", table.name}, {"rows", result.Int(row, 1)}, {"seconds", seconds.count()}});
    }
    ++done.tables;
    done.rows += result.Int(row, 1);
  }
}

/// Dead rows, statistics and materialized views hold the old values until here.
void Clean(Connection& connection, const Options& options, const Signals& signals) {
  const Result done = connection.Execute(query::kRefreshDone);
  for (int row = 0; row < done.rows(); ++row) {
    if (done.Text(row, 3) == "t") continue;
    if (signals.stop_requested()) return;
    connection.Execute(done.Text(row, 5));
    connection.Execute(query::kRefreshRewritten,
                       {options.anonymize.staging_database, done.Int(row, 0)});
    Log(Level::kInfo, "rewritten", {{"table", done.Text(row, 6)}});
  }
  const Result roots = connection.Execute(query::kRefreshRoots);
  for (int row = 0; row < roots.rows(); ++row) connection.Execute(roots.Text(row, 0));
  const Result views = connection.Execute(query::kCopyMaterialized, {"{}"});
  for (int row = 0; row < views.rows(); ++row) {
    const std::string name(views.Text(row, 1));
    connection.Execute("REFRESH MATERIALIZED VIEW " + name);
    connection.Execute("ANALYZE " + name);
    Log(Level::kInfo, "refreshed", {{"view", name}});
  }
}

ExitCode DryRun(const Options& options, const std::vector<Group>& groups, const Json& records,
                const Done& done) {
  Json tables = Json::array();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const Table& table : groups[i]) {
      tables.push_back({{"transaction", i + 1},
                        {"table", table.name},
                        {"rows_estimate", table.rows},
                        {"columns", table.columns}});
    }
  }
  if (options.json) {
    std::cout << Json{{"dry_run", true},
                      {"database", options.anonymize.staging_database},
                      {"profile", options.anonymize.profile},
                      {"tables_done", done.tables},
                      {"tables", tables},
                      {"records", records}}
                     .dump()
              << std::endl;
    return ExitCode::kDone;
  }
  std::cout << "Dry run: nothing was changed. Of database \"" << options.anonymize.staging_database
            << "\" these columns would be replaced for good:\n";
  for (const Json& table : tables) {
    std::cout << "  transaction " << table["transaction"] << ": "
              << table["table"].get<std::string>() << ", about "
              << FormatCount(table["rows_estimate"].get<std::int64_t>()) << " rows\n";
    for (const auto& [column, rule] : table["columns"].items()) {
      std::cout << "      " << column << ": " << (rule.is_null() ? "NULL" : rule.get<std::string>())
                << '\n';
    }
  }
  if (done.tables > 0) std::cout << "  " << done.tables << " tables were done before.\n";
  for (const auto& [table, rows] : records.items()) {
    std::cout << "  emptied by --drop-records: " << table << ", " << rows << " rows\n";
  }
  return ExitCode::kDone;
}

ExitCode Report(const Options& options, const Done& done, double seconds) {
  if (options.json) {
    std::cout << Json{{"database", options.anonymize.staging_database},
                      {"profile", options.anonymize.profile},
                      {"tables", done.tables},
                      {"rows", done.rows},
                      {"seconds", seconds}}
                     .dump()
              << std::endl;
  } else {
    std::cout << "Database \"" << options.anonymize.staging_database
              << "\" is anonymized in place: " << FormatCount(done.rows) << " rows of "
              << done.tables << " tables, in " << FormatSeconds(seconds)
              << ". WAL and backups of this server hold the old values until they are removed.\n";
  }
  return ExitCode::kDone;
}

[[noreturn]] void Stop(const Done& done) {
  throw Fault(ExitCode::kStopped, "stopped: this copy still holds values of production",
              std::to_string(done.tables) + " tables are done.",
              "Start it again: what is done is not done twice.");
}

}  // namespace

ExitCode Refresh(const Options& options, Signals& signals) {
  const auto begun = std::chrono::steady_clock::now();
  const Profile profile = ParseProfile(options.anonymize.profile);
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  CheckDatabase(connection, options);
  Done done;
  const std::vector<Table> left = WithoutDone(ReadPlan(connection, options, profile), connection,
                                              options.anonymize.profile, done);
  CheckPlan(connection, options, left);
  const std::vector<Group> groups = GroupTables(connection, left);
  if (options.dry_run) return DryRun(options, groups, ReadRecords(connection), done);
  DropRecords(connection, options);
  for (const Group& group : groups) {
    if (signals.stop_requested()) Stop(done);
    ChangeGroup(connection, options, group, done);
  }
  Clean(connection, options, signals);
  if (signals.stop_requested()) Stop(done);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  return Report(options, done, seconds.count());
}

}  // namespace gdpr::batch
