// SPDX-License-Identifier: PostgreSQL
#include "batch/toml.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "batch/fault.hpp"

namespace gdpr::batch {
namespace {

bool IsKeyLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool IsNumber(std::string_view word) {
  if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
  return !word.empty() && word.find_first_not_of("0123456789._eE+-") == std::string_view::npos &&
         word.front() >= '0' && word.front() <= '9';
}

void AppendUtf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](int shift) {
    text.push_back(static_cast<char>(0x80U | (code >> shift & 0x3FU)));
  };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0U | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0U | code >> 12));
    tail(6);
    tail(0);
  } else {
    text.push_back(static_cast<char>(0xF0U | code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  std::vector<ConfigEntry> Parse() {
    std::vector<ConfigEntry> entries;
    std::set<std::pair<std::string, std::string>> seen;
    std::set<std::string> sections;
    std::string section;
    for (SkipEmpty(); !AtEnd(); SkipEmpty()) {
      if (Take('[')) {
        section = Section();
        if (!sections.insert(section).second) Stop("section [" + section + "] stands here again");
      } else {
        ConfigEntry entry = Entry(section);
        if (!seen.emplace(section, entry.key).second) {
          Stop("key \"" + entry.key + "\" stands here again");
        }
        entries.push_back(std::move(entry));
      }
      EndOfLine();
    }
    return entries;
  }

 private:
  [[noreturn]] void Stop(const std::string& what) const {
    throw Fault(ExitCode::kConfiguration,
                "config file \"" + path_ + "\", line " + std::to_string(line_) + ": " + what, {},
                "It is TOML: key = \"text\", key = 7, key = true, key = [\"a\", \"b\"], [section].");
  }

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    Next();
    return true;
  }
  void Next() {
    if (text_[at_++] == '\n') ++line_;
  }

  void SkipBlanks() {
    while (Peek() == ' ' || Peek() == '\t' || (Peek() == '\r' && !AtEnd())) Next();
    if (Peek() != '#') return;
    while (!AtEnd() && Peek() != '\n') Next();
  }
  void SkipEmpty() {
    do SkipBlanks();
    while (Take('\n'));
  }
  void EndOfLine() {
    SkipBlanks();
    if (!AtEnd() && Peek() != '\n') Stop("there is something behind the value");
  }

  std::string Word() {
    SkipBlanks();
    const std::size_t from = at_;
    while (!AtEnd() && IsKeyLetter(Peek())) Next();
    const std::string word(text_.substr(from, at_ - from));
    SkipBlanks();
    return word;
  }

  std::string Section() {
    std::string name = Word();
    if (name.empty() || !Take(']')) Stop("a section is [name]");
    return name;
  }

  ConfigEntry Entry(const std::string& section) {
    ConfigEntry entry;
    entry.section = section;
    entry.line = line_;
    entry.key = Word();
    if (entry.key.empty() || !Take('=')) Stop("neither a section nor key = value");
    SkipBlanks();
    if (!Take('[')) {
      entry.values.push_back(Value());
      return entry;
    }
    for (SkipEmpty(); !Take(']'); SkipEmpty()) {
      entry.values.push_back(Value());
      SkipEmpty();
      if (!Take(',') && Peek() != ']') Stop("a list is [\"a\", \"b\"]");
    }
    return entry;
  }

  std::string Value() {
    if (Take('"')) return Basic();
    if (Take('\'')) return Literal();
    const std::size_t from = at_;
    while (!AtEnd() && (IsKeyLetter(Peek()) || Peek() == '.' || Peek() == '+')) Next();
    std::string word(text_.substr(from, at_ - from));
    if (word == "true" || word == "false") return word;
    if (!IsNumber(word)) Stop("a value is \"text\", a number, true or false");
    std::erase(word, '_');  // 1_000_000
    return word;
  }

  std::string Literal() {
    const std::size_t from = at_;
    while (!AtEnd() && Peek() != '\'' && Peek() != '\n') Next();
    const std::string text(text_.substr(from, at_ - from));
    if (!Take('\'')) Stop("the text has no end");
    return text;
  }

  std::string Basic() {
    std::string text;
    while (!Take('"')) {
      if (AtEnd() || Peek() == '\n') Stop("the text has no end");
      const char c = Peek();
      Next();
      if (c == '\\') {
        Escape(text);
      } else {
        text.push_back(c);
      }
    }
    return text;
  }

  void Escape(std::string& text) {
    static constexpr std::string_view kFrom = "\"\\bfnrt", kTo = "\"\\\b\f\n\r\t";
    const char c = Peek();
    const std::size_t simple = kFrom.find(c);
    if (!AtEnd() && simple != std::string_view::npos) {
      Next();
      text.push_back(kTo[simple]);
      return;
    }
    if (c != 'u' && c != 'U') Stop("there is no such escape; a path is best written in '…'");
    Next();
    std::uint32_t code = 0;
    for (int digits = c == 'u' ? 4 : 8; digits > 0; --digits) {
      static constexpr std::string_view kHex = "0123456789abcdef";
      const char digit = Peek();
      const std::size_t value =
          kHex.find(digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 32) : digit);
      if (AtEnd() || value == std::string_view::npos) Stop("\\u takes 4 digits, \\U takes 8");
      Next();
      code = code << 4 | static_cast<std::uint32_t>(value);
    }
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      Stop("there is no such character");
    }
    AppendUtf8(text, code);
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<ConfigEntry> ParseToml(std::string_view text, const std::string& path) {
  return Parser(text, path).Parse();
}

}  // namespace gdpr::batch
