// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr {

/// How a value is handed to core. Arrays are the glue's work, element by element.
enum class ValueClass : std::uint8_t {
  kText,    ///< text varchar char name citext and domains over them
  kNumber,  ///< int2 int4 int8 numeric float4 float8 money
  kDate,
  kTimestamp,  ///< timestamp, timestamptz
  kTime,       ///< time, timetz
  kInterval,
  kBoolean,
  kEnum,
  kInet,  ///< inet, cidr
  kMac,   ///< macaddr, macaddr8
  kUuid,
  kBytes,
  kJson,  ///< json, jsonb (as text)
  kXml,
  kTsvector,
  kPoint,
  kOther,
};

/// What core must know of the type, once per call site.
struct TypeFacts {
  ValueClass cls = ValueClass::kText;
  int integer_bytes = 0;            ///< integers: 2, 4, 8; 0 = decimal text. With floating: 4 or 8
  bool floating = false;            ///< float4, float8: the value is in x
  std::vector<std::string> labels;  ///< kEnum: in their order
  int text_bytes = 0;               ///< most bytes of a text (name: 63); 0 = no limit
  int scale = 0;  ///< decimal places an integer stands for (money: 2); only bucket() looks at it
  bool any_case = false;  ///< texts that differ only in case are equal: citext
};

/// One value, not NULL (every function is strict). A view: the bytes belong to the caller.
///
/// | class               | where                                                               |
/// |---------------------|---------------------------------------------------------------------|
/// | kText kJson kXml    | text                                                                |
/// | kBytes              | text: the bytes                                                     |
/// | kEnum               | text: the label                                                     |
/// | kNumber             | integer if integer_bytes and not floating; x if floating; else text |
/// | kDate               | integer: days since 2000-01-01                                      |
/// | kTimestamp          | integer: microseconds since 2000-01-01 UTC                          |
/// | kTime kInterval     | integer: microseconds (interval: months and days are zero too)      |
/// | kBoolean            | integer: 0 or 1                                                     |
/// | kInet               | raw (4 or 16 bytes), family (4 or 6), prefix                        |
/// | kMac                | raw (6 or 8 bytes)                                                  |
/// | kUuid               | raw                                                                 |
/// | kPoint              | x, y                                                                |
/// | kTsvector kOther    | nothing                                                             |
struct Value {
  std::string_view text;
  std::int64_t integer = 0;
  std::array<std::uint8_t, 16> raw{};
  std::uint8_t family = 4;
  std::uint8_t prefix = 32;
  double x = 0;
  double y = 0;
};

/// The treated value, in the same members as Value. Kept by the caller from call to call so that
/// the text's memory is used again. kSame: the input, byte for byte. kTsvector: kValue means empty.
struct Result {
  enum class State : std::uint8_t { kNull, kSame, kValue };

  State state = State::kSame;
  std::string text;
  std::int64_t integer = 0;
  std::array<std::uint8_t, 16> raw{};
  std::uint8_t family = 4;
  std::uint8_t prefix = 32;
  double x = 0;
  double y = 0;

  /// Empties everything but keeps the text's memory.
  void Clear() {
    state = State::kSame;
    text.clear();
    integer = 0;
    raw.fill(0);
    family = 4;
    prefix = 32;
    x = y = 0;
  }
};

}  // namespace gdpr
