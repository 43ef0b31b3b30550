// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/run/signals.hpp"
#include "core/list_encoding.hpp"
#include "core/list_format.hpp"

namespace gdpr::batch {

/// The bytes of a list, a block at a time.
class ListInput {
 public:
  static constexpr std::size_t kBlock = 256 * 1024;

  /// in  path  a file, or "-" for standard input. throws  Fault kConfiguration
  ListInput(std::string path, const Signals& signals);
  ~ListInput();
  ListInput(const ListInput&) = delete;
  ListInput& operator=(const ListInput&) = delete;

  /// Appends the next bytes, kBlock unless there are fewer; false: that was the end, or a signal
  /// came while nothing did. throws  Fault kConfiguration
  bool Read(std::string& bytes);

  /// For messages: the path, or "standard input".
  const std::string& name() const { return name_; }
  std::optional<std::int64_t> size() const { return size_; }  ///< of a file
  std::int64_t read() const { return read_; }

 private:
  std::string name_;
  const Signals& signals_;
  int file_ = 0;
  std::optional<std::int64_t> size_;
  std::int64_t read_ = 0;
};

/// Some values of a list on their way to the server, and why others are not.
struct ListChunk {
  struct Value {
    std::uint32_t start, size;  ///< within text
    std::int64_t line;
  };
  struct Rejected {
    std::int64_t line;
    Reject reason;
  };
  int number = 0;    ///< from 1, in the list's order
  std::string text;  ///< the values as they stand in the list
  std::vector<Value> values;
  std::vector<Rejected> rejected;
  std::int64_t bytes = 0;  ///< read from the list when the chunk was full
};

/// What is wanted of a list, said or found out.
struct ListWish {
  ListHints hints;
  std::optional<Encoding> encoding;
};

/// A list as values with their line numbers. Memory: a block, a record and what a chunk holds.
class ListSource {
 public:
  /// Reads the beginning and finds out what it is. throws  Fault kConfiguration
  ListSource(ListInput& input, const ListWish& wish);

  const ListFormat& format() const { return format_; }
  Encoding encoding() const { return encoding_; }

  /// The next `records` records that are not blank; false: there are none. throws  Fault
  bool Next(int records, ListChunk& chunk);

  std::int64_t quotes_given_up() const { return reader_->quotes_given_up(); }

 private:
  bool More();
  void Add(const Record& record, ListChunk& chunk) const;

  ListInput& input_;
  Encoding encoding_ = Encoding::kUtf8;
  std::optional<Utf8Maker> maker_;
  ListFormat format_;
  std::optional<ListReader> reader_;
  std::string bytes_, utf8_;
  bool at_end_ = false;
  int skip_ = 0, chunks_ = 0;
};

}  // namespace gdpr::batch
