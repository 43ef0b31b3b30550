// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/treat.hpp"

namespace gdpr::test {

/// A small generator (splitmix64): the same bytes on every machine.
class TestRandom : public Random {
 public:
  explicit TestRandom(std::uint64_t seed = 1) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  void Fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(Next());
  }
  std::size_t Below(std::size_t limit) { return Next() % limit; }

 private:
  std::uint64_t state_;
};

inline Result TreatOne(std::string_view rule, Profile profile, const TypeFacts& type,
                       const Value& value) {
  static TestRandom random;
  Result result;
  Treat(ParseRule(rule), profile, type, value, random, result);
  return result;
}

inline TypeFacts Type(ValueClass cls, int integer_bytes = 0) {
  TypeFacts type;
  type.cls = cls;
  type.integer_bytes = integer_bytes;
  if (cls == ValueClass::kEnum) type.labels = {"red", "green", "unknown"};
  return type;
}

inline Value TextValue(std::string_view text) {
  Value value;
  value.text = text;
  return value;
}

inline Value IntegerValue(std::int64_t integer) {
  Value value;
  value.integer = integer;
  return value;
}

/// A text column. "NULL" for null, the input for "the same".
inline std::string TreatText(std::string_view rule, Profile profile, std::string_view text) {
  const Result result = TreatOne(rule, profile, Type(ValueClass::kText), TextValue(text));
  if (result.state == Result::State::kNull) return "NULL";
  return result.state == Result::State::kSame ? std::string(text) : result.text;
}
inline std::string Erase(std::string_view rule, std::string_view text) {
  return TreatText(rule, Profile::kErase, text);
}
inline std::string Mask(std::string_view rule, std::string_view text) {
  return TreatText(rule, Profile::kMask, text);
}
inline std::string Generalize(std::string_view rule, std::string_view text) {
  return TreatText(rule, Profile::kGeneralize, text);
}

inline std::string TreatDocument(ValueClass cls, std::string_view rule, std::string_view text) {
  return TreatOne(rule, Profile::kErase, Type(cls), TextValue(text)).text;
}

inline const std::vector<ValueClass>& AllClasses() {
  using enum ValueClass;
  static const std::vector<ValueClass> all = {
      kText, kNumber, kDate,  kTimestamp, kTime, kInterval, kBoolean, kEnum, kInet,
      kMac,  kUuid,   kBytes, kJson,      kXml,  kTsvector, kPoint,   kOther};
  return all;
}

/// Runs something that must throw and gives the Error.
template <typename Action>
Error ErrorOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {"none", "", "", ""};
}

}  // namespace gdpr::test
