// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/sql_lexer.hpp"

namespace gdpr::batch {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool InName(char c) {
  return StartsName(c) || IsDigit(c) || c == '$';
}
char Folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void SqlLexer::SkipBlanks() {
  int depth = 0;  // comments nest
  while (at_ < text_.size()) {
    if (text_[at_] == '\n') ++line_;
    if (Look() == '/' && Look(1) == '*') {
      ++depth;
      at_ += 2;
    } else if (depth > 0 && Look() == '*' && Look(1) == '/') {
      --depth;
      at_ += 2;
    } else if (depth == 0 && Look() == '-' && Look(1) == '-') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (depth > 0 || IsBlank(text_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

SqlToken SqlLexer::Next() {
  using enum SqlToken::Type;
  SkipBlanks();
  const int line = line_;
  if (at_ >= text_.size()) return {kEnd, "", line};
  const char c = text_[at_];
  if (c == '"') return QuotedName();
  if (c == '\'') return String(false);
  if (c == '$') return Dollar();
  if ((c == 'e' || c == 'E') && Look(1) == '\'') {
    ++at_;
    return String(true);
  }
  SqlToken token{kSymbol, "", line};
  if (StartsName(c)) {
    token.type = kName;
    while (InName(Look())) token.text += Folded(text_[at_++]);
  } else if (IsDigit(c)) {
    token.type = kNumber;
    while (IsDigit(Look()) || Look() == '.') token.text += text_[at_++];
  } else {
    const std::string_view two = text_.substr(at_, 2);
    const std::size_t size = two == "=>" || two == ":=" || two == "::" ? 2 : 1;
    token.text.append(two.substr(0, size));
    at_ += size;
  }
  return token;
}

SqlToken SqlLexer::QuotedName() {
  SqlToken token{SqlToken::Type::kQuoted, "", line_};
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] == '"') {
      if (Look(1) != '"') {
        ++at_;
        return token;
      }
      ++at_;
    }
    token.text += text_[at_];
  }
  token.type = SqlToken::Type::kBad;
  return token;
}

SqlToken SqlLexer::String(bool escapes) {
  SqlToken token{SqlToken::Type::kString, "", line_};
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] == '\'') {
      if (Look(1) != '\'') {
        ++at_;
        return token;
      }
      ++at_;
    } else if (escapes && text_[at_] == '\\') {
      ++at_;
      // What quote_literal() writes is doubled backslashes; other escapes are nobody's here.
      if (Look() != '\\' && Look() != '\'') break;
    }
    token.text += text_[at_];
  }
  token.type = SqlToken::Type::kBad;
  return token;
}

SqlToken SqlLexer::Dollar() {
  SqlToken token{SqlToken::Type::kString, "", line_};
  std::size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != '$' && InName(text_[end])) ++end;
  if (end < text_.size() && text_[end] == '$') {
    const std::string_view tag = text_.substr(at_, end + 1 - at_);
    const std::size_t close = text_.find(tag, end + 1);
    if (close != std::string_view::npos) {
      token.text = text_.substr(end + 1, close - end - 1);
      for (const char c : token.text) line_ += c == '\n';
      at_ = close + tag.size();
      return token;
    }
  }
  token.type = SqlToken::Type::kBad;
  ++at_;
  return token;
}

}  // namespace gdpr::batch
