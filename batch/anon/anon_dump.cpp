// SPDX-License-Identifier: PostgreSQL
// Labels in a script that pg_dump wrote.
#include <algorithm>

#include "batch/anon/anon_rule.hpp"
#include "batch/copy/sql_lexer.hpp"

namespace gdpr::batch {
namespace {

using Type = SqlToken::Type;

// SECURITY LABEL FOR provider ON what name IS 'label': what stands from `text` on.
// out   how many bytes it has; 0: it is something else
std::size_t ReadStatement(std::string_view text, std::string_view provider, AnonLabel& label) {
  SqlLexer lexer(text);
  for (const std::string_view word : {"security", "label", "for"}) {
    if (!lexer.Next().Word(word)) return 0;
  }
  SqlToken token = lexer.Next();
  if (!token.Identifier() && token.type != Type::kString) return 0;
  if (token.text != provider || !lexer.Next().Word("on")) return 0;
  token = lexer.Next();
  const bool column = token.Word("column");
  label.object = token.text;
  for (token = lexer.Next(); !token.Word("is"); token = lexer.Next()) {
    if (token.type == Type::kEnd || token.Symbol(";")) return 0;
    if (column) {
      if (token.Identifier()) label.column.push_back(token.text);
      continue;
    }
    const bool joined = token.Symbol(".") || token.Symbol("(") || token.Symbol(")") ||
                        token.Symbol(",") || label.object.ends_with('.') ||
                        label.object.ends_with('(');
    label.object += (joined ? "" : " ") + token.text;
  }
  token = lexer.Next();
  if (token.type != Type::kString) return 0;
  if (column && (label.column.size() < 2 || label.column.size() > 3)) return 0;
  label.label = token.text;
  return lexer.at();
}

// Whether a line may begin a statement of ours, in whatever case it is written by hand.
bool BeginsLabel(std::string_view line) {
  constexpr std::string_view kWord = "security";
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.size() > kWord.size() &&
         std::ranges::equal(line.substr(0, kWord.size()), kWord,
                            [](char c, char lower) { return (c | 0x20) == lower; });
}

}  // namespace

std::vector<AnonLabel> ReadAnonLabels(std::string_view script, std::string_view provider) {
  std::vector<AnonLabel> labels;
  bool data = false;
  for (std::size_t at = 0; at < script.size();) {
    std::size_t end = script.find('\n', at);
    if (end == std::string_view::npos) end = script.size();
    std::string_view line = script.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (data) {
      data = line != "\\.";
    } else if (line.starts_with("COPY ") && line.ends_with("FROM stdin;")) {
      data = true;
    } else if (BeginsLabel(line)) {
      AnonLabel label;
      const std::size_t size = ReadStatement(script.substr(at), provider, label);
      if (size > 0) {
        labels.push_back(std::move(label));
        end = script.find('\n', at + size);
        if (end == std::string_view::npos) end = script.size();
      }
    }
    at = end + 1;
  }
  return labels;
}

}  // namespace gdpr::batch
