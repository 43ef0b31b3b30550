// SPDX-License-Identifier: PostgreSQL
// Profile fake for everything that is not text, and for dates, numbers and documents in text.
#include "fake_typed.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>

#include "fake_makers.hpp"
#include "../net.hpp"

namespace gdpr::fake {

namespace typed {

Domain& Domain::Add(std::string_view text) {
  const std::size_t size = std::min(text.size(), bytes_.size() - size_);
  std::memcpy(bytes_.data() + size_, text.data(), size);
  size_ += size;
  return *this;
}

Domain& Domain::Add(std::int64_t number) {
  char digits[24];
  digits[0] = ' ';
  const char* end = std::to_chars(digits + 1, digits + sizeof digits, number).ptr;
  return Add({digits, static_cast<std::size_t>(end - digits)});
}

Call With(const Call& call, std::string_view material, std::string& out) {
  return {call.kind,   call.type, material, call.room, call.unique, call.seeded,
          call.seed,   call.locale, call.row, call.keys, out,       call.attempt};
}

U128 Pick(const Call& call, std::string_view domain, U128 size, U128 index) {
  if (call.Permutes()) return call.Permute(domain, size, index);
  constexpr U128 kHalf = static_cast<U128>(1) << 60U;
  Draw draw = call.Person(domain);
  if (size <= kHalf) return draw.Below(static_cast<std::uint64_t>(size));
  const U128 bits = static_cast<U128>(draw.Bits()) << 64U;
  return (bits | draw.Bits()) % size;
}

std::int64_t InBlock(const Call& call, std::string_view domain, std::int64_t value,
                     std::int64_t width, std::int64_t least, std::int64_t most) {
  const std::int64_t block = value / width - (value % width < 0 ? 1 : 0);
  const std::int64_t first = std::max(block * width, least);
  const std::int64_t last = std::min(block * width + width - 1, most);
  const U128 picked = Pick(call, Domain(domain).Add(block), static_cast<U128>(last - first + 1),
                           static_cast<U128>(value - first));
  return first + static_cast<std::int64_t>(picked);
}

}  // namespace typed

namespace {

using namespace typed;  // NOLINT
using enum TreatmentId;

Plan PlanOf(const treat::Call& call) {
  return {call.plan.id, call.plan.a, call.profile == Profile::kPseudonym};
}

Plan DaysOf(const Plan& plan) {
  return {kShift, plan.id == kShift ? plan.number : kUsualDays, plan.pseudonym};
}

// The value as bytes that a draw can be made from.
template <typename Number>
std::string_view Bytes(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};  // NOLINT
}

std::int64_t MostInteger(const treat::Call& call) {
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (call.type.integer_bytes == 2) most = std::numeric_limits<std::int16_t>::max();
  if (call.type.integer_bytes == 4) most = std::numeric_limits<std::int32_t>::max();
  return most;
}

void Number(const treat::Call& call, const Call& fake) {
  const Plan plan = PlanOf(call);
  const Value& value = call.value;
  if (call.type.floating) {
    call.result.x = Float(With(fake, Bytes(value.x), fake.out), plan, value.x,
                          call.type.integer_bytes == 4);
  } else if (call.type.integer_bytes != 0) {
    char digits[24];
    const char* end = std::to_chars(digits, digits + sizeof digits, value.integer).ptr;
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    call.result.integer = Integer(With(fake, text, fake.out), plan, value.integer, MostInteger(call));
  } else {
    Decimal(fake, plan, value.text, call.rule.facts.length, call.result.text);
  }
}

void Boolean(const treat::Call& call, const Call& fake) {
  // Of two values each would tell the other: without a person it is always the same.
  if (fake.seeded) call.result.integer = fake.keys.DrawForSeed("boolean", fake.seed).Below(2) == 1;
}

void Enum(const treat::Call& call, const Call& fake) {
  const auto& labels = call.type.labels;
  const auto found = std::ranges::find(labels, call.value.text);
  if (found == labels.end()) {
    call.result.state = Result::State::kSame;  // a type without labels has no values
    return;
  }
  const auto index = static_cast<std::size_t>(found - labels.begin());
  const U128 picked = Pick(fake, Domain("enum ").Add(fake.kind.name), labels.size(), index);
  call.result.text.assign(labels[static_cast<std::size_t>(picked)]);
}

// What a type's own text would become, so that an address is the same as text and as inet.
bool AsText(const Call& fake, std::string_view kind, std::string_view text, std::string& made) {
  const Call as_text{*FindKind(kind),
                     fake.type,
                     text,
                     std::numeric_limits<std::size_t>::max(),
                     fake.unique,
                     fake.seeded,
                     fake.seed,
                     fake.locale,
                     fake.row,
                     fake.keys,
                     made};
  Make(as_text);
  return true;
}

// Another network of the same size.
void Network(const treat::Call& call, const Call& fake) {
  net::Address address{call.value.raw, call.value.family};
  const unsigned bits = std::min<unsigned>(call.value.prefix, 120);
  U128 index = 0;
  for (unsigned i = 0; i < 15; ++i) index = index << 8U | address.raw[i];
  index >>= 120 - bits;
  const U128 size = static_cast<U128>(1) << bits;
  if (bits > 0) {
    index = Pick(fake, Domain("network").Add(call.value.family).Add(static_cast<std::int64_t>(bits)),
                 size, index)
            << (120 - bits);
  }
  for (unsigned i = 15; i > 0; --i, index >>= 8U) {
    address.raw[i - 1] = static_cast<std::uint8_t>(index & 0xFFU);
  }
  call.result.raw = address.raw;
}

void Inet(const treat::Call& call, const Call& fake) {
  Result& result = call.result;
  result.family = call.value.family;
  result.prefix = call.value.prefix;
  net::Address kept{call.value.raw, call.value.family};
  net::KeepBits(kept, call.value.prefix);
  const int whole = call.value.family == 4 ? 32 : 128;
  if (call.value.prefix < whole && kept.raw == call.value.raw) return Network(call, fake);
  std::string text, made;
  net::Append({call.value.raw, call.value.family}, text);
  AsText(fake, "ip", text, made);
  net::Address address;
  std::size_t end = net::ReadIpv4(made, 0, address);
  if (end == 0) end = net::ReadIpv6(made, 0, address);
  if (end != 0 && end == made.size() && address.family == call.value.family) {
    result.raw = address.raw;
  } else {
    Network(call, fake);
  }
}

constexpr std::string_view kHex = "0123456789abcdef";

void AppendHex(std::span<const std::uint8_t> bytes, char between, std::string& out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool gap = between == ':' ? i > 0 : i == 4 || i == 6 || i == 8 || i == 10;
    if (gap) out.push_back(between);
    out.push_back(kHex[bytes[i] >> 4U]);
    out.push_back(kHex[bytes[i] & 15U]);
  }
}

// False if the text is not that many bytes in hex.
bool ReadHex(std::string_view text, std::span<std::uint8_t> bytes) {
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ':' || c == '-') continue;
    const std::size_t digit = kHex.find(static_cast<char>(c >= 'A' && c <= 'F' ? c | 0x20 : c));
    if (digit == std::string_view::npos || digits == bytes.size() * 2) return false;
    std::uint8_t& byte = bytes[digits / 2];
    byte = static_cast<std::uint8_t>(digits % 2 == 0 ? digit << 4U : byte | digit);
    ++digits;
  }
  return digits == bytes.size() * 2;
}

void Mac(const treat::Call& call, const Call& fake) {
  auto& raw = call.result.raw;
  const auto& from = call.value.raw;
  if (from[6] == 0 && from[7] == 0) {  // six bytes, or eight that end with zeros
    std::string text, made;
    AppendHex(std::span(from).first(6), ':', text);
    AsText(fake, "mac", text, made);
    if (ReadHex(made, std::span(raw).first(6))) return;
  }
  // The maker's three bytes stay, and the device's are another one's.
  U128 device = 0;
  for (std::size_t i = 3; i < 8; ++i) device = device << 8U | from[i];
  const std::int64_t maker = from[0] << 16 | from[1] << 8 | from[2];
  device = Pick(fake, Domain("mac").Add(maker), static_cast<U128>(1) << 40U, device);
  raw = from;
  for (std::size_t i = 8; i > 3; --i, device >>= 8U) {
    raw[i - 1] = static_cast<std::uint8_t>(device & 0xFFU);
  }
}

void Uuid(const treat::Call& call, const Call& fake) {
  auto& raw = call.result.raw;
  const auto& from = call.value.raw;
  std::string text, made;
  AppendHex(from, '-', text);
  if (fake.kind.name == "device_id" || fake.kind.name == "external_id") {
    AsText(fake, fake.kind.name, text, made);
    if (made.size() == text.size() && ReadHex(made, raw)) return;
  }
  Draw draw = With(fake, text, fake.out).Value("uuid");
  for (std::size_t i = 0; i < raw.size(); i += 8) {
    const std::uint64_t bits = draw.Bits();
    for (std::size_t j = 0; j < 8; ++j) raw[i + j] = static_cast<std::uint8_t>(bits >> (8 * j));
  }
  const bool has_version = from[6] >> 4U != 0 && from[8] >> 6U == 2;
  const auto version = static_cast<std::uint8_t>(has_version ? from[6] & 0xF0U : 0x40U);
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0FU) | version);
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3FU) | 0x80U);
}

// About as many bytes; few stay as many, so that they can be permuted.
void Binary(const treat::Call& call, const Call& fake) {
  constexpr std::size_t kFew = 15;
  const std::string_view from = call.value.text;
  std::string& out = call.result.text;
  if (from.size() <= kFew) {
    U128 index = 0;
    for (const char c : from) index = index << 8U | static_cast<unsigned char>(c);
    if (from.empty()) return;
    const auto bits = static_cast<unsigned>(from.size() * 8);
    U128 picked = Pick(fake, "bytes", static_cast<U128>(1) << bits, index);
    out.resize(from.size());
    for (std::size_t i = from.size(); i > 0; --i, picked >>= 8U) {
      out[i - 1] = static_cast<char>(static_cast<unsigned>(picked & 0xFFU));
    }
    return;
  }
  Draw draw = fake.Value("bytes");
  const std::size_t size = from.size() + draw.Below(from.size() / 8 + 1);
  out.reserve(size + 8);
  while (out.size() < size) {
    const std::uint64_t bits = draw.Bits();
    for (unsigned j = 0; j < 8; ++j) out.push_back(static_cast<char>(bits >> (8 * j) & 0xFFU));
  }
  out.resize(size);
}

void PutDocument(const treat::Call& call, const Call& fake, bool is_json) {
  std::string made;
  const bool read = is_json ? Json(fake, call.value.text, made) : Xml(fake, call.value.text, made);
  if (read) {
    call.result.text.swap(made);
  } else {
    call.result.text.assign(is_json ? "\"\"" : "");
    call.result.text.insert(is_json ? 1 : 0, treat::kErasedText);
  }
}

// An interval is kept as its microseconds, which move as an amount does.
std::int64_t Interval(const Call& fake, std::int64_t micros) {
  static const Kind& amount = *FindKind("salary");
  const Call call{amount,      fake.type,   fake.text, fake.room, false,     fake.seeded,
                  fake.seed,   fake.locale, fake.row,  fake.keys, fake.out};
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, micros).ptr;
  return Integer(With(call, {digits, static_cast<std::size_t>(end - digits)}, fake.out),
                 {kNoise, kUsualPercent, false}, micros, std::numeric_limits<std::int64_t>::max());
}

// Text: what is neither shifted nor an amount never comes here.
void TextValue(const treat::Call& call, const Call& fake) {
  if (fake.text.empty()) return;
  if (call.plan.id == kShift) return ShiftText(fake, PlanOf(call));
  NumberText(fake, PlanOf(call));
}

void Document(const Call& call, bool json_first) {
  std::string made;
  const bool read = json_first ? Json(call, call.text, made) || Xml(call, call.text, made)
                               : Xml(call, call.text, made) || Json(call, call.text, made);
  // Of bare text every word is XML.
  const bool has_tags = made.find_first_of("<{[") != std::string::npos;
  if (read && has_tags && made.size() <= call.room) {
    call.out.append(made);
  } else {
    FreeText(call);
  }
}

}  // namespace

void Typed(const treat::Call& call, const Keying& keying) {
  TypedAs(call, CallOf(call, keying));
}

void TypedAs(const treat::Call& call, const Call& fake) {
  call.result.state = Result::State::kValue;
  const std::int64_t integer = call.value.integer;
  switch (call.type.cls) {
    case ValueClass::kText:
      return TextValue(call, fake);
    case ValueClass::kNumber:
      if (call.plan.id == kBucket) return treat::Number(call);
      return Number(call, fake);
    case ValueClass::kDate:
      call.result.integer = ShiftDate(fake, DaysOf(PlanOf(call)), integer);
      return;
    case ValueClass::kTimestamp:
      call.result.integer = ShiftTimestamp(fake, DaysOf(PlanOf(call)), integer);
      return;
    case ValueClass::kTime:
      call.result.integer = TimeOfDay(fake, integer);
      return;
    case ValueClass::kInterval:
      call.result.integer = Interval(fake, integer);
      return;
    case ValueClass::kBoolean:
      return Boolean(call, fake);
    case ValueClass::kEnum:
      return Enum(call, fake);
    case ValueClass::kInet:
      return Inet(call, fake);
    case ValueClass::kMac:
      return Mac(call, fake);
    case ValueClass::kUuid:
      return Uuid(call, fake);
    case ValueClass::kBytes:
      return Binary(call, fake);
    case ValueClass::kJson:
    case ValueClass::kXml:
      return PutDocument(call, fake, call.type.cls == ValueClass::kJson);
    case ValueClass::kPoint:
      call.result.x = Degrees(With(fake, Bytes(call.value.x), fake.out), call.value.x);
      call.result.y = Degrees(With(fake, Bytes(call.value.y), fake.out), call.value.y);
      return;
    case ValueClass::kTsvector:  // made anew from what it is made of
    case ValueClass::kOther:     // Treat() has answered
      return;
  }
}

void BirthDate(const Call& call) {
  ShiftText(call, {kShift, kUsualDays, false});
}
void Age(const Call& call) {
  NumberText(call, {kNoise, kUsualPercent, false});
}
void Salary(const Call& call) {
  NumberText(call, {kNoise, kUsualPercent, false});
}
void Geo(const Call& call) {
  NumberText(call, {kFake, 0, false});
}
void ProfileJson(const Call& call) {
  Document(call, true);
}
void ProfileXml(const Call& call) {
  Document(call, false);
}

}  // namespace gdpr::fake
