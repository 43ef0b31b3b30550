// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "rule_words.hpp"
#include "treat.hpp"
#include "treat_class.hpp"

namespace gdpr {
namespace {

using enum TreatmentId;

constexpr std::size_t kMostLabels = 50;

class List {
 public:
  List(const Rule& rule, const TypeFacts& type) : rule_(rule), type_(type) {}

  void Add(Treatment treatment) {
    Rule candidate = rule_;
    candidate.overrides[static_cast<std::size_t>(Profile::kErase)] = std::move(treatment);
    if (std::find(rules_.begin(), rules_.end(), candidate) != rules_.end()) return;
    if (FormatRule(candidate).size() <= kMaxRuleBytes) rules_.push_back(std::move(candidate));
  }
  void Add(TreatmentId id) { Add(Treatment{id, 0, 0, {}}); }
  void Add(SurrogateForm form) {
    Add(Treatment{kSurrogate, static_cast<std::int64_t>(form), 0, {}});
  }
  // Only where the whole text fits: half an e-mail address passes no check.
  void AddConstant(std::string_view text) {
    const auto room = static_cast<std::size_t>(rule_.facts.length);
    const bool is_text = type_.cls == ValueClass::kText;
    if (is_text && room != 0 && text.size() > room) return;
    if (!rule_.facts.unique) Add(Treatment{kConstant, 1, 0, std::string(text)});
  }

  std::vector<Rule> Take() && { return std::move(rules_); }

 private:
  const Rule& rule_;
  const TypeFacts& type_;
  std::vector<Rule> rules_;
};

// What a check of such a column most likely wants.
std::vector<std::string_view> ShapedConstants(std::string_view kind) {
  struct Shape {
    std::string_view kind;
    std::vector<std::string_view> texts;
  };
  static const std::vector<Shape> shapes = {
      {"email", {"anonymized@anonymized.invalid", "a@x.invalid"}},
      {"phone", {"+10000000000", "0000000000", "000-000-0000", "(000) 000-0000"}},
      {"url", {"https://anonymized.invalid/", "https://anonymized.invalid"}},
      {"country", {"XX", "XXX", "ZZ"}},
      {"nationality", {"XX", "XXX"}},
      {"gender", {"X", "U", "unknown", "other"}},
      {"marital_status", {"unknown", "U"}},
      {"postal_code", {"00000", "0000", "0000 XX", "000000", "00000-0000"}},
      {"birth_date", {"1900-01-01", "1970-01-01", "2000-01-01", "01/01/1900"}},
      {"card_expiry", {"01/00", "01/70", "01/1970", "1970-01-01"}},
      {"ip", {"0.0.0.0", "::"}},
      {"mac", {"00:00:00:00:00:00", "00-00-00-00-00-00"}},
      {"iban", {"XX00000000000000", "GB00XXXX00000000000000"}},
      {"bic", {"XXXXXXXX", "XXXXXXXXXXX"}},
      {"card_number", {"0000000000000000", "0000"}},
      {"vat_id", {"XX000000000"}},
      {"region", {"XX"}},
      {"geo", {"0,0", "0"}},
      {"profile_json", {"{}"}},
      {"attachment", {"application/octet-stream"}},
  };
  for (const Shape& shape : shapes) {
    if (shape.kind == kind) return shape.texts;
  }
  return {};
}

void AddTexts(const Rule& rule, List& list) {
  for (const std::string_view text : ShapedConstants(rule.kind->name)) list.AddConstant(text);
  // Letters before digits: a check may take both, and more people can be told apart by letters.
  for (const SurrogateForm form :
       {SurrogateForm::kPlain, SurrogateForm::kEmail, SurrogateForm::kUpper, SurrogateForm::kLower,
        SurrogateForm::kDigits, SurrogateForm::kUuid}) {
    list.Add(form);
  }
  for (const std::string_view text : {"anonymized", "ANONYMIZED", "unknown", "X", "x", "0", "-",
                                      "XX", "00", "XXX", "000", "1970-01-01"}) {
    list.AddConstant(text);
  }
  if (!rule.facts.unique) list.Add(kEmpty);
}

}  // namespace

std::vector<Rule> Candidates(const Rule& rule, const TypeFacts& type) {
  List list(rule, type);
  const auto erase = static_cast<std::size_t>(Profile::kErase);
  if (type.cls != ValueClass::kOther || rule.overrides[erase]) {
    list.Add(TreatmentFor(rule, Profile::kErase));
  }
  // Who wrote a treatment into the rule gets it or an error, nothing else.
  const bool kept = rule.kind->treatments[erase].id == kKeep;
  if (rule.overrides[erase] || kept) return std::move(list).Take();
  switch (type.cls) {
    case ValueClass::kText:
      AddTexts(rule, list);
      break;
    case ValueClass::kNumber:
      for (const std::string_view text : {"1", "-1", "1900", "1970", "2000", "100", "9999"}) {
        list.AddConstant(text);
      }
      list.Add(SurrogateForm::kPlain);
      list.Add(SurrogateForm::kDigits);
      break;
    case ValueClass::kDate:
    case ValueClass::kTimestamp:
      for (const std::string_view text : {"1970-01-01", "2000-01-01", "2100-01-01"}) {
        list.AddConstant(text);
      }
      list.Add(SurrogateForm::kPlain);
      break;
    case ValueClass::kBoolean:
      list.AddConstant("true");
      break;
    case ValueClass::kEnum:
      for (std::size_t i = 0; i < std::min(type.labels.size(), kMostLabels); ++i) {
        const std::string& label = type.labels[i];
        const bool printable = std::none_of(label.begin(), label.end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        });
        if (printable) list.AddConstant(label);
      }
      break;
    case ValueClass::kBytes:
      list.Add(SurrogateForm::kPlain);
      list.AddConstant("Anonymized");
      break;
    case ValueClass::kJson:
    case ValueClass::kXml:
      if (!rule.facts.unique) list.Add(kEmpty);
      list.Add(SurrogateForm::kPlain);
      break;
    default:
      if (type.cls != ValueClass::kOther) list.Add(SurrogateForm::kPlain);
      break;
  }
  if (!rule.facts.not_null) list.Add(kNull);
  return std::move(list).Take();
}

}  // namespace gdpr
