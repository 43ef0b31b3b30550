// SPDX-License-Identifier: PostgreSQL
#include "batch/anon/anon_rule.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "batch/anon/anon_expression.hpp"
#include "batch/anon/anon_kinds.hpp"
#include "batch/copy/sql_lexer.hpp"
#include "core/rule.hpp"

namespace gdpr::batch {
namespace {

std::optional<double> NumberOf(const AnonExpression& expression, std::size_t place) {
  if (place >= expression.arguments.size()) return std::nullopt;
  const std::string& text = expression.arguments[place];
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

int DaysOfUnit(std::string_view unit) {
  while (unit.ends_with(' ') || unit.ends_with(',')) unit.remove_suffix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  return unit == "day"                      ? 1
         : unit == "week"                   ? 7
         : unit == "month" || unit == "mon" ? 30
         : unit == "year" || unit == "y"    ? 365
                                            : 0;
}

// '1 year 6 months' to days; 0 for what is no such text.
int DaysOf(std::string_view interval) {
  constexpr int kMost = 1'000'000;
  int days = 0;
  while (!interval.empty()) {
    int count = 0;
    const auto read = std::from_chars(interval.data(), interval.data() + interval.size(), count);
    interval.remove_prefix(static_cast<std::size_t>(read.ptr - interval.data()));
    while (interval.starts_with(' ')) interval.remove_prefix(1);
    const std::size_t end = std::min(interval.find_first_of("0123456789"), interval.size());
    const int unit = DaysOfUnit(interval.substr(0, end));
    if (read.ec != std::errc() || unit == 0 || count < 0 || count > kMost / unit) return 0;
    days = std::min(kMost, days + count * unit);
    interval.remove_prefix(end);
  }
  return days;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// Words that a value is generalized to; empty: the kind's own way.
std::string GeneralizeOf(const AnonExpression& expression) {
  if (expression.arguments.size() < 2) return {};
  const auto step = NumberOf(expression, 1);
  if (step) {
    return *step >= 1 && *step < 1e15
               ? " generalize=bucket(" + std::to_string(std::llround(*step)) + ")"
               : std::string();
  }
  const std::string& unit = expression.arguments[1];
  if (unit == "year" || unit == "month") return " generalize=" + unit;
  // No rule can say it, and a year would be more than was shown.
  const bool coarser = unit == "decade" || unit == "century" || unit == "millennium";
  return coarser ? " generalize=constant" : std::string();
}

// How the function treats a value, in the words of a rule; empty: the kind's own way.
std::string TreatmentOf(const AnonExpression& expression, std::string_view name) {
  const auto whole = [](double number) {
    return std::to_string(static_cast<long long>(std::llround(number)));
  };
  const auto second = NumberOf(expression, 1);
  if (name == "noise" && second && *second > 0 && *second <= 1) {
    return " fake=noise(" + whole(std::max(1.0, *second * 100)) + ")";
  }
  if (name == "dnoise" && expression.arguments.size() > 1) {
    const int days = DaysOf(expression.arguments[1]);
    if (days > 0) return " fake=shift(" + std::to_string(days) + ")";
  }
  if (name == "partial" && second) {
    const auto last = NumberOf(expression, 3);
    if (last) return " mask=partial(" + whole(*second) + "," + whole(*last) + ")";
  }
  if (name.ends_with("_locale") && !expression.arguments.empty()) {
    const std::string locale = Lower(expression.arguments[0].substr(0, 2));
    return " fake=fake(" + locale + ")";
  }
  if (name.starts_with("generalize_")) return GeneralizeOf(expression);
  return {};
}

std::string ConstantOf(const AnonExpression& value) {
  if (value.null) return " erase=null mask=null fake=null";
  std::string text = "constant('";
  for (const char c : *value.literal) text.append(c == '\'' ? 2 : 1, c);
  text += "')";
  return " erase=" + text + " mask=" + text + " fake=" + text;
}

// The rule if it is one; else the kind alone, which always is.
std::string Checked(std::string_view kind, const std::string& treatments) {
  try {
    return FormatRule(ParseRule(std::string(kind) + treatments));
  } catch (const Error&) {
    return std::string(kind);
  }
}

// Why nothing can be proposed: neither the expression nor the column's name says a kind.
std::string ReasonOf(const AnonExpression& expression) {
  const std::string_view function = expression.function;
  if (function.starts_with("anon.")) {
    return "neither the function nor the column's name says what it holds";
  }
  if (function.empty() && expression.within.empty()) {
    return "neither the value nor the column's name says what it holds";
  }
  if (function.empty()) {
    return "it is put together of several parts, and the column's name does not say what it holds";
  }
  const bool is_own =
      function.find('.') != std::string_view::npos && !function.starts_with("pg_catalog.");
  return is_own ? "a function of your own: a rule names a kind, it never calls anything"
                : "a function of PostgreSQL's own says nothing of what the column holds, and "
                  "neither does its name";
}

// The one kind that the functions inside make; empty: none, or several.
std::string_view KindWithin(const AnonExpression& expression) {
  std::string_view kind;
  for (const std::string& function : expression.within) {
    const std::string_view next = KindOfFunction(function);
    if (!kind.empty() && !next.empty() && next != kind) return {};
    if (!next.empty()) kind = next;
  }
  return kind;
}

AnonProposal FromExpression(const AnonExpression& expression, std::string_view column) {
  AnonProposal proposal;
  proposal.from = expression.function.empty() ? "an expression" : expression.function + "()";
  std::string_view kind = KindOfFunction(expression.function);
  if (kind.empty()) kind = KindOfColumn(column);
  if (kind.empty()) kind = KindWithin(expression);
  if (kind.empty()) {
    proposal.reason = ReasonOf(expression);
    return proposal;
  }
  std::string_view name = expression.function;
  const bool of_anon = name.starts_with("anon.");
  if (of_anon) name.remove_prefix(5);
  proposal.rule = Checked(kind, of_anon ? TreatmentOf(expression, name) : std::string());
  return proposal;
}

AnonProposal FromValue(const AnonExpression& value, std::string_view column) {
  const std::string_view kind = KindOfColumn(column);
  const std::string from = value.null ? "VALUE NULL" : "VALUE";
  if (kind.empty()) return {"", from, ReasonOf(value)};
  return {Checked(kind, ConstantOf(value)), from, ""};
}

// Who wrote NOT MASKED wanted to see it; that it holds nothing about a person is another thing.
AnonProposal FromNotMasked(std::string_view column) {
  const std::string_view kind = KindOfColumn(column);
  if (kind.empty()) return {"not_personal", "NOT MASKED", ""};
  return {"", "NOT MASKED",
          "its name says " + std::string(kind) +
              ": classify it as that, or as not_personal if nobody is meant"};
}

// Labels of roles, functions, schemas, tables and databases.
std::string ReasonOfObject(std::string_view label) {
  SqlLexer lexer(label);
  const SqlToken word = lexer.Next();
  if (word.Word("trusted")) return "a rule never calls a function, so none has to be trusted";
  if (word.Word("tablesample")) {
    return "gdpr-batch copy --sample takes one in which every reference leads somewhere";
  }
  if (word.Word("masked")) {
    return "who sees what is said by privileges: gdpr.create_masked_view(), gdpr.grant_bundle()";
  }
  return "it is no column's: pg_gdpr says what columns hold, and privileges by bundles";
}

std::string PlainName(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (std::ranges::all_of(name, plain) && !(name[0] >= '0' && name[0] <= '9')) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string Literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

}  // namespace

AnonProposal ProposeRule(const AnonLabel& label) {
  if (label.column.empty()) return {"", "", ReasonOfObject(label.label)};
  const std::string& column = label.column.back();
  SqlLexer lexer(label.label);
  SqlToken token = lexer.Next();
  if (token.Word("not") && lexer.Next().Word("masked")) return FromNotMasked(column);
  if (token.Word("quasi") || token.Word("indirect")) {
    return {"", "", "it says that the column helps to tell people apart, not what it holds"};
  }
  if (!token.Word("masked") || !lexer.Next().Word("with")) {
    return {"", "", "its form is not known"};
  }
  token = lexer.Next();
  if (!token.Word("function") && !token.Word("value")) return {"", "", "its form is not known"};
  const AnonExpression expression =
      ReadAnonExpression(std::string_view(label.label).substr(lexer.at()));
  const bool is_value = expression.null || expression.literal;
  return is_value ? FromValue(expression, column) : FromExpression(expression, column);
}

std::string ClassifyStatement(const AnonLabel& label, std::string_view rule) {
  std::string relation;
  for (std::size_t i = 0; i + 1 < label.column.size(); ++i) {
    relation += (i == 0 ? "" : ".") + PlainName(label.column[i]);
  }
  return "SELECT gdpr.classify(" + Literal(relation) + ", " + Literal(label.column.back()) + ", " +
         Literal(rule) + ");";
}

}  // namespace gdpr::batch
