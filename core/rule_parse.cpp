// SPDX-License-Identifier: PostgreSQL
#include <array>
#include <charconv>
#include <string>
#include <system_error>
#include <vector>

#include "rule.hpp"
#include "rule_words.hpp"
#include "utf8.hpp"

namespace gdpr {
namespace {

constexpr const char* kForm = "42601";            // a mistake of form
constexpr const char* kWord = "22023";            // an unknown word, a number out of range
constexpr std::int64_t kMostLength = 10'485'760;  // PostgreSQL's own limit of varchar(n)
constexpr std::array<std::string_view, 3> kFacts = {"unique", "not_null", "length"};

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || c == '_' || IsDigit(c);
}
bool IsBareChar(char c) {
  return IsWordChar(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '+' || c == '-';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Rule Run() {
    if (text_.size() > kMaxRuleBytes) {
      throw Error{kWord, "rule is too long",
                  "It has " + std::to_string(text_.size()) + " bytes; " +
                      std::to_string(kMaxRuleBytes) + " are allowed.",
                  ""};
    }
    SkipBlanks();
    ReadKind();
    while (SkipBlanks(), at_ < text_.size()) {
      if (!IsBlank(text_[at_ - 1]))
        Fail(at_, kForm, "blank expected between the words of a rule", "");
      ReadItem();
    }
    // Bare constants grow quotes in the canonical text, which must be readable too.
    if (FormatRule(rule_).size() > kMaxRuleBytes) {
      throw Error{kWord, "rule is too long",
                  "Its canonical form passes " + std::to_string(kMaxRuleBytes) + " bytes.", ""};
    }
    return rule_;
  }

 private:
  [[noreturn]] void Fail(std::size_t at, const char* sqlstate, std::string message,
                         std::string hint) const {
    std::size_t end = at;
    while (end < text_.size() && !IsBlank(text_[end])) ++end;
    std::string detail = "At position " + std::to_string(CountChars(text_.substr(0, at)) + 1);
    if (at >= text_.size()) {
      detail.append(" the rule ends.");
    } else {
      detail.append(" stands \"").append(words::Excerpt(text_.substr(at, end - at))).append("\".");
    }
    throw Error{sqlstate, std::move(message), std::move(detail), std::move(hint)};
  }

  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }

  bool Accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view ReadWord() {
    const std::size_t start = at_;
    while (at_ < text_.size() && IsWordChar(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  void ReadKind() {
    std::vector<std::string_view> names;
    for (const Kind& kind : Kinds()) names.push_back(kind.name);
    const std::size_t start = at_;
    const std::string_view word = ReadWord();
    if (word.empty()) Fail(start, kForm, "kind expected", words::Hint("", names));
    rule_.kind = FindKind(word);
    if (rule_.kind == nullptr) {
      Fail(start, kWord, "unknown kind \"" + words::Excerpt(word) + "\"", words::Hint(word, names));
    }
  }

  static std::vector<std::string_view> ItemNames() {
    std::vector<std::string_view> names;
    for (int i = 0; i < kProfiles; ++i) names.push_back(ProfileName(static_cast<Profile>(i)));
    names.insert(names.end(), kFacts.begin(), kFacts.end());
    return names;
  }

  void ReadItem() {
    const std::size_t start = at_;
    const std::string_view word = ReadWord();
    for (int i = 0; i < kProfiles; ++i) {
      const auto profile = static_cast<Profile>(i);
      if (word == ProfileName(profile)) return ReadOverride(profile, start);
    }
    if (word == "unique") return SetFact(rule_.facts.unique, word, start);
    if (word == "not_null") return SetFact(rule_.facts.not_null, word, start);
    if (word == "length") return ReadLength(start);
    Fail(start, word.empty() ? kForm : kWord,
         word.empty() ? std::string("profile or fact expected")
                      : "unknown word \"" + words::Excerpt(word) + "\" in a rule",
         words::Hint(word, ItemNames()));
  }

  void SetFact(bool& fact, std::string_view word, std::size_t start) {
    if (fact) FailTwice(word, start);
    fact = true;
  }

  [[noreturn]] void FailTwice(std::string_view word, std::size_t start) const {
    Fail(start, kForm, "\"" + std::string(word) + "\" stands twice in the rule", "Name it once.");
  }

  void ReadLength(std::size_t start) {
    if (rule_.facts.length != 0) FailTwice("length", start);
    if (!Accept('=')) Fail(at_, kForm, "\"=\" expected after length", "Write length=50.");
    rule_.facts.length = static_cast<int>(ReadNumber("length", 1, kMostLength));
  }

  std::int64_t ReadNumber(std::string_view what, std::int64_t least, std::int64_t most) {
    const std::string range =
        "A whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".";
    const std::size_t start = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    if (at_ == start) Fail(start, kForm, "number expected for " + std::string(what), range);
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text_.data() + start, text_.data() + at_, number);
    if (failure != std::errc() || end != text_.data() + at_ || number < least || number > most) {
      Fail(start, kWord, "number out of range for " + std::string(what), range);
    }
    return number;
  }

  void ReadOverride(Profile profile, std::size_t item) {
    std::optional<Treatment>& own = rule_.overrides[static_cast<std::size_t>(profile)];
    if (own) FailTwice(ProfileName(profile), item);
    const std::vector<std::string_view> names = words::TreatmentNames(profile);
    if (!Accept('=')) {
      Fail(at_, kForm, "\"=\" expected after " + std::string(ProfileName(profile)),
           words::Hint("", names));
    }
    const std::size_t start = at_;
    const std::string_view name = ReadWord();
    const words::Word* word = words::FindWord(name);
    if (word == nullptr || (word->profiles & 1U << static_cast<unsigned>(profile)) == 0) {
      const std::string of_profile = "profile \"" + std::string(ProfileName(profile)) + "\"";
      if (name.empty()) {
        Fail(start, kForm, "treatment expected for " + of_profile, words::Hint(name, names));
      }
      Fail(start, kWord,
           word == nullptr ? "unknown treatment \"" + words::Excerpt(name) + "\""
                           : "treatment \"" + std::string(name) + "\" is not one of " + of_profile,
           words::Hint(word == nullptr ? name : "", names));
    }
    Treatment treatment{word->id, 0, 0, {}};
    ReadParameters(*word, treatment);
    if (rule_.kind->name == "not_personal" && treatment.id != TreatmentId::kKeep) {
      Fail(item, kWord, "kind \"not_personal\" takes no treatment but \"keep\"",
           "It is kept in every profile. Give the column the kind of what it holds instead.");
    }
    own = std::move(treatment);
  }

  void ReadParameters(const words::Word& word, Treatment& treatment) {
    const std::string name(word.name);
    const bool optional = word.shape == words::Shape::kForm || word.shape == words::Shape::kText ||
                          word.shape == words::Shape::kLocale;
    if (word.shape == words::Shape::kNone) {
      if (at_ < text_.size() && text_[at_] == '(') {
        Fail(at_, kForm, "treatment \"" + name + "\" takes no parameters", "");
      }
      return;
    }
    if (!Accept('(')) {
      if (optional) return;
      Fail(at_, kForm, "parameters expected for treatment \"" + name + "\"",
           word.shape == words::Shape::kTwoNumbers ? "Write " + name + "(1,2)."
                                                   : "Write " + name + "(10).");
    }
    SkipBlanks();
    if (word.shape == words::Shape::kForm) {
      ReadOneOf(words::FormNames(), "unknown form of surrogate", treatment);
    } else if (word.shape == words::Shape::kLocale) {
      ReadOneOf(words::FakeNames(), "unknown locale of a fake", treatment);
    } else if (word.shape == words::Shape::kText) {
      treatment.a = 1;
      treatment.text = ReadText();
    } else {
      treatment.a = ReadNumber(word.name, word.least, word.most);
      if (word.shape == words::Shape::kTwoNumbers) {
        SkipBlanks();
        if (!Accept(',')) Fail(at_, kForm, "\",\" expected in " + name, "It takes two numbers.");
        SkipBlanks();
        treatment.b = ReadNumber(word.name, word.least, word.most);
      }
    }
    SkipBlanks();
    if (!Accept(')')) Fail(at_, kForm, "\")\" expected after the parameters of " + name, "");
  }

  void ReadOneOf(std::span<const std::string_view> names, std::string unknown,
                 Treatment& treatment) {
    const std::size_t start = at_;
    const std::string_view word = ReadWord();
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (names[i] == word) {
        treatment.a = static_cast<std::int64_t>(i);
        return;
      }
    }
    Fail(start, kWord, std::move(unknown), words::Hint(word, names));
  }

  std::string ReadText() {
    const std::size_t start = at_;
    std::string out;
    if (!Accept('\'')) {
      while (at_ < text_.size() && IsBareChar(text_[at_])) out.push_back(text_[at_++]);
      if (out.empty()) Fail(start, kForm, "text expected", "Write constant('text').");
      return out;
    }
    while (at_ < text_.size()) {
      const CodePoint point = DecodeAt(text_, at_);
      if (!point.valid || point.value < 0x20 || point.value == 0x7F) {
        Fail(start, kForm, "unprintable character in a quoted text", "");
      }
      if (point.value == '\'' && !(at_ + 1 < text_.size() && text_[at_ + 1] == '\'')) {
        ++at_;
        return out;
      }
      out.append(text_.substr(at_, point.bytes));
      at_ += point.value == '\'' ? 2U : point.bytes;
    }
    Fail(start, kForm, "quoted text does not end", "Write '' for a quote inside a text.");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Rule rule_;
};

}  // namespace

Rule ParseRule(std::string_view text) {
  return Parser(text).Run();
}

}  // namespace gdpr
