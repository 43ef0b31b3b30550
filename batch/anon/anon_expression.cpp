// SPDX-License-Identifier: PostgreSQL
#include "batch/anon/anon_expression.hpp"

#include <algorithm>
#include <span>

#include "batch/copy/sql_lexer.hpp"

namespace gdpr::batch {
namespace {

using Type = SqlToken::Type;
using Tokens = std::span<const SqlToken>;

std::vector<SqlToken> TokensOf(std::string_view text) {
  SqlLexer lexer(text);
  std::vector<SqlToken> tokens;
  for (SqlToken token = lexer.Next(); token.type != Type::kEnd; token = lexer.Next()) {
    tokens.push_back(std::move(token));
  }
  return tokens;
}

int DepthOf(const SqlToken& token) {
  if (token.Symbol("(") || token.Symbol("[")) return 1;
  return token.Symbol(")") || token.Symbol("]") ? -1 : 0;
}

// The place of the bracket that closes the one at `open`; the end if none does.
std::size_t Closing(Tokens tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    depth += DepthOf(tokens[i]);
    if (depth == 0) return i;
  }
  return tokens.size();
}

// The first token outside of all brackets that is asked for; the end if there is none.
template <typename P>
std::size_t Outside(Tokens tokens, P wanted) {
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (depth == 0 && wanted(tokens[i])) return i;
    depth += DepthOf(tokens[i]);
  }
  return tokens.size();
}

// A type, as far as it can stand behind "::": numeric(10,2)[], timestamp with time zone, "T"::text.
bool IsType(Tokens tokens) {
  return std::ranges::all_of(tokens, [](const SqlToken& token) {
    return token.Identifier() || token.type == Type::kNumber || DepthOf(token) != 0 ||
           token.Symbol(".") || token.Symbol(",") || token.Symbol("::");
  });
}

// (x), x::type and CAST(x AS type) are x.
Tokens Bare(Tokens tokens) {
  for (;;) {
    const std::size_t before = tokens.size();
    const std::size_t cast = Outside(tokens, [](const auto& token) { return token.Symbol("::"); });
    if (cast > 0 && cast < tokens.size() && IsType(tokens.subspan(cast))) {
      tokens = tokens.first(cast);
    }
    if (tokens.size() > 2 && tokens[0].Symbol("(") && Closing(tokens, 0) + 1 == tokens.size()) {
      tokens = tokens.subspan(1, tokens.size() - 2);
    }
    if (tokens.size() > 3 && tokens[0].Word("cast") && tokens[1].Symbol("(") &&
        Closing(tokens, 1) + 1 == tokens.size()) {
      tokens = tokens.subspan(2, tokens.size() - 3);
      tokens = tokens.first(Outside(tokens, [](const auto& token) { return token.Word("as"); }));
    }
    if (tokens.size() == before) return tokens;
  }
}

// 'text', 4, -4, true, interval '2 years'
std::optional<std::string> LiteralOf(Tokens tokens) {
  std::string sign;
  if (tokens.size() == 2 && tokens[0].Symbol("-") && tokens[1].type == Type::kNumber) sign = "-";
  const bool typed =
      tokens.size() == 2 && tokens[0].type == Type::kName && tokens[1].type == Type::kString;
  if (tokens.size() != (sign.empty() && !typed ? 1 : 2)) return std::nullopt;
  const SqlToken& last = tokens.back();
  const bool is_literal = last.type == Type::kString || last.type == Type::kNumber ||
                          last.Word("true") || last.Word("false");
  if (!is_literal) return std::nullopt;
  return sign + last.text;
}

// schema.function at the beginning of the tokens, where a "(" follows; takes that many of them.
std::string NameOfCall(Tokens tokens, std::size_t& size) {
  std::string name;
  for (size = 0; size < tokens.size() && tokens[size].Identifier();) {
    name += tokens[size++].text;
    if (size == tokens.size()) return {};
    if (tokens[size].Symbol("(")) return name;
    if (!tokens[size].Symbol(".")) return {};
    name += ".";
    ++size;
  }
  return {};
}

std::vector<std::string> ArgumentsOf(Tokens tokens) {
  std::vector<std::string> arguments;
  while (!tokens.empty()) {
    const std::size_t end = Outside(tokens, [](const auto& token) { return token.Symbol(","); });
    arguments.push_back(LiteralOf(Bare(tokens.first(end))).value_or(""));
    tokens = tokens.subspan(std::min(end + 1, tokens.size()));
  }
  return arguments;
}

std::vector<std::string> CallsIn(Tokens tokens) {
  std::vector<std::string> calls;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i - 1].Symbol(".")) continue;
    std::size_t size = 0;
    const std::string name = NameOfCall(tokens.subspan(i), size);
    if (name.find('.') != std::string::npos) calls.push_back(name);
  }
  return calls;
}

}  // namespace

AnonExpression ReadAnonExpression(std::string_view text) {
  const std::vector<SqlToken> all = TokensOf(text);
  const Tokens tokens = Bare(all);
  AnonExpression expression;
  expression.null = tokens.size() == 1 && tokens[0].Word("null");
  if (expression.null) return expression;
  expression.literal = LiteralOf(tokens);
  if (expression.literal) return expression;
  std::size_t size = 0;
  const std::string name = NameOfCall(tokens, size);
  const std::size_t end = name.empty() ? 0 : Closing(tokens, size);
  // Who forgot the closing bracket meant the same.
  if (!name.empty() && end + 1 >= tokens.size()) {
    const Tokens inside = tokens.subspan(size + 1, std::min(end, tokens.size()) - size - 1);
    expression.function = name;
    expression.arguments = ArgumentsOf(inside);
    expression.within = CallsIn(inside);
  } else {
    expression.within = CallsIn(tokens);
  }
  return expression;
}

}  // namespace gdpr::batch
