// SPDX-License-Identifier: PostgreSQL
#include "batch/session/connection.hpp"

#include <array>
#include <charconv>
#include <random>
#include <thread>

#include "batch/output/log.hpp"
#include "batch/queries.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

PGconn* Connect(const ConnectionSettings& settings) {
  // dbname comes last: what a connection string says wins, as in psql.
  std::vector<const char*> keys = {"application_name", "client_encoding",     "connect_timeout",
                                   "keepalives_idle",  "keepalives_interval", "keepalives_count"};
  std::vector<const char*> values = {"gdpr-batch", "UTF8", "10", "30", "10", "3"};
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    keys.push_back(key);
    values.push_back(value.c_str());
  };
  add("host", settings.host);
  add("port", settings.port);
  add("user", settings.user);
  add("dbname", settings.dbname);
  keys.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectdbParams(keys.data(), values.data(), /*expand_dbname=*/1);
}

void IgnoreNotice(void* /*arg*/, const PGresult* /*notice*/) {
}  // a trigger's notice may quote a row

std::string FieldOf(const PGresult* result, int code) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

double Jitter() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<>(0.0, 1.0)(generator);
}

}  // namespace

Param::Param(std::span<const std::string> items) {
  std::string literal = "{";
  for (const std::string& item : items) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  text_ = literal + "}";
}

std::string_view Result::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Result::Int(int row, int column) const {
  const std::string_view text = Text(row, column);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double Result::Double(int row, int column) const {
  const std::string_view text = Text(row, column);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Connection::Connection(const ConnectionSettings& settings)
    : connection_(Connect(settings), &PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    // libpq 15 has no SQLSTATE for a failed connection; its text names host, role and database.
    SqlError::Fields fields;
    fields.sqlstate = "08001";
    fields.message = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
    while (fields.message.ends_with('\n')) fields.message.pop_back();
    fields.connection_lost = true;
    throw SqlError(std::move(fields));
  }
  PQsetNoticeReceiver(connection_.get(), &IgnoreNotice, nullptr);
  canceller_ = Canceller(PQgetCancel(connection_.get()), &PQfreeCancel);
  Execute(query::kSession, {settings.lock_timeout, settings.statement_timeout});
}

Connection Connection::Patient(const ConnectionSettings& settings,
                               const std::function<bool()>& give_up) {
  const auto deadline = std::chrono::steady_clock::now() + settings.patience;
  for (int tries = 0;; ++tries) {
    try {
      return Connection(settings);
    } catch (const SqlError& error) {
      if (give_up() || std::chrono::steady_clock::now() > deadline) throw;
      Log(Level::kWarning, "reconnect", {{"sqlstate", error.sqlstate()}, {"try", tries + 1}});
      std::this_thread::sleep_for(Backoff(tries, Jitter()));
    }
  }
}

SqlError Connection::ErrorOf(const PGresult* result) const {
  SqlError::Fields fields;
  fields.sqlstate = FieldOf(result, PG_DIAG_SQLSTATE);
  fields.message = FieldOf(result, PG_DIAG_MESSAGE_PRIMARY);
  fields.detail = FieldOf(result, PG_DIAG_MESSAGE_DETAIL);
  fields.hint = FieldOf(result, PG_DIAG_MESSAGE_HINT);
  fields.schema = FieldOf(result, PG_DIAG_SCHEMA_NAME);
  fields.table = FieldOf(result, PG_DIAG_TABLE_NAME);
  fields.column = FieldOf(result, PG_DIAG_COLUMN_NAME);
  fields.constraint = FieldOf(result, PG_DIAG_CONSTRAINT_NAME);
  fields.source_file = FieldOf(result, PG_DIAG_SOURCE_FILE);
  fields.context = FieldOf(result, PG_DIAG_CONTEXT);
  fields.connection_lost = PQstatus(connection_.get()) != CONNECTION_OK;
  if (fields.sqlstate.empty()) fields.sqlstate = fields.connection_lost ? "08006" : "XX000";
  if (fields.message.empty()) fields.message = ConditionName(fields.sqlstate);
  return SqlError(std::move(fields));
}

Result Connection::Execute(std::string_view sql, std::initializer_list<Param> params) {
  std::vector<const char*> values;
  for (const Param& param : params) values.push_back(param.c_str());
  Result result(PQexecParams(connection_.get(), std::string(sql).c_str(),
                             static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                             nullptr, /*resultFormat=*/0));
  switch (result.status()) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      return result;
    default:
      throw ErrorOf(result.get());
  }
}

void Connection::Begin() {
  Execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  Execute("SET CONSTRAINTS ALL IMMEDIATE");
}

void Connection::Commit() {
  Execute("COMMIT");
}

void Connection::Rollback() noexcept {
  const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
  if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) {
    PQclear(PQexec(connection_.get(), "ROLLBACK"));
  }
}

void Connection::Cancel(const Canceller& canceller) noexcept {
  std::array<char, 256> reason{};
  if (canceller) PQcancel(canceller.get(), reason.data(), static_cast<int>(reason.size()));
}

}  // namespace gdpr::batch
