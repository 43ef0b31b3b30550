// SPDX-License-Identifier: PostgreSQL
// First line: a rule; second: a person's seed, empty for none; the rest: a value. The keyed
// profiles answer or refuse for every class, within the column, the same each time; where it is
// unique, what differs stays different; what ff1 made of a text can be turned back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/fake/fake_room.hpp"
#include "core/keyed.hpp"
#include "core/pseudonym.hpp"
#include "core/treat.hpp"
#include "core/utf8.hpp"

namespace {

class NoRandom : public gdpr::Random {
 public:
  void Fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = 0;
  }
};

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const gdpr::CodePoint point = gdpr::DecodeAt(text, at);
    if (!point.valid) return false;
    at += point.bytes;
  }
  return true;
}

std::string_view Line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  return line;
}

gdpr::Value ValueOf(std::string_view text) {
  gdpr::Value value;
  value.text = text;
  std::memcpy(value.raw.data(), text.data(), std::min(text.size(), value.raw.size()));
  std::memcpy(&value.integer, value.raw.data(), sizeof value.integer);
  std::memcpy(&value.x, value.raw.data(), sizeof value.x);
  std::memcpy(&value.y, value.raw.data() + 8, sizeof value.y);
  value.family = text.size() % 2 == 0 ? 4 : 6;
  value.prefix = static_cast<std::uint8_t>(text.size() % (value.family == 4 ? 33 : 129));
  return value;
}

bool Same(const gdpr::Result& one, const gdpr::Result& other) {
  return one.state == other.state && one.text == other.text && one.integer == other.integer &&
         one.raw == other.raw && std::memcmp(&one.x, &other.x, sizeof one.x) == 0 &&
         std::memcmp(&one.y, &other.y, sizeof one.y) == 0;
}

// A text fits its column, as long as the value itself did.
void CheckText(const gdpr::Rule& rule, gdpr::Profile profile, const gdpr::TypeFacts& type,
               std::string_view text, const gdpr::Result& result, gdpr::Keyed& keys) {
  if (result.state != gdpr::Result::State::kValue) return;
  const auto length = static_cast<std::size_t>(rule.facts.length);
  const auto bytes = static_cast<std::size_t>(type.text_bytes);
  const bool fitted =
      (length == 0 || gdpr::CountChars(text) <= length) && (bytes == 0 || text.size() <= bytes);
  if (fitted && length != 0 && gdpr::CountChars(result.text) > length) std::abort();
  if (fitted && bytes != 0 && result.text.size() > bytes) std::abort();
  if (IsUtf8(text) && !IsUtf8(result.text)) std::abort();
  // Beyond 40 letters and digits, and with other letters than those of ASCII, it may be a digest.
  if (profile != gdpr::Profile::kPseudonym || bytes != 0) return;
  if (gdpr::TreatmentFor(rule, profile).id != gdpr::TreatmentId::kFf1) return;
  std::size_t numerals = 0;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return;
    numerals += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 1 : 0;
  }
  if (numerals == 0 || numerals > 40) return;
  if (gdpr::Reveal(rule, keys, result.text) != text) std::abort();
}

void Try(const gdpr::Rule& rule, gdpr::Profile profile, const gdpr::TypeFacts& type,
         const gdpr::Value& value, const gdpr::Keying& keying) {
  static NoRandom random;
  static gdpr::Result result, again;
  try {
    gdpr::Treat(rule, profile, type, value, random, result, keying);
  } catch (const gdpr::Error& error) {
    if (error.sqlstate != "0A000" && error.sqlstate != "PD005") std::abort();
    return;
  }
  gdpr::Treat(rule, profile, type, value, random, again, keying);
  if (!Same(result, again)) std::abort();
  if (type.cls == gdpr::ValueClass::kText) {
    CheckText(rule, profile, type, value.text, result, *keying.keys);
  }
  if (type.cls == gdpr::ValueClass::kEnum && result.state == gdpr::Result::State::kValue &&
      std::find(type.labels.begin(), type.labels.end(), result.text) == type.labels.end()) {
    std::abort();
  }
}

// Where a column is unique, another value has another fake: one with a byte changed, one that is
// shorter, one in capitals.
void CheckApart(gdpr::Rule rule, gdpr::Profile profile, std::string_view text,
                const gdpr::Keying& keying) {
  static NoRandom random;
  if (rule.kind->name == "ip") return;  // ::D and ::d are one address
  const auto length = static_cast<std::size_t>(rule.facts.length);
  if (length != 0 && gdpr::CountChars(text) > length) return;
  rule.facts.unique = true;
  const gdpr::TypeFacts type;
  const gdpr::FakeRoom::How how = gdpr::RoomOf(rule, profile, type).how;
  if (how != gdpr::FakeRoom::How::kPermutation && how != gdpr::FakeRoom::How::kBits) return;
  std::string changed(text), capitals(text);
  if (!changed.empty()) changed[changed.size() / 2] ^= 1;
  for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::string_view shorter = text.substr(0, text.empty() ? 0 : text.size() - 1);
  gdpr::Result result, of_other;
  gdpr::Value value;
  for (const std::string_view other :
       {std::string_view(changed), shorter, std::string_view(capitals)}) {
    if (other == text || (IsUtf8(text) && !IsUtf8(other))) continue;
    try {
      value.text = text;
      gdpr::Treat(rule, profile, type, value, random, result, keying);
      value.text = other;
      gdpr::Treat(rule, profile, type, value, random, of_other, keying);
    } catch (const gdpr::Error&) {
      continue;
    }
    if (result.state == gdpr::Result::State::kValue && Same(result, of_other)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> master(32, 7);
  static gdpr::Keyed keys(master);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  gdpr::Rule rule;
  try {
    rule = gdpr::ParseRule(Line(input));
  } catch (const gdpr::Error&) {
    return 0;
  }
  const std::string_view seed = Line(input);
  const gdpr::Value value = ValueOf(input);
  const gdpr::Keying keying{&keys, seed, !seed.empty(),
                            static_cast<gdpr::Locale>(size % (gdpr::kLocales + 1))};
  for (int cls = 0; cls <= static_cast<int>(gdpr::ValueClass::kOther); ++cls) {
    gdpr::TypeFacts type;
    type.cls = static_cast<gdpr::ValueClass>(cls);
    type.integer_bytes = size % 4 == 1 ? 2 : static_cast<int>(size % 4) / 2 * 4;
    type.floating = type.cls == gdpr::ValueClass::kNumber && size % 5 == 0;
    if (type.floating && type.integer_bytes < 4) type.integer_bytes = 8;
    type.labels = {"a", "b", "c"};
    gdpr::Value of_class = value;
    if (type.cls == gdpr::ValueClass::kEnum) of_class.text = type.labels[size % 3];
    if (type.cls == gdpr::ValueClass::kBoolean) of_class.integer &= 1;
    for (const auto profile : {gdpr::Profile::kFake, gdpr::Profile::kPseudonym}) {
      Try(rule, profile, type, of_class, keying);
    }
  }
  gdpr::TypeFacts name;
  name.text_bytes = 63;
  Try(rule, gdpr::Profile::kFake, name, value, keying);
  Try(rule, gdpr::Profile::kPseudonym, name, value, keying);
  CheckApart(rule, gdpr::Profile::kFake, input, keying);
  CheckApart(rule, gdpr::Profile::kPseudonym, input, keying);
  return 0;
}
