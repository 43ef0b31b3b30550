// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "batch/copy/copy_sql.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// Tuples of COPY … TO STDOUT (FORMAT binary): those of several statements as one stream, without
/// headers and trailers. A connection whose stream was not read to its end is good for nothing
/// more.
class CopyReader {
 public:
  CopyReader(Connection& connection, ReadStatements statements)
      : connection_(connection), statements_(std::move(statements)) {}

  /// Puts whole tuples into `tuples`, about so many bytes, or one if it is larger.
  /// out     how many; 0 at the end
  /// throws  SqlError, and Fault if the server says that it sent another number of rows
  std::int64_t Next(std::size_t bytes, std::string& tuples);
  std::int64_t rows() const { return rows_; }

 private:
  bool Begin();
  void End();

  Connection& connection_;
  ReadStatements statements_;
  bool copying_ = false, header_ = false;
  std::int64_t rows_ = 0, rows_of_statement_ = 0;
};

/// COPY … FROM STDIN (FORMAT binary).
class CopyWriter {
 public:
  /// throws  SqlError, as everything here. Its text names no row: CONTEXT, which quotes the line,
  /// is
  ///         never asked for.
  CopyWriter(Connection& connection, const std::string& statement);

  void Write(std::string_view tuples);
  /// out  rows that are in the table now, as the server says
  std::int64_t End();

 private:
  [[noreturn]] void Stop();
  Connection& connection_;
};

/// What a file of COPY (FORMAT binary) begins and ends with.
/// source: PostgreSQL Documentation, COPY, Binary Format
std::string_view CopyHeader();
std::string_view CopyTrailer();

}  // namespace gdpr::batch
