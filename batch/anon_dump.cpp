// SPDX-License-Identifier: PostgreSQL
// Labels in a script that pg_dump wrote.
#include "batch/anon_rule.hpp"
#include "batch/sql_lexer.hpp"

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
    if (column && token.Identifier()) label.column.push_back(token.text);
    if (!column) label.object += (token.Symbol(".") ? "" : " ") + token.text;
  }
  token = lexer.Next();
  if (token.type != Type::kString) return 0;
  if (column && (label.column.size() < 2 || label.column.size() > 3)) return 0;
  label.label = token.text;
  return lexer.at();
}

}  // namespace

std::vector<AnonLabel> ReadAnonLabels(std::string_view script, std::string_view provider) {
  std::vector<AnonLabel> labels;
  bool data = false;
  for (std::size_t at = 0; at < script.size();) {
    std::size_t end = script.find('\n', at);
    if (end == std::string_view::npos) end = script.size();
    const std::string_view line = script.substr(at, end - at);
    if (data) {
      data = line != "\\.";
    } else if (line.starts_with("COPY ") && line.ends_with("FROM stdin;")) {
      data = true;
    } else if (line.starts_with("SECURITY LABEL ") || line.starts_with("security label ")) {
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
