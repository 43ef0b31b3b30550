// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_rules_pack.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "batch/copy/sql_lexer.hpp"
#include "batch/output/fault.hpp"
#include "core/rule.hpp"

namespace gdpr::batch {
namespace {

using Type = SqlToken::Type;

// What a pack declares besides rules and links: of no meaning for a copy.
constexpr std::array kPassedOver = {"add_blocker",      "redirect_frozen",    "add_purpose",
                                    "set_country",      "set_person_columns", "add_form",
                                    "set_consent_mode", "set_consent_action", "set_consent_form",
                                    "add_interaction",  "set_retention",      "grant_purpose"};

// A call's arguments; those given by name carry it.
struct Argument {
  std::string name;
  std::optional<std::string> value;  // NULL and numbers too: as they are written
  Type type = Type::kString;
};

class PackParser {
 public:
  PackParser(std::string_view text, const std::string& file) : lexer_(text), file_(file) {
    Advance();
  }

  Pack Run() {
    while (now_.type != Type::kEnd) {
      if (now_.Symbol(";")) {
        Advance();
        continue;
      }
      Statement();
      if (!now_.Symbol(";") && now_.type != Type::kEnd) Fail("\";\" expected");
    }
    return std::move(pack_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what, int line) const {
    throw Fault(ExitCode::kConfiguration,
                "the rules in \"" + file_ + "\" cannot be read: line " + std::to_string(line),
                what + ".",
                "A rules file holds what SELECT gdpr.export_rules() prints: SELECT "
                "gdpr.classify('table', 'column', 'rule'); or SECURITY LABEL FOR gdpr ON COLUMN … "
                "IS 'rule';");
  }
  [[noreturn]] void Fail(const std::string& what) const { Fail(what, now_.line); }

  void Advance() { now_ = lexer_.Next(); }
  void Expect(std::string_view word) {
    if (!now_.Word(word)) Fail("\"" + std::string(word) + "\" expected");
    Advance();
  }
  void ExpectSymbol(std::string_view symbol) {
    if (!now_.Symbol(symbol)) Fail("\"" + std::string(symbol) + "\" expected");
    Advance();
  }
  bool Accept(std::string_view symbol) {
    if (!now_.Symbol(symbol)) return false;
    Advance();
    return true;
  }
  std::string Identifier() {
    if (!now_.Identifier()) Fail("a name expected");
    std::string name = now_.text;
    Advance();
    return name;
  }

  void Statement() {
    if (now_.Word("security")) return Label();
    if (now_.Word("select")) return Call();
    if (now_.Word("begin") || now_.Word("commit")) return Advance();
    Fail("unknown statement");
  }

  // SECURITY LABEL FOR gdpr ON COLUMN schema.table.column IS 'rule'
  void Label() {
    const int line = now_.line;
    Advance();
    Expect("label");
    Expect("for");
    if (Identifier() != "gdpr") Fail("\"gdpr\" expected: labels of others are no rules", line);
    Expect("on");
    Expect("column");
    std::vector<std::string> parts = {Identifier()};
    while (Accept(".")) parts.push_back(Identifier());
    if (parts.size() < 2 || parts.size() > 3) Fail("table.column or schema.table.column expected");
    std::string column = std::move(parts.back());
    parts.pop_back();
    Expect("is");
    if (now_.type != Type::kString && !now_.Word("null")) Fail("a rule in quotes expected");
    AddRule(NameOf(parts), std::move(column), now_.type == Type::kString ? now_.text : "", line);
    Advance();
  }

  void AddRule(PackName relation, std::string column, const std::string& rule, int line) {
    std::string canonical;
    try {
      if (!rule.empty()) canonical = FormatRule(ParseRule(rule));
    } catch (const Error& error) {
      Fail(error.message + (error.detail.empty() ? "" : ". " + error.detail), line);
    }
    pack_.rules.push_back({std::move(relation), std::move(column), std::move(canonical), line});
  }

  static PackName NameOf(std::vector<std::string>& parts) {
    if (parts.size() == 1) return {"", std::move(parts[0])};
    return {std::move(parts[0]), std::move(parts[1])};
  }

  PackName Relation(const std::optional<std::string>& text, int line) const {
    std::vector<std::string> parts;
    if (!text || !ReadName(*text, parts) || parts.size() > 2) Fail("a table's name expected", line);
    return NameOf(parts);
  }

  // SELECT gdpr.function(arguments)
  void Call() {
    const int line = now_.line;
    Advance();
    if (Identifier() != "gdpr") Fail("a function of schema gdpr expected", line);
    ExpectSymbol(".");
    const std::string function = Identifier();
    const std::vector<Argument> arguments = Arguments();
    if (function == "classify") return Classify(arguments, line);
    if (function == "register_subject") return Register(arguments, line);
    if (function == "add_link") return Link(arguments, line);
    if (std::ranges::find(kPassedOver, function) == kPassedOver.end()) {
      Fail("function gdpr." + function + "() declares no rule", line);
    }
  }

  std::vector<Argument> Arguments() {
    ExpectSymbol("(");
    std::vector<Argument> arguments;
    while (!now_.Symbol(")")) {
      if (!arguments.empty()) ExpectSymbol(",");
      arguments.push_back(OneArgument());
    }
    Advance();
    return arguments;
  }

  Argument OneArgument() {
    Argument argument;
    SqlToken word = now_;
    if (word.Symbol("-")) Advance();
    if (now_.type != Type::kString && now_.type != Type::kNumber && !now_.Identifier()) {
      Fail("a literal expected");
    }
    word = now_;
    Advance();
    if (word.Identifier() && (now_.Symbol("=>") || now_.Symbol(":="))) {
      Advance();
      argument = OneArgument();
      argument.name = word.text;
      return argument;
    }
    argument.type = word.type;
    if (!word.Word("null")) argument.value = word.text;
    return argument;
  }

  // The argument at a place, or of that name.
  static const Argument* Find(const std::vector<Argument>& all, std::size_t place,
                              std::string_view name) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].name.empty() ? i == place : all[i].name == name) return &all[i];
    }
    return nullptr;
  }
  std::optional<std::string> Text(const std::vector<Argument>& all, std::size_t place,
                                  std::string_view name, int line) const {
    const Argument* found = Find(all, place, name);
    if (found == nullptr || !found->value) return std::nullopt;
    if (found->type != Type::kString)
      Fail(std::string(name) + " must be a literal in quotes", line);
    return found->value;
  }
  std::string Needed(const std::vector<Argument>& all, std::size_t place, std::string_view name,
                     int line) const {
    auto text = Text(all, place, name, line);
    if (!text) Fail(std::string(name) + " expected", line);
    return std::move(*text);
  }

  // … ('table', 'column', 'rule'), or ('table', c, r) FROM (VALUES ('column', 'rule'), …) AS t (c,
  // r)
  void Classify(const std::vector<Argument>& arguments, int line) {
    const PackName relation = Relation(Text(arguments, 0, "relation", line), line);
    if (!now_.Word("from")) {
      return AddRule(relation, Needed(arguments, 1, "column_name", line),
                     Needed(arguments, 2, "rule", line), line);
    }
    if (arguments.size() != 3 || arguments[1].type == Type::kString ||
        arguments[2].type == Type::kString) {
      Fail("classify('table', c, r) expected before FROM");
    }
    Advance();
    ExpectSymbol("(");
    Expect("values");
    do {
      const int at = now_.line;
      const std::vector<Argument> pair = Arguments();
      if (pair.size() != 2) Fail("a column and a rule expected", at);
      AddRule(relation, Needed(pair, 0, "column", at), Needed(pair, 1, "rule", at), at);
    } while (Accept(","));
    ExpectSymbol(")");
    if (now_.Word("as")) Advance();
    Identifier();
    const std::vector<Argument> names = Arguments();
    if (names.size() != 2 || names[0].value != arguments[1].value ||
        names[1].value != arguments[2].value) {
      Fail("the columns of the list are not the arguments of classify()");
    }
  }

  // name[]: {a,"B c"}
  std::vector<std::string> Names(const std::optional<std::string>& text, int line) const {
    std::vector<std::string> names;
    if (!text) return names;
    const std::string_view all = *text;
    if (all.size() < 2 || all.front() != '{' || all.back() != '}') {
      Fail("an array of names expected", line);
    }
    std::string name;
    bool quoted = false, any = false;
    for (std::size_t i = 1; i + 1 < all.size(); ++i) {
      if (all[i] == '"') {
        quoted = !quoted;
      } else if (all[i] == ',' && !quoted) {
        names.push_back(std::exchange(name, {}));
      } else if (quoted || all[i] != ' ') {
        if (all[i] == '\\' && i + 2 < all.size()) ++i;
        name += all[i];
      }
      any = true;
    }
    if (any) names.push_back(name);
    return names;
  }

  void Register(const std::vector<Argument>& all, int line) {
    pack_.subjects.push_back({Needed(all, 0, "subject_type", line),
                              Relation(Text(all, 1, "relation", line), line),
                              Names(Text(all, 2, "key", line), line), line});
  }

  void Link(const std::vector<Argument>& all, int line) {
    PackLink link{Needed(all, 0, "subject_type", line),
                  Relation(Text(all, 1, "relation", line), line),
                  {},
                  Names(Text(all, 2, "columns", line), line),
                  Names(Text(all, 4, "parent_columns", line), line),
                  Text(all, 5, "discriminator", line).value_or(""),
                  line};
    if (const auto parent = Text(all, 3, "parent", line)) link.parent = Relation(parent, line);
    if (link.columns.empty()) Fail("columns expected", line);
    pack_.links.push_back(std::move(link));
  }

  SqlLexer lexer_;
  const std::string& file_;
  SqlToken now_;
  Pack pack_;
};

}  // namespace

Pack ParsePack(std::string_view text, const std::string& file) {
  return PackParser(text, file).Run();
}

bool ReadName(std::string_view text, std::vector<std::string>& parts) {
  SqlLexer lexer(text);
  for (SqlToken token = lexer.Next();; token = lexer.Next()) {
    if (!token.Identifier()) return false;
    parts.push_back(token.text);
    token = lexer.Next();
    if (token.type == Type::kEnd) return true;
    if (!token.Symbol(".")) return false;
  }
}

}  // namespace gdpr::batch
