// SPDX-License-Identifier: PostgreSQL
#include "batch/anon_rule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "batch/sql_lexer.hpp"
#include "core/rule.hpp"

namespace gdpr::batch {
namespace {

using Type = SqlToken::Type;

struct Pair {
  std::string_view from, to;
};

// Functions of schema anon that say what a column holds, without fake_, dummy_, pseudo_, random_.
// source: PostgreSQL Anonymizer, Masking Functions
constexpr std::array kFunctions = {Pair{"address", "address_line"},
                                   Pair{"bic", "bic"},
                                   Pair{"building_number", "street_number"},
                                   Pair{"cell_number", "phone"},
                                   Pair{"city", "city"},
                                   Pair{"city_in_country", "city"},
                                   Pair{"city_name", "city"},
                                   Pair{"company", "company"},
                                   Pair{"company_name", "company"},
                                   Pair{"country", "country"},
                                   Pair{"country_code", "country"},
                                   Pair{"country_name", "country"},
                                   Pair{"credit_card_number", "card_number"},
                                   Pair{"email", "email"},
                                   Pair{"file_name", "file_name"},
                                   Pair{"first_name", "first_name"},
                                   Pair{"free_email", "email"},
                                   Pair{"iban", "iban"},
                                   Pair{"ip", "ip"},
                                   Pair{"ipv4", "ip"},
                                   Pair{"ipv6", "ip"},
                                   Pair{"last_name", "last_name"},
                                   Pair{"latitude", "geo"},
                                   Pair{"licence_plate", "licence_plate"},
                                   Pair{"longitude", "geo"},
                                   Pair{"mac_address", "mac"},
                                   Pair{"name", "full_name"},
                                   Pair{"name_with_title", "full_name"},
                                   Pair{"partial_email", "email"},
                                   Pair{"password", "password"},
                                   Pair{"phone", "phone"},
                                   Pair{"phone_number", "phone"},
                                   Pair{"post_code", "postal_code"},
                                   Pair{"postcode", "postal_code"},
                                   Pair{"profession", "job_title"},
                                   Pair{"region", "region"},
                                   Pair{"region_in_country", "region"},
                                   Pair{"safe_email", "email"},
                                   Pair{"secondary_address", "address_line"},
                                   Pair{"siren", "company_registration"},
                                   Pair{"siret", "company_registration"},
                                   Pair{"state_abbr", "region"},
                                   Pair{"state_name", "region"},
                                   Pair{"street_name", "street"},
                                   Pair{"title", "title"},
                                   Pair{"user_agent", "user_agent"},
                                   Pair{"username", "username"},
                                   Pair{"zip", "postal_code"},
                                   Pair{"zip_code", "postal_code"},
                                   Pair{"lorem_ipsum", "free_text"},
                                   Pair{"paragraph", "free_text"},
                                   Pair{"paragraphs", "free_text"},
                                   Pair{"sentence", "free_text"},
                                   Pair{"sentences", "free_text"},
                                   Pair{"word", "free_text"},
                                   Pair{"words", "free_text"},
                                   Pair{"image_blur", "photo"}};

// Words of columns' names, besides the kinds' own names.
constexpr std::array kNames = {Pair{"mail", "email"},
                               Pair{"e_mail", "email"},
                               Pair{"tel", "phone"},
                               Pair{"telephone", "phone"},
                               Pair{"mobile", "phone"},
                               Pair{"fax", "phone"},
                               Pair{"zip", "postal_code"},
                               Pair{"zipcode", "postal_code"},
                               Pair{"postcode", "postal_code"},
                               Pair{"dob", "birth_date"},
                               Pair{"birthday", "birth_date"},
                               Pair{"birthdate", "birth_date"},
                               Pair{"birth", "birth_date"},
                               Pair{"born", "birth_date"},
                               Pair{"surname", "last_name"},
                               Pair{"lastname", "last_name"},
                               Pair{"firstname", "first_name"},
                               Pair{"name", "full_name"},
                               Pair{"fullname", "full_name"},
                               Pair{"user_name", "username"},
                               Pair{"login", "username"},
                               Pair{"address", "address_line"},
                               Pair{"ssn", "national_id"},
                               Pair{"vat", "vat_id"},
                               Pair{"tax", "tax_id"},
                               Pair{"sex", "gender"},
                               Pair{"income", "salary"},
                               Pair{"wage", "salary"},
                               Pair{"comment", "free_text"},
                               Pair{"comments", "free_text"},
                               Pair{"note", "free_text"},
                               Pair{"notes", "free_text"},
                               Pair{"description", "free_text"},
                               Pair{"bio", "free_text"},
                               Pair{"swift", "bic"},
                               Pair{"website", "url"},
                               Pair{"employer", "company"},
                               Pair{"state", "region"},
                               Pair{"town", "city"},
                               Pair{"job", "job_title"},
                               Pair{"profession", "job_title"},
                               Pair{"latitude", "geo"},
                               Pair{"longitude", "geo"},
                               Pair{"lat", "geo"},
                               Pair{"lon", "geo"},
                               Pair{"lng", "geo"},
                               Pair{"credit_card", "card_number"},
                               Pair{"siret", "company_registration"},
                               Pair{"avatar", "photo"},
                               Pair{"picture", "photo"}};

template <std::size_t N>
std::string_view Lookup(const std::array<Pair, N>& table, std::string_view word) {
  const auto found = std::ranges::find(table, word, &Pair::from);
  return found == table.end() ? std::string_view() : found->to;
}

// firstName, FIRST NAME and first-name all read _first_name_.
std::string Words(std::string_view name) {
  std::string words = "_";
  char before = '_';
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool other = !upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
                       static_cast<unsigned char>(c) < 0x80;
    if ((upper && before >= 'a' && before <= 'z') || other) {
      if (words.back() != '_') words += '_';
    }
    if (!other) words += upper ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  return words + "_";
}

// The longest word of the name that says something: billing_postal_code is no code.
std::string_view KindOfName(std::string_view name) {
  const std::string words = Words(name);
  std::string_view best, kind;
  const auto consider = [&](std::string_view word, std::string_view to) {
    if (word.size() <= best.size() || word == "not_personal") return;
    if (words.find("_" + std::string(word) + "_") == std::string::npos) return;
    best = word;
    kind = to;
  };
  for (const Kind& known : Kinds()) consider(known.name, known.name);
  for (const Pair& pair : kNames) consider(pair.from, pair.to);
  return kind;
}

// One expression of a label, taken apart.
struct Expression {
  std::string function;                // anon.partial; empty: a literal
  std::optional<std::string> literal;  // a value in quotes, or a number
  bool null = false;
  std::vector<std::string> arguments;  // literals; "" for everything else
};

Expression ReadFunction(SqlLexer& lexer, SqlToken token) {
  Expression expression;
  for (; token.Identifier() || token.Symbol("."); token = lexer.Next()) {
    expression.function += token.text;
  }
  if (!token.Symbol("(")) return expression;
  int depth = 1;
  std::string argument;
  bool plain = true, any = false;
  for (token = lexer.Next(); depth > 0 && token.type != Type::kEnd; token = lexer.Next()) {
    depth += token.Symbol("(") ? 1 : token.Symbol(")") ? -1 : 0;
    if (depth == 0 || (depth == 1 && token.Symbol(","))) {
      if (any) expression.arguments.push_back(plain ? argument : "");
      argument.clear();
      plain = true;
      any = depth != 0;
      continue;
    }
    any = true;
    const bool cast = token.Symbol("::") || (!argument.empty() && token.type == Type::kName);
    if (cast) continue;
    plain =
        plain && argument.empty() && (token.type == Type::kString || token.type == Type::kNumber);
    if (plain) argument = token.text;
  }
  return expression;
}

Expression ReadValue(SqlLexer& lexer) {
  Expression expression;
  SqlToken token = lexer.Next();
  std::string sign;
  if (token.Symbol("-")) {
    sign = "-";
    token = lexer.Next();
  }
  if (token.Word("null")) {
    expression.null = true;
  } else if (token.type == Type::kString || token.type == Type::kNumber || token.Word("true") ||
             token.Word("false")) {
    expression.literal = sign + token.text;
  } else {
    return ReadFunction(lexer, token);
  }
  return expression;
}

std::optional<double> NumberOf(const Expression& expression, std::size_t place) {
  if (place >= expression.arguments.size()) return std::nullopt;
  const std::string& text = expression.arguments[place];
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// '2 years' to days; 0 for what is no such text.
int DaysOf(const std::string& interval) {
  int count = 0;
  const char* const end = interval.data() + interval.size();
  const auto read = std::from_chars(interval.data(), end, count);
  std::string_view unit(read.ptr, static_cast<std::size_t>(end - read.ptr));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  const int days = unit == "day"     ? 1
                   : unit == "week"  ? 7
                   : unit == "month" ? 30
                   : unit == "year"  ? 365
                                     : 0;
  return days * count;
}

// How the function treats a value, in the words of a rule; empty: the kind's own way.
std::string TreatmentOf(const Expression& expression, std::string_view name) {
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
    const std::string locale = expression.arguments[0].substr(0, 2);
    return " fake=fake(" + locale + ")";
  }
  if (name.starts_with("generalize_") && expression.arguments.size() > 1) {
    if (second && *second >= 1) return " generalize=bucket(" + whole(*second) + ")";
    if (expression.arguments[1] == "year" || expression.arguments[1] == "month") {
      return " generalize=" + expression.arguments[1];
    }
  }
  return {};
}

std::string ConstantOf(const Expression& value) {
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

AnonProposal FromFunction(const Expression& expression, std::string_view column) {
  AnonProposal proposal;
  proposal.from = expression.function + "()";
  std::string_view name = expression.function;
  const bool of_anon = name.starts_with("anon.");
  if (of_anon) name.remove_prefix(5);
  std::string_view kind;
  if (of_anon) {
    std::string_view what = name;
    for (const std::string_view prefix : {"fake_", "dummy_", "pseudo_", "random_"}) {
      if (what.starts_with(prefix)) {
        what.remove_prefix(prefix.size());
        break;
      }
    }
    if (what.ends_with("_locale")) what.remove_suffix(7);
    kind = Lookup(kFunctions, what);
  }
  if (kind.empty()) kind = KindOfName(column);
  if (!kind.empty()) {
    proposal.rule = Checked(kind, TreatmentOf(expression, name));
  } else if (of_anon) {
    proposal.reason = "neither the function nor the column's name says what it holds";
  } else {
    proposal.reason = "a function of your own: a rule names a kind, it never calls anything";
  }
  return proposal;
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
  if (label.column.empty()) {
    return {"", "", "it is no column's: pg_gdpr says what columns hold, and privileges by bundles"};
  }
  const std::string& column = label.column.back();
  SqlLexer lexer(label.label);
  SqlToken token = lexer.Next();
  if (token.Word("not") && lexer.Next().Word("masked")) return {"not_personal", "NOT MASKED", ""};
  if (!token.Word("masked") || !lexer.Next().Word("with")) {
    return {"", "", "its form is not known"};
  }
  token = lexer.Next();
  if (token.Word("function")) return FromFunction(ReadFunction(lexer, lexer.Next()), column);
  if (!token.Word("value")) return {"", "", "its form is not known"};
  const Expression value = ReadValue(lexer);
  if (!value.null && !value.literal) return FromFunction(value, column);
  const std::string_view kind = KindOfName(column);
  const std::string from = value.null ? "VALUE NULL" : "VALUE";
  if (kind.empty()) {
    return {"", from, "neither the value nor the column's name says what it holds"};
  }
  return {Checked(kind, ConstantOf(value)), from, ""};
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
