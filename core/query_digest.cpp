// SPDX-License-Identifier: PostgreSQL
#include "query_digest.hpp"

#include <algorithm>
#include <cstddef>

namespace gdpr {
namespace {

// More than that is not kept for the next query.
constexpr std::size_t kKept = 64 * 1024;

constexpr std::string_view kOperatorChars = "~!@#^&|`?+-*/%<>=";
// An operator that has one of these may end with + or -.
constexpr std::string_view kSignChars = "~!@#^&|`?%";

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsWordStart(char c) {
  return (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 128;
}

bool IsWordChar(char c) {
  return IsWordStart(c) || IsDigit(c) || c == '$';
}

bool Same(std::string_view word, std::string_view lower) {
  return std::equal(word.begin(), word.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

bool IsIn(std::string_view these, char c) {
  return these.find(c) != std::string_view::npos;
}

// The scanner of PostgreSQL, as far as it decides where tokens begin and end.
class Normalizer {
 public:
  Normalizer(std::string_view query, bool standard_strings, std::string& out)
      : rest_(query), standard_(standard_strings), out_(out), start_(out.size()) {}

  void Run() {
    while (SkipSpace()) {
      const char c = rest_[0];
      const bool after_string = was_string_;
      was_string_ = false;
      if (c == '\'') {
        String(after_string && new_line_ ? escapes_ : !standard_, after_string && new_line_);
      } else if (c == '"') {
        Put(TakeQuoted(false));
      } else if (IsDigit(c) || (c == '.' && IsDigit(At(1)))) {
        TakeNumber();
        Value();
      } else if (c == '$') {
        Dollar();
      } else if (IsWordStart(c)) {
        if (!Prefixed()) Word();
      } else if (IsIn(kOperatorChars, c)) {
        Put(Take(OperatorSize()));
      } else {
        Put(Take(1));
        if (c == ')') JoinRows();
      }
    }
    while (EndsWith(" ;")) Drop(2);
  }

 private:
  char At(std::size_t i) const { return i < rest_.size() ? rest_[i] : '\0'; }

  std::string_view Take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // Every token has a space before it, so that ends can be compared.
  void Put(std::string_view token) { out_.append(1, ' ').append(token); }

  bool EndsWith(std::string_view end) const {
    return out_.size() - start_ >= end.size() && std::string_view(out_).ends_with(end);
  }

  void Drop(std::size_t size) { out_.resize(out_.size() - size); }

  // A value. The parser makes -5 one constant, and a - 5 two operands: neither keeps its sign.
  void Value() {
    while (EndsWith(" -")) Drop(2);
    if (EndsWith(" ( ? ,") || EndsWith(" [ ? ,")) {
      Drop(2);
    } else {
      Put("?");
    }
  }

  // (?), (?) is (?)
  void JoinRows() {
    constexpr std::string_view kRow = " , ( ? )";
    if (EndsWith(" ( ? ) , ( ? )")) Drop(kRow.size());
  }

  // To the next token; false: there is none.
  bool SkipSpace() {
    new_line_ = false;
    while (!rest_.empty()) {
      if (IsSpace(rest_[0])) {
        new_line_ = new_line_ || rest_[0] == '\n' || rest_[0] == '\r';
        rest_.remove_prefix(1);
      } else if (rest_.starts_with("--")) {
        Take(rest_.find_first_of("\r\n"));
      } else if (rest_.starts_with("/*")) {
        SkipComment();
      } else {
        return true;
      }
    }
    return false;
  }

  // Comments nest.
  void SkipComment() {
    std::size_t depth = 0;
    do {
      if (rest_.starts_with("/*")) {
        ++depth;
        Take(2);
      } else if (rest_.starts_with("*/")) {
        --depth;
        Take(2);
      } else {
        Take(1);
      }
    } while (depth > 0 && !rest_.empty());
  }

  // Between quotes; a doubled quote is one of the text.
  std::string_view TakeQuoted(bool escapes) {
    const char quote = rest_[0];
    std::size_t size = 1;
    while (size < rest_.size()) {
      const char c = rest_[size++];
      if (escapes && c == '\\') {
        ++size;
      } else if (c == quote) {
        if (At(size) != quote) break;
        ++size;
      }
    }
    return Take(size);
  }

  // A literal. After another one and a new line it is the same one's next part.
  void String(bool escapes, bool continued) {
    TakeQuoted(escapes);
    if (!continued) Value();
    was_string_ = true;
    escapes_ = escapes;
  }

  // E'…', B'…', X'…', U&'…', U&"…"
  bool Prefixed() {
    const char prefix = Lower(rest_[0]);
    if (At(1) == '\'' && IsIn("ebx", prefix)) {
      Take(1);
      String(prefix == 'e', false);
      return true;
    }
    if (prefix != 'u' || At(1) != '&' || (At(2) != '\'' && At(2) != '"')) return false;
    Take(2);
    if (rest_[0] == '\'') {
      String(false, false);
    } else {
      Put("u&");
      out_.append(TakeQuoted(false));
    }
    return true;
  }

  void TakeNumber() {
    std::size_t size = 0;
    if (rest_[0] == '0' && IsWordStart(At(1)) && Lower(At(1)) != 'e') {
      while (IsWordChar(At(size))) ++size;  // 0x1F, 0o17, 0b11
      Take(size);
      return;
    }
    const auto digits = [&] {
      while (IsDigit(At(size)) || (At(size) == '_' && IsDigit(At(size + 1)))) ++size;
    };
    digits();
    if (At(size) == '.' && At(size + 1) != '.') {
      ++size;
      digits();
    }
    const std::size_t sign = At(size + 1) == '+' || At(size + 1) == '-' ? 1 : 0;
    if (Lower(At(size)) == 'e' && IsDigit(At(size + 1 + sign))) {
      size += 1 + sign;
      digits();
    }
    Take(size);
  }

  // $1, or $tag$ … $tag$
  void Dollar() {
    std::size_t size = 1;
    if (IsDigit(At(1))) {
      while (IsDigit(At(size))) ++size;
      Take(size);
      Value();
      return;
    }
    if (IsWordStart(At(1))) {
      while (IsWordChar(At(size)) && At(size) != '$') ++size;
    }
    if (At(size) != '$') {
      Put(Take(1));
      return;
    }
    const std::string_view tag = Take(size + 1);
    const std::size_t end = rest_.find(tag);
    Take(end == std::string_view::npos ? end : end + tag.size());
    Value();
  }

  void Word() {
    std::size_t size = 1;
    while (IsWordChar(At(size))) ++size;
    // pg_stat_statements makes date$1 of date'2020-01-01': then a parameter follows
    const std::size_t end = rest_.substr(0, size).find_last_not_of("0123456789");
    if (end > 0 && end + 1 < size && rest_[end] == '$') size = end;
    const std::string_view word = Take(size);
    if (IsValue(word)) {
      Value();
      return;
    }
    out_.push_back(' ');
    for (const char c : word) out_.push_back(Lower(c));
  }

  // Words that the parser makes constants of: NULL, LIMIT ALL, EXTRACT(year …, normalize(…, NFC)
  bool IsValue(std::string_view word) const {
    for (const char* value : {"null", "true", "false"}) {
      if (Same(word, value)) return !EndsWith(" is") && !EndsWith(" is not");
    }
    for (const char* value : {"nfc", "nfd", "nfkc", "nfkd"}) {
      if (Same(word, value)) return true;
    }
    return EndsWith(" extract (") || (EndsWith(" limit") && Same(word, "all"));
  }

  std::size_t OperatorSize() const {
    std::size_t size = 0;
    bool may_end_with_sign = false;
    while (IsIn(kOperatorChars, At(size)) && size < rest_.size()) {
      const std::string_view here = rest_.substr(size, 2);
      if (size > 0 && (here == "--" || here == "/*")) break;
      may_end_with_sign = may_end_with_sign || IsIn(kSignChars, rest_[size]);
      ++size;
    }
    while (!may_end_with_sign && size > 1 && (rest_[size - 1] == '+' || rest_[size - 1] == '-')) {
      --size;
    }
    return size;
  }

  std::string_view rest_;
  bool standard_;
  std::string& out_;
  std::size_t start_;
  bool new_line_ = false;    // in the space before this token
  bool was_string_ = false;  // the token before this one was a literal in quotes
  bool escapes_ = false;     // … with backslashes
};

}  // namespace

void AppendNormalQuery(std::string_view query, bool standard_strings, std::string& normal) {
  Normalizer(query, standard_strings, normal).Run();
}

std::int64_t QueryDigester::Of(std::string_view query, bool standard_strings) {
  normal_.clear();
  AppendNormalQuery(query, standard_strings, normal_);
  const Hash hash = sha_.Of(normal_);
  if (normal_.capacity() > kKept) normal_ = std::string();
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < sizeof(digest); ++i) digest = digest << 8U | hash[i];
  return static_cast<std::int64_t>(digest);
}

}  // namespace gdpr
