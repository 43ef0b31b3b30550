// SPDX-License-Identifier: PostgreSQL
// Ids of machines and of other systems.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "../check_digit.hpp"
#include "fake_makers.hpp"
#include "fake_plan.hpp"
#include "fake_shape.hpp"

namespace gdpr::fake {
namespace {

bool IsHex(char c) {
  return IsDigit(c) || (Upper(c) >= 'A' && Upper(c) <= 'F');
}

// Hex digits of `text` in their order, small; more than `most`: 0. `letters`: all of one case.
std::size_t HexOf(std::string_view text, std::span<char> digits) {
  std::size_t count = 0;
  for (const char c : text) {
    if (IsHex(c) && count == digits.size()) return 0;
    if (IsHex(c)) {
      digits[count++] = IsDigit(c) ? c : static_cast<char>(c | 0x20);
    } else if (IsLetter(c) || static_cast<unsigned char>(c) >= 0x80) {
      return 0;
    }
  }
  return count;
}

unsigned NibbleOf(char hex) {
  return static_cast<unsigned>(IsDigit(hex) ? hex - '0' : (hex | 0x20) - 'a' + 10);
}

// Puts hex digits where there were some; letters as large as those that were there.
void PutHex(std::string_view text, std::string_view digits, std::string& out) {
  const bool large = std::any_of(text.begin(), text.end(), IsUpper);
  std::size_t at = 0;
  for (const char c : text) {
    const char next = IsHex(c) ? digits[at++] : c;
    out += large && IsHex(c) ? Upper(next) : next;
  }
}

constexpr std::string_view kHex = "0123456789abcdef";

// Which ids are hex: both digits and letters, and letters of one case only.
bool LooksHex(std::string_view text, std::size_t count) {
  constexpr std::size_t kFewest = 8;
  bool digit = false;
  bool small = false;
  bool large = false;
  for (const char c : text) {
    digit = digit || IsDigit(c);
    small = small || (IsLetter(c) && !IsUpper(c));
    large = large || IsUpper(c);
  }
  return count >= kFewest && digit && small != large;
}

// 8-4-4-4-12, also in braces: version and variant stay.
bool IsUuid(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

void MakeUuid(const Call& call) {
  std::array<char, 32> digits;
  HexOf(call.text, digits);
  const char version = digits[12];
  const char variant = digits[16];
  Call number = call;  // by the number and not by how it is written
  number.text = {digits.data(), digits.size()};
  Draw draw = number.Value("uuid");
  for (std::size_t i = 0; i < digits.size(); i += 16) {
    std::uint64_t bits = draw.Bits();
    for (std::size_t j = 0; j < 16; ++j, bits >>= 4U) digits[i + j] = kHex[bits & 15U];
  }
  const unsigned drawn = NibbleOf(digits[16]);
  digits[12] = version;
  digits[16] = NibbleOf(variant) >> 2U == 2 ? kHex[8 + drawn % 4] : variant;
  PutHex(call.text, {digits.data(), digits.size()}, call.out);
}

constexpr std::size_t kMostHex = 128;

// Hex digits stay hex digits. Up to 30 are permuted, among those that have a letter and a digit.
void MakeHex(const Call& call, std::span<char> digits) {
  constexpr std::size_t kMostPermuted = 30;
  if (call.Permutes() && digits.size() <= kMostPermuted) {
    U128 index = 0;
    for (const char c : digits) index = index << 4U | NibbleOf(c);
    bool mixed = false;
    do {
      index = call.Permute("hex", static_cast<U128>(1) << (4 * digits.size()), index);
      std::size_t numbers = 0;
      for (std::size_t i = digits.size(); i-- > 0;) {
        digits[i] = kHex[static_cast<std::size_t>(index >> (4 * (digits.size() - 1 - i))) & 15U];
        numbers += IsDigit(digits[i]) ? 1 : 0;
      }
      mixed = numbers != 0 && numbers != digits.size();
    } while (!mixed);
  } else {
    Draw draw = call.Value("hex");
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < digits.size(); ++i, bits >>= 4U) {
      if (i % 16 == 0) bits = draw.Bits();
      digits[i] = kHex[bits & 15U];
    }
  }
  PutHex(call.text, {digits.data(), digits.size()}, call.out);
}

// IMEI (3GPP TS 23.003): Luhn; an IMEISV has two digits more and no check.
constexpr Plan kImei("imei", kEverywhere, "dddddddddddddd#", [](char* id) {
  id[14] = check::LuhnDigit({id, 14});
  return true;
});
constexpr auto kDevices = std::to_array<const Plan*>({&kImei});

void MakeMachineId(const Call& call, Plans plans) {
  std::array<char, kMostHex> digits;
  const std::size_t count = HexOf(call.text, digits);
  if (IsUuid(call.text)) return MakeUuid(call);
  if (LooksHex(call.text, count)) return MakeHex(call, std::span(digits).first(count));
  const bool imei = !plans.empty() && count == 15;
  if (imei) return MakeId(call, plans, [](std::string_view) { return false; });
  MakeShape(call, {}, [](std::string_view text) {
    std::array<char, kMostHex> hex;
    return LooksHex(text, HexOf(text, hex));
  });
}

constexpr std::size_t kMacDigits = 12;

// The bit of whoever makes its addresses up is set, so that it is no maker's; the other bit of the
// first byte (for groups) stays. 46 bits are permuted.
void MakeMac(const Call& call, std::span<char> digits) {
  U128 value = 0;
  for (const char c : digits) value = value << 4U | NibbleOf(c);
  const std::size_t bits = digits.size() * 4;
  const U128 tail = (static_cast<U128>(1) << (bits - 8)) - 1;
  const auto first = static_cast<unsigned>(value >> (bits - 8));
  const U128 size = static_cast<U128>(1) << (bits - 2);
  U128 index = static_cast<U128>(first >> 2U) << (bits - 8) | (value & tail);
  static constexpr std::array<std::string_view, 4> kDomains = {"mac", "mac group", "mac local",
                                                               "mac local group"};
  if (call.Permutes()) {
    index = call.Permute(kDomains[first & 3U], size, index);
  } else {
    index = call.Value("mac").Bits() % size;
  }
  const auto made = static_cast<unsigned>(index >> (bits - 8)) << 2U | 2U | (first & 1U);
  value = static_cast<U128>(made) << (bits - 8) | (index & tail);
  for (std::size_t i = digits.size(); i-- > 0; value >>= 4U) {
    digits[i] = kHex[static_cast<std::size_t>(value) & 15U];
  }
  PutHex(call.text, {digits.data(), digits.size()}, call.out);
}

}  // namespace

void Mac(const Call& call) {
  std::array<char, 16> digits;
  const std::size_t count = HexOf(call.text, digits);
  const std::span<char> hex = std::span(digits).first(count);
  if (count != kMacDigits && count != digits.size()) {
    if (call.unique || call.room < 17) return MakeShape(call, {});
    Draw draw = call.Value("mac");
    std::uint64_t bits = (draw.Bits() & ~std::uint64_t{3}) | 2U;
    for (int i = 0; i < 6; ++i, bits >>= 8U) {
      if (i > 0) call.out += ':';
      call.out.append({kHex[bits >> 4U & 15U], kHex[bits & 15U]});
    }
    return;
  }
  // Nobody's: all zeros, and the broadcast.
  if (std::count(hex.begin(), hex.end(), hex[0]) == static_cast<std::ptrdiff_t>(count) &&
      (hex[0] == '0' || hex[0] == 'f')) {
    call.out.append(call.text);
    return;
  }
  MakeMac(call, hex);
}

void DeviceId(const Call& call) {
  MakeMachineId(call, kDevices);
}

void ExternalId(const Call& call) {
  MakeMachineId(call, {});
}

void UserAgent(const Call& call) {
  struct Family {
    std::string_view before;  // of the version
    std::string_view after;
    unsigned oldest;
    unsigned count;
  };
  static constexpr auto kFamilies = std::to_array<Family>({
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
       ".0.0.0 Safari/537.36", 100, 40},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/",
       ".0.0.0 Safari/537.36", 100, 40},
      {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
       ".0.0.0 Mobile Safari/537.36", 100, 40},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/", ".0", 100,
       40},
      {"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/", ".0", 100, 40},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
       "Gecko) Version/",
       ".4 Mobile/15E148 Safari/604.1", 14, 5},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/",
       ".4 Safari/605.1.15", 14, 5},
  });
  constexpr std::string_view kShort = "Mozilla/5.0";
  constexpr std::string_view kProduct = " app/";
  Draw draw = call.Value("user agent");
  const std::size_t own = call.unique ? kProduct.size() + kUniqueChars : 0;
  const Family& family = draw.Of(kFamilies);
  const auto version = static_cast<unsigned>(family.oldest + draw.Below(family.count));
  if (family.before.size() + 3 + family.after.size() + own <= call.room) {
    call.out.append(family.before);
    if (version >= 100) call.out += static_cast<char>('0' + version / 100);
    call.out += static_cast<char>('0' + version / 10 % 10);
    call.out += static_cast<char>('0' + version % 10);
    call.out.append(family.after);
  } else if (kShort.size() + own <= call.room) {
    call.out.append(kShort);
  } else {
    return Words(call);
  }
  if (!call.unique) return;
  call.out.append(kProduct);
  draw.Base32(kUniqueChars, call.out);
}

}  // namespace gdpr::fake
