// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

#include "rule_words.hpp"
#include "treat.hpp"

// The answers of single value classes, called by Treat(). Internal to core.
namespace gdpr::treat {

constexpr std::string_view kErasedText = "Anonymized";

/// What a class needs to know of one call.
struct Call {
  const Rule& rule;
  Profile profile;
  const words::InForce& plan;  ///< after Normalize()
  const TypeFacts& type;
  const Value& value;
  Random& random;
  Result& result;
};

/// The treatment as the class understands it: one without meaning becomes kConstant (or kLeaves
/// for documents). kNull, kKeep and the reserved ones never come here.
TreatmentId Normalize(TreatmentId id, bool has_text, const TypeFacts& type);

void Text(const Call& call);
void Number(const Call& call);
void Date(const Call& call);
void Timestamp(const Call& call);
void Enum(const Call& call);
void Boolean(const Call& call);
void Inet(const Call& call);
void Mac(const Call& call);
void Uuid(const Call& call);
void Bytes(const Call& call);
void Json(const Call& call);
void Xml(const Call& call);
void Point(const Call& call);

/// Cuts a text to the bytes the type takes (name: 63), between characters.
void FitBytes(const TypeFacts& type, std::string& text);

/// The label that says "nothing known", else the first; empty if there are none.
std::string_view AnonymousLabel(const TypeFacts& type);

/// The constant of the rule does not fit the type: PD005, with the rule's own word.
[[noreturn]] void FailConstant(const Call& call);

}  // namespace gdpr::treat
