// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch/session/sql_error.hpp"

namespace gdpr::batch {

/// Where and how to connect. Empty: libpq's own defaults (environment, service, password file).
struct ConnectionSettings {
  std::string dbname;  ///< name, connection string or URI; what it says wins over the others
  std::string host, port, user;
  std::string lock_timeout = "5s";
  std::string statement_timeout = "10min";  ///< "0": none
  std::chrono::seconds patience{60};  ///< how long to go on trying to connect
};

/// A bound parameter; never part of the SQL text.
class Param {
 public:
  Param(std::nullptr_t) {}
  Param(std::string text) : text_(std::move(text)) {}
  Param(std::string_view text) : text_(text) {}
  Param(const char* text) : text_(text) {}
  Param(std::int64_t number) : text_(std::to_string(number)) {}
  Param(int number) : text_(std::to_string(number)) {}
  template <typename T>
  Param(const std::optional<T>& value) {
    if (value) *this = Param(*value);
  }
  /// A text[] literal.
  Param(std::span<const std::string> items);
  Param(const std::vector<std::string>& items) : Param(std::span<const std::string>(items)) {}

  const char* c_str() const { return text_ ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};

/// The rows of a statement.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result, &PQclear) {}
  const PGresult* get() const { return result_.get(); }
  ExecStatusType status() const { return PQresultStatus(result_.get()); }
  int rows() const { return PQntuples(result_.get()); }
  int columns() const { return PQnfields(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view Text(int row, int column) const;
  std::int64_t Int(int row, int column) const;  ///< 0 for NULL
  double Double(int row, int column) const;     ///< 0 for NULL
  std::string_view Name(int column) const { return PQfname(result_.get(), column); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

/// One session of gdpr-batch (libpq, RAII). Movable, not shared between threads; only Canceller may
/// be used from another one.
class Connection {
 public:
  /// Connects and prepares the session (queries/session.sql). Throws SqlError.
  explicit Connection(const ConnectionSettings& settings);

  /// Connects, trying again while the server is away, until settings.patience is over or give_up
  /// says so. Throws the last SqlError.
  static Connection Patient(const ConnectionSettings& settings,
                            const std::function<bool()>& give_up);

  Result Execute(std::string_view sql, std::initializer_list<Param> params = {});

  /// BEGIN in READ COMMITTED, and SET CONSTRAINTS ALL IMMEDIATE as its own statement: a deferred
  /// trigger cannot fire inside the erasure's restricted operation.
  void Begin();
  /// Throws SqlError; with poisons_connection() it is not known whether the transaction happened.
  void Commit();
  /// Rolls back if a transaction is open; never throws.
  void Rollback() noexcept;

  int backend_pid() const { return PQbackendPID(connection_.get()); }

  /// For COPY (copy_stream.cpp) and for programs that connect like us (copy_program.cpp).
  PGconn* handle() const { return connection_.get(); }
  SqlError ErrorOf(const PGresult* result) const;

  /// Cancels what the connection is doing, from any thread, also after the connection is gone.
  using Canceller = std::shared_ptr<PGcancel>;
  Canceller canceller() const { return canceller_; }
  static void Cancel(const Canceller& canceller) noexcept;

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  Canceller canceller_;
};

}  // namespace gdpr::batch
