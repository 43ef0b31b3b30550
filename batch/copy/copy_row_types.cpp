// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_row_types.hpp"

#include <utility>

namespace gdpr::batch {
namespace {

constexpr int kNameBytes = 63;
constexpr std::int32_t kHeader = 4;  // modifiers of strings and numerics count it in

TypeFacts Facts(ValueClass cls, int integer_bytes = 0, bool floating = false) {
  TypeFacts facts;
  facts.cls = cls;
  facts.integer_bytes = integer_bytes;
  facts.floating = floating;
  return facts;
}

TypeFacts FactsOfNumber(std::uint32_t base) {
  switch (base) {
    case oid::kInt2:
      return Facts(ValueClass::kNumber, 2);
    case oid::kInt4:
      return Facts(ValueClass::kNumber, 4);
    case oid::kFloat4:
      return Facts(ValueClass::kNumber, 4, true);
    case oid::kFloat8:
      return Facts(ValueClass::kNumber, 8, true);
    case oid::kNumeric:
      return Facts(ValueClass::kNumber);
    default:
      return Facts(ValueClass::kNumber, 8);
  }
}

ValueClass ClassOf(std::uint32_t base) {
  switch (base) {
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kName:
      return ValueClass::kText;
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kMoney:
    case oid::kNumeric:
    case oid::kFloat4:
    case oid::kFloat8:
      return ValueClass::kNumber;
    case oid::kDate:
      return ValueClass::kDate;
    case oid::kTimestamp:
    case oid::kTimestamptz:
      return ValueClass::kTimestamp;
    case oid::kTime:
    case oid::kTimetz:
      return ValueClass::kTime;
    case oid::kInterval:
      return ValueClass::kInterval;
    case oid::kBool:
      return ValueClass::kBoolean;
    case oid::kInet:
    case oid::kCidr:
      return ValueClass::kInet;
    case oid::kMacaddr:
    case oid::kMacaddr8:
      return ValueClass::kMac;
    case oid::kUuid:
      return ValueClass::kUuid;
    case oid::kBytea:
      return ValueClass::kBytes;
    case oid::kJson:
    case oid::kJsonb:
      return ValueClass::kJson;
    case oid::kXml:
      return ValueClass::kXml;
    case oid::kTsvector:
      return ValueClass::kTsvector;
    case oid::kPoint:
      return ValueClass::kPoint;
    default:
      return ValueClass::kOther;
  }
}

TypeFacts FactsOf(const TypeRow& row) {
  if (row.typtype == 'e') {
    TypeFacts facts = Facts(ValueClass::kEnum);
    facts.labels = row.labels;
    return facts;
  }
  const ValueClass cls = row.like_text ? ValueClass::kText : ClassOf(row.oid);
  if (cls == ValueClass::kNumber) {
    TypeFacts facts = FactsOfNumber(row.oid);
    if (row.oid == oid::kMoney) facts.scale = 2;
    return facts;
  }
  TypeFacts facts = Facts(cls);
  facts.any_case = row.any_case;
  if (row.oid == oid::kName) facts.text_bytes = kNameBytes;
  return facts;
}

}  // namespace

CatalogTypes::CatalogTypes(std::vector<TypeRow> rows) {
  std::map<std::uint32_t, TypeRow> by_oid;
  for (TypeRow& row : rows) {
    const std::uint32_t number = row.oid;
    by_oid.insert_or_assign(number, std::move(row));
  }
  for (const auto& [number, row] : by_oid) Make(number, by_oid);
}

const CopyType& CatalogTypes::Make(std::uint32_t number,
                                   const std::map<std::uint32_t, TypeRow>& rows) {
  if (const auto found = types_.find(number); found != types_.end()) return found->second;
  const TypeRow& row = rows.at(number);
  CopyType type;
  if (row.typtype == 'd') {
    type = Make(row.base, rows);
    type.domain = true;
    type.not_null = type.not_null || row.not_null;
    if (row.typmod >= 0) type.typmod = row.typmod;
  } else {
    type.base = number;
    type.binary = row.binary;
    type.of_database = row.of_database;
    if (row.element != 0) {
      type.element = &Make(row.element, rows);
      type.facts = type.element->facts;
      type.typmod = type.element->typmod;
      type.binary = type.binary && type.element->binary;
      type.of_database = type.element->of_database;
    } else {
      type.facts = FactsOf(row);
    }
  }
  return types_.emplace(number, std::move(type)).first->second;
}

int LengthOfTypmod(std::uint32_t base, std::int32_t typmod) {
  if (typmod < kHeader) return 0;
  const std::int32_t value = typmod - kHeader;
  if (base == oid::kVarchar || base == oid::kBpchar) return value;
  if (base != oid::kNumeric) return 0;
  const int precision = (value >> 16) & 0xFFFF;
  const int scale = ((value & 0x7FF) ^ 1024) - 1024;  // signed since PostgreSQL 15
  return precision > scale ? precision - scale : 0;
}

}  // namespace gdpr::batch
