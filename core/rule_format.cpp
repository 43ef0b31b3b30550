// SPDX-License-Identifier: PostgreSQL
#include <string>

#include "rule.hpp"
#include "rule_words.hpp"

namespace gdpr {

std::string FormatTreatment(const Treatment& treatment) {
  const words::Word& word = words::WordOf(treatment.id);
  std::string out(word.name);
  switch (word.shape) {
    case words::Shape::kNone:
      break;
    case words::Shape::kOneNumber:
      out.append("(").append(std::to_string(treatment.a)).append(")");
      break;
    case words::Shape::kTwoNumbers:
      out.append("(").append(std::to_string(treatment.a)).append(",");
      out.append(std::to_string(treatment.b)).append(")");
      break;
    case words::Shape::kForm:
      if (treatment.a != 0) {
        out.append("(").append(words::FormNames()[static_cast<std::size_t>(treatment.a)]);
        out.append(")");
      }
      break;
    case words::Shape::kLocale:
      if (treatment.a != 0) {
        out.append("(").append(words::FakeNames()[static_cast<std::size_t>(treatment.a)]);
        out.append(")");
      }
      break;
    case words::Shape::kText:
      if (treatment.a != 0) {
        out.append("('");
        for (const char c : treatment.text) out.append(c == '\'' ? 2 : 1, c);
        out.append("')");
      }
      break;
  }
  return out;
}

std::string FormatRule(const Rule& rule) {
  std::string out(rule.kind->name);
  for (int i = 0; i < kProfiles; ++i) {
    const std::optional<Treatment>& own = rule.overrides[static_cast<std::size_t>(i)];
    if (!own) continue;
    out.append(" ").append(ProfileName(static_cast<Profile>(i))).append("=");
    out.append(FormatTreatment(*own));
  }
  if (rule.facts.unique) out.append(" unique");
  if (rule.facts.not_null) out.append(" not_null");
  if (rule.facts.length > 0) out.append(" length=").append(std::to_string(rule.facts.length));
  return out;
}

}  // namespace gdpr
