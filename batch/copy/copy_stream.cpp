// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_stream.hpp"

#include <poll.h>

#include <memory>

#include "batch/copy/copy_row_bytes.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

using namespace std::literals;

constexpr std::string_view kHeader = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr std::string_view kTrailer = "\377\377"sv;
constexpr std::size_t kSignature = 11;

std::int64_t RowsOf(const Result& result) {
  return std::strtoll(PQcmdTuples(const_cast<PGresult*>(result.get())), nullptr, 10);
}

/// Bytes of the header that a message begins with.
std::size_t HeaderSize(std::string_view message) {
  if (message.size() < kHeader.size() || !message.starts_with(kHeader.substr(0, kSignature))) {
    throw Fault(ExitCode::kDatabase, "the source does not send what COPY sends in binary");
  }
  return kHeader.size() + Load<std::uint32_t>(message.data() + kSignature + 4);
}

}  // namespace

std::string_view CopyHeader() {
  return kHeader;
}

std::string_view CopyTrailer() {
  return kTrailer;
}

/// out  false: no statement is left
bool CopyReader::Begin() {
  const std::string statement = statements_.Next();
  if (statement.empty()) return false;
  const Result result(PQexec(connection_.handle(), statement.c_str()));
  if (result.status() != PGRES_COPY_OUT) throw connection_.ErrorOf(result.get());
  copying_ = header_ = true;
  rows_of_statement_ = 0;
  return true;
}

void CopyReader::End() {
  const Result result(PQgetResult(connection_.handle()));
  if (result.status() != PGRES_COMMAND_OK) throw connection_.ErrorOf(result.get());
  while (PGresult* more = PQgetResult(connection_.handle())) PQclear(more);
  if (RowsOf(result) != rows_of_statement_) {
    throw Fault(ExitCode::kDatabase, "the source says that it sent " +
                                         std::to_string(RowsOf(result)) + " rows, and " +
                                         std::to_string(rows_of_statement_) + " came");
  }
  rows_ += rows_of_statement_;
  copying_ = false;
}

std::int64_t CopyReader::Next(std::size_t bytes, std::string& tuples) {
  tuples.clear();
  std::int64_t rows = 0;
  while (tuples.size() < bytes) {
    if (!copying_ && !Begin()) break;
    char* data = nullptr;
    const int size = PQgetCopyData(connection_.handle(), &data, /*async=*/0);
    if (size < 0) {
      End();
      continue;
    }
    // "Always one per row" (Frontend/Backend Protocol, COPY Operations), but for header and
    // trailer.
    const std::unique_ptr<char, void (*)(void*)> owner(data, &PQfreemem);
    std::string_view message(data, static_cast<std::size_t>(size));
    if (header_) message.remove_prefix(std::min(HeaderSize(message), message.size()));
    header_ = false;
    if (message.empty() || message == kTrailer) continue;
    tuples += message;
    ++rows;
    ++rows_of_statement_;
  }
  return rows;
}

CopyWriter::CopyWriter(Connection& connection, const std::string& statement)
    : connection_(connection) {
  const Result result(PQexec(connection.handle(), statement.c_str()));
  if (result.status() != PGRES_COPY_IN) throw connection.ErrorOf(result.get());
  Write(kHeader);
}

void CopyWriter::Write(std::string_view tuples) {
  // Who loads has nothing to say before the end, unless it failed: then the rest need not be read.
  pollfd said{PQsocket(connection_.handle()), POLLIN, 0};
  if (poll(&said, 1, 0) > 0) Stop();
  if (PQputCopyData(connection_.handle(), tuples.data(), static_cast<int>(tuples.size())) != 1) {
    Stop();
  }
}

std::int64_t CopyWriter::End() {
  if (PQputCopyData(connection_.handle(), kTrailer.data(), static_cast<int>(kTrailer.size())) !=
          1 ||
      PQputCopyEnd(connection_.handle(), nullptr) != 1) {
    Stop();
  }
  const Result result(PQgetResult(connection_.handle()));
  if (result.status() != PGRES_COMMAND_OK) throw connection_.ErrorOf(result.get());
  while (PGresult* more = PQgetResult(connection_.handle())) PQclear(more);
  return RowsOf(result);
}

void CopyWriter::Stop() {
  PQputCopyEnd(connection_.handle(), "gdpr-batch ends this copy");
  const Result result(PQgetResult(connection_.handle()));
  throw connection_.ErrorOf(result.get());
}

}  // namespace gdpr::batch
