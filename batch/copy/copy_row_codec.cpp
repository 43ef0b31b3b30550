// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_row_codec.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "batch/copy/copy_row_bytes.hpp"
#include "batch/copy/copy_row_numeric.hpp"
#include "core/utf8.hpp"

namespace gdpr::batch::codec {
namespace {

constexpr char kJsonbVersion = 1;
constexpr std::uint8_t kFamilyV4 = 2, kFamilyV6 = 3;  // PGSQL_AF_INET, PGSQL_AF_INET6
constexpr std::size_t kInetHead = 4;                  // family, bits, is_cidr, bytes

void Need(bool whole) {
  if (!whole) throw Damaged();
}

template <typename T>
T Number(std::string_view field) {
  Need(field.size() == sizeof(T));
  return Load<T>(field.data());
}

std::int64_t Signed(std::string_view field, int bytes) {
  switch (bytes) {
    case 2:
      return static_cast<std::int16_t>(Number<std::uint16_t>(field));
    case 4:
      return static_cast<std::int32_t>(Number<std::uint32_t>(field));
    default:
      return static_cast<std::int64_t>(Number<std::uint64_t>(field));
  }
}

void AppendSigned(std::int64_t number, int bytes, std::string& out) {
  switch (bytes) {
    case 2:
      return Append(static_cast<std::uint16_t>(number), out);
    case 4:
      return Append(static_cast<std::uint32_t>(number), out);
    default:
      return Append(static_cast<std::uint64_t>(number), out);
  }
}

double Float8(std::string_view field) {
  return std::bit_cast<double>(Number<std::uint64_t>(field));
}

void AppendFloat8(double number, std::string& out) {
  Append(std::bit_cast<std::uint64_t>(number), out);
}

void ReadNumber(const CopyType& type, std::string_view field, std::string& scratch, Value& value) {
  if (type.facts.floating) {
    value.x = type.facts.integer_bytes == 4
                  ? static_cast<double>(std::bit_cast<float>(Number<std::uint32_t>(field)))
                  : Float8(field);
  } else if (type.facts.integer_bytes != 0) {
    value.integer = Signed(field, type.facts.integer_bytes);
  } else {
    scratch.clear();
    Need(NumericToText(field, scratch));
    value.text = scratch;
  }
}

void WriteNumber(const CopyType& type, const gdpr::Result& result, std::string& out) {
  if (type.facts.floating) {
    if (type.facts.integer_bytes == 4) {
      Append(std::bit_cast<std::uint32_t>(static_cast<float>(result.x)), out);
    } else {
      AppendFloat8(result.x, out);
    }
  } else if (type.facts.integer_bytes != 0) {
    AppendSigned(result.integer, type.facts.integer_bytes, out);
  } else if (!TextToNumeric(result.text, out)) {
    throw Misfit{"it is no number"};
  }
}

void ReadInet(std::string_view field, Value& value) {
  Need(field.size() >= kInetHead);
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(field[at]); };
  const bool v4 = byte(0) == kFamilyV4;
  const std::size_t size = v4 ? 4 : 16;
  Need((v4 || byte(0) == kFamilyV6) && byte(3) == size && field.size() == kInetHead + size &&
       byte(1) <= 8 * size);
  value.family = v4 ? 4 : 6;
  value.prefix = byte(1);
  std::memcpy(value.raw.data(), field.data() + kInetHead, size);
}

void WriteInet(bool cidr, const gdpr::Result& result, std::string& out) {
  const bool v4 = result.family == 4;
  const int size = v4 ? 4 : 16;
  out += static_cast<char>(v4 ? kFamilyV4 : kFamilyV6);
  out += static_cast<char>(result.prefix);
  out += static_cast<char>(cidr);
  out += static_cast<char>(size);
  for (int i = 0; i < size; ++i) {
    std::uint8_t byte = result.raw[static_cast<std::size_t>(i)];
    // A cidr has no bits to the right of its mask.
    const int kept = std::clamp(result.prefix - 8 * i, 0, 8);
    if (cidr) byte = static_cast<std::uint8_t>(byte & (0xFF00 >> kept));
    out += static_cast<char>(byte);
  }
}

std::size_t MacBytes(const CopyType& type) {
  return type.base == oid::kMacaddr ? 6 : 8;
}

void ReadRaw(std::string_view field, std::size_t size, Value& value) {
  Need(field.size() == size);
  std::memcpy(value.raw.data(), field.data(), size);
}

void WriteRaw(const gdpr::Result& result, std::size_t size, std::string& out) {
  out.append(reinterpret_cast<const char*>(result.raw.data()), size);
}

void ReadTime(const CopyType& type, std::string_view field, Value& value) {
  const std::size_t rest = type.base == oid::kTime ? 0 : type.base == oid::kTimetz ? 4 : 8;
  Need(field.size() == 8 + rest);
  value.integer = Signed(field.substr(0, 8), 8);
}

}  // namespace

Value Read(const CopyType& type, std::string_view field, std::string& scratch) {
  Value value;
  switch (type.facts.cls) {
    case ValueClass::kText:
    case ValueClass::kEnum:
    case ValueClass::kXml:
    case ValueClass::kBytes:
      value.text = field;
      break;
    case ValueClass::kJson:
      value.text = field;
      if (type.base != oid::kJsonb) break;
      Need(field.starts_with(kJsonbVersion));
      value.text.remove_prefix(1);
      break;
    case ValueClass::kNumber:
      ReadNumber(type, field, scratch, value);
      break;
    case ValueClass::kDate:
      value.integer = Signed(field, 4);
      break;
    case ValueClass::kTimestamp:
      value.integer = Signed(field, 8);
      break;
    case ValueClass::kTime:
    case ValueClass::kInterval:
      ReadTime(type, field, value);
      break;
    case ValueClass::kBoolean:
      Need(field.size() == 1);
      value.integer = field[0] != 0 ? 1 : 0;
      break;
    case ValueClass::kInet:
      ReadInet(field, value);
      break;
    case ValueClass::kMac:
      ReadRaw(field, MacBytes(type), value);
      break;
    case ValueClass::kUuid:
      ReadRaw(field, 16, value);
      break;
    case ValueClass::kPoint:
      Need(field.size() == 16);
      value.x = Float8(field.substr(0, 8));
      value.y = Float8(field.substr(8));
      break;
    case ValueClass::kTsvector:
    case ValueClass::kOther:
      break;
  }
  return value;
}

void Write(const CopyType& type, const gdpr::Result& result, std::string& out) {
  switch (type.facts.cls) {
    case ValueClass::kJson:
      if (type.base == oid::kJsonb) out += kJsonbVersion;
      [[fallthrough]];
    case ValueClass::kText:
    case ValueClass::kEnum:
    case ValueClass::kXml:
    case ValueClass::kBytes:
      out += result.text;
      return;
    case ValueClass::kNumber:
      return WriteNumber(type, result, out);
    case ValueClass::kDate:
      return AppendSigned(result.integer, 4, out);
    case ValueClass::kTimestamp:
      return AppendSigned(result.integer, 8, out);
    case ValueClass::kTime:
    case ValueClass::kInterval:
      AppendSigned(result.integer, 8, out);
      if (type.base == oid::kTimetz) out.append(4, '\0');    // UTC
      if (type.base == oid::kInterval) out.append(8, '\0');  // no days, no months
      return;
    case ValueClass::kBoolean:
      out += static_cast<char>(result.integer != 0);
      return;
    case ValueClass::kInet:
      return WriteInet(type.base == oid::kCidr, result, out);
    case ValueClass::kMac:
      return WriteRaw(result, MacBytes(type), out);
    case ValueClass::kUuid:
      return WriteRaw(result, 16, out);
    case ValueClass::kPoint:
      AppendFloat8(result.x, out);
      AppendFloat8(result.y, out);
      return;
    case ValueClass::kTsvector:
      out.append(4, '\0');  // no lexemes
      return;
    case ValueClass::kOther:
      throw Misfit{"the type has no treatment"};
  }
}

const char* Misfitting(const CopyType& type, std::int32_t typmod, const gdpr::Result& result) {
  if (type.facts.cls == ValueClass::kText) {
    if (type.base == oid::kName) {
      return result.text.size() > static_cast<std::size_t>(type.facts.text_bytes)
                 ? "it is longer than a name"
                 : nullptr;
    }
    const auto most = static_cast<std::size_t>(LengthOfTypmod(type.base, typmod));
    if (most == 0 || result.text.size() <= most) return nullptr;
    return CountChars(result.text) > most ? "it is longer than the column" : nullptr;
  }
  if (type.base == oid::kNumeric && typmod >= 0) {
    const int most = LengthOfTypmod(type.base, typmod);
    if (DigitsBeforePoint(result.text) > most) return "it has more digits than the column";
  }
  return nullptr;
}

}  // namespace gdpr::batch::codec
