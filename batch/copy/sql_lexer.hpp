// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

namespace gdpr::batch {

/// One word of an SQL text.
struct SqlToken {
  enum class Type { kEnd, kName, kQuoted, kString, kNumber, kSymbol, kBad };

  Type type = Type::kEnd;
  std::string text;  ///< names folded, strings and quoted names without their quotes
  int line = 1;

  bool Is(Type wanted, std::string_view word) const { return type == wanted && text == word; }
  bool Symbol(std::string_view symbol) const { return Is(Type::kSymbol, symbol); }
  /// A word of SQL's own: never one in quotes.
  bool Word(std::string_view word) const { return Is(Type::kName, word); }
  bool Identifier() const { return type == Type::kName || type == Type::kQuoted; }
};

/// Takes SQL text apart: names, literals ('…', E'…', $$…$$), numbers, symbols; comments are left
/// out. Reads nothing but the text.
class SqlLexer {
 public:
  explicit SqlLexer(std::string_view text) : text_(text) {}

  SqlToken Next();

  /// Bytes read so far.
  std::size_t at() const { return at_; }

 private:
  void SkipBlanks();
  SqlToken QuotedName();
  SqlToken String(bool escapes);
  SqlToken Dollar();
  char Look(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace gdpr::batch
