// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/list_input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "batch/output/fault.hpp"
#include "core/error.hpp"

namespace gdpr::batch {
namespace {

/// A chunk is sent as one parameter; also where values are long it stays far below what one may be.
constexpr std::size_t kMostText = 8 << 20;
constexpr int kLookForSignals = 200;  // ms

bool IsBlank(const Record& record) {
  for (std::string_view value : *record.values) {
    if (CheckValue(ListKind::kAddress, AddressSort::kText, value) != Reject::kEmpty) return false;
  }
  return true;
}

}  // namespace

ListInput::ListInput(std::string path, const Signals& signals)
    : name_(std::move(path)), signals_(signals) {
  if (name_ == "-") {
    name_ = "standard input";
    file_ = STDIN_FILENO;
    return;
  }
  file_ = open(name_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) {
    throw Fault(ExitCode::kConfiguration, "could not open the list \"" + name_ + "\"",
                std::strerror(errno));
  }
  struct stat status {};
  if (fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) size_ = status.st_size;
}

ListInput::~ListInput() {
  if (file_ > STDIN_FILENO) close(file_);
}

bool ListInput::Read(std::string& bytes) {
  const std::size_t before = bytes.size();
  while (bytes.size() < before + kBlock) {
    pollfd ready{.fd = file_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kLookForSignals) == 0) {
      if (signals_.stop_requested()) return false;
      continue;
    }
    const std::size_t filled = bytes.size();
    bytes.resize(before + kBlock);
    const ssize_t got = ::read(file_, bytes.data() + filled, bytes.size() - filled);
    const int error = errno;
    bytes.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && (error == EINTR || error == EAGAIN)) continue;
    if (got < 0) {
      throw Fault(ExitCode::kConfiguration, "could not read the list \"" + name_ + "\"",
                  std::strerror(error));
    }
    if (got == 0) return false;
    read_ += got;
  }
  return true;
}

ListSource::ListSource(ListInput& input, const ListWish& wish) : input_(input) {
  at_end_ = !input_.Read(bytes_);
  if (bytes_.starts_with(std::string_view("\xFF\xFE\0\0", 4))) {
    throw Fault(ExitCode::kConfiguration, "the list is in UTF-32", {},
                "Convert it: iconv -f UTF-32 -t UTF-8.");
  }
  const DetectedEncoding detected = DetectEncoding(bytes_);
  encoding_ = wish.encoding.value_or(detected.encoding);
  if (encoding_ == detected.encoding) bytes_.erase(0, detected.mark);
  maker_.emplace(encoding_);
  maker_->Append(bytes_, utf8_);
  if (at_end_) maker_->End(utf8_);
  try {
    format_ = DetectFormat(utf8_, at_end_, wish.hints);
  } catch (const Error& error) {
    throw Fault(ExitCode::kConfiguration, error.message + ": \"" + input_.name() + "\"",
                error.detail, error.hint);
  }
  skip_ = format_.skip;
  reader_.emplace(format_.dialect);
  reader_->Feed(utf8_);
  if (at_end_) reader_->End();
}

// Feeds the reader with the next block; false: it has everything.
bool ListSource::More() {
  if (at_end_) return false;
  bytes_.clear();
  utf8_.clear();
  at_end_ = !input_.Read(bytes_);
  maker_->Append(bytes_, utf8_);
  if (at_end_) maker_->End(utf8_);
  reader_->Feed(utf8_);
  if (at_end_) reader_->End();
  return true;
}

void ListSource::Add(const Record& record, ListChunk& chunk) const {
  using Flaw = Record::Flaw;
  if (record.flaw != Flaw::kNone) {
    chunk.rejected.push_back(
        {record.line, record.flaw == Flaw::kOpenQuote ? Reject::kOpenQuote : Reject::kTooLong});
    return;
  }
  if (record.values->size() <= format_.column) {
    chunk.rejected.push_back({record.line, Reject::kNoColumn});
    return;
  }
  // What is longer than a value may be is rejected without being kept.
  const std::string_view value = record.At(format_.column).substr(0, 4 * kMaxValue);
  chunk.values.push_back({static_cast<std::uint32_t>(chunk.text.size()),
                          static_cast<std::uint32_t>(value.size()), record.line});
  chunk.text.append(value);
}

bool ListSource::Next(int records, ListChunk& chunk) {
  Record record;
  int taken = 0;
  while (taken < records && chunk.text.size() < kMostText) {
    if (!reader_->Next(record)) {
      if (!More()) break;
      continue;
    }
    if (record.flaw == Record::Flaw::kNone) {
      if (IsBlank(record)) continue;
      if (skip_ > 0) {
        --skip_;
        continue;
      }
    }
    Add(record, chunk);
    ++taken;
  }
  if (taken == 0) return false;
  chunk.number = ++chunks_;
  chunk.bytes = input_.read();
  return true;
}

}  // namespace gdpr::batch
