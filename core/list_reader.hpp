// SPDX-License-Identifier: PostgreSQL
// Records of lists that other programs exported: lines of values with a delimiter between them, in
// quotes or not (RFC 4180, and what is written instead of it). Memory is bounded by one record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr {

/// How the records of a list are written.
struct Dialect {
  char delimiter = '\0';  ///< '\0': a line is one value, though it may be in quotes
  char line_end = '\n';   ///< '\r' for lists of old Macs; a '\r' before '\n' is no part of a value
};

struct Record {
  /// Why there is no value in it.
  enum class Flaw : std::uint8_t {
    kNone,
    kOpenQuote,  ///< a quote begins that never ends, or something follows the one that ends it
    kTooLong,    ///< longer than kMaxRecord
  };
  Flaw flaw = Flaw::kNone;
  std::int64_t line = 0;  ///< its first one, counted from 1
  /// Views into the reader, until the next call of Next().
  const std::vector<std::string_view>* values = nullptr;

  /// Value number `column` from 0; nothing if there are fewer.
  std::string_view At(std::size_t column) const {
    return column < values->size() ? (*values)[column] : std::string_view();
  }
};

/// Reads records from pieces of UTF-8 (or of anything else: bytes are not looked at). However a
/// list is cut into pieces, its records are the same.
///
/// A quote that is never closed must not swallow the rest of a list: when a record has grown too
/// long, or something stands behind a closing quote, its first line alone is flawed, and reading
/// goes on with its second. Once that has made the reader read half of everything twice, quotes
/// are letters like others from there on: time is linear in any list.
class ListReader {
 public:
  /// A record with its quotes; exports with notes and tags stay far below.
  static constexpr std::size_t kMaxRecord = 256 * 1024;
  /// What may be read twice in any case, besides half of everything.
  static constexpr std::size_t kPatience = 16 * kMaxRecord;

  explicit ListReader(Dialect dialect) : dialect_(dialect) {}

  /// The next piece. Everything before it has been asked for with Next().
  void Feed(std::string_view piece);
  /// There are no more pieces.
  void End() { ended_ = true; }
  /// The next record; false: another piece is needed, or this was the last one.
  bool Next(Record& record);

  /// From this line on quotes are letters, because too many were never closed; 0: nowhere.
  std::int64_t quotes_given_up() const { return quotes_given_up_; }

 private:
  enum class Scan : std::uint8_t { kRecord, kMore, kOpenQuote, kTooLong };
  struct Span {
    std::size_t start, end;
    bool escaped;  ///< holds doubled quotes
  };

  Scan ScanRecord();
  Scan ScanQuoted(std::size_t& at);
  Scan ScanPlain(std::size_t& at);
  bool EndsValue(std::size_t at) const;
  bool IsLineEnd(std::size_t at) const { return buffer_[at] == dialect_.line_end; }
  bool IsOver(std::size_t at) const { return at - at_ > kMaxRecord; }
  void FillValues();
  bool SkipLine();
  bool Give(Record& record, Record::Flaw flaw);
  bool GiveFirstLine(Record& record, Record::Flaw flaw);

  Dialect dialect_;
  std::string buffer_;
  std::size_t at_ = 0;       ///< where the record begins
  std::size_t next_ = 0;     ///< where the one after it begins
  std::int64_t line_ = 1;    ///< of the record
  std::int64_t lines_ = 0;   ///< line ends in it
  std::vector<Span> spans_;  ///< its values
  std::vector<std::string_view> values_;
  std::string unescaped_;
  bool ended_ = false, skipping_ = false;
  std::uint64_t read_ = 0, read_twice_ = 0;
  std::int64_t quotes_given_up_ = 0;
};

}  // namespace gdpr
