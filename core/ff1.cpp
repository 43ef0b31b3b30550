// SPDX-License-Identifier: PostgreSQL
#include "ff1.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "error.hpp"

namespace gdpr {
namespace {

constexpr unsigned kRounds = 10;
constexpr U128 kLeastDomain = 1'000'000;
constexpr U128 kMostHalf = static_cast<U128>(1) << 120U;
constexpr std::size_t kMostBytes = 20;  // of d, for a half of 15 bytes

// radix^length, or 0 where it is above kMostHalf.
U128 Power(unsigned radix, std::size_t length) {
  U128 power = 1;
  for (std::size_t i = 0; i < length; ++i) {
    power *= radix;
    if (power > kMostHalf) return 0;
  }
  return power;
}

unsigned BitsOf(U128 number) {
  unsigned bits = 0;
  for (; number != 0; number >>= 1U) ++bits;
  return bits;
}

U128 NumberOf(unsigned radix, std::span<const std::uint16_t> numerals) {
  U128 number = 0;
  for (const std::uint16_t numeral : numerals) number = number * radix + numeral;
  return number;
}

void PutNumerals(unsigned radix, U128 number, std::span<std::uint16_t> numerals) {
  for (std::size_t i = numerals.size(); i > 0; --i) {
    numerals[i - 1] = static_cast<std::uint16_t>(number % radix);
    number /= radix;
  }
}

// The remainder of a number of any size, most significant byte first: as many bytes at a time as
// leave room.
U128 Remainder(std::span<const std::uint8_t> bytes, U128 divisor) {
  const std::size_t step = std::clamp<std::size_t>((128 - BitsOf(divisor)) / 8, 1, 8);
  U128 rest = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.size(), at + step);
    for (; at < end; ++at) rest = rest << 8U | bytes[at];
    rest %= divisor;
  }
  return rest;
}

}  // namespace

Ff1::Ff1(std::span<const std::uint8_t> key) : cipher_(key) {}

bool Ff1::Takes(unsigned radix, std::size_t length) {
  if (radix < 2 || radix > 62 || length < 2) return false;
  const U128 half = Power(radix, length - length / 2);
  if (half == 0) return false;
  const U128 other = Power(radix, length / 2);
  return half >= kLeastDomain || half * other >= kLeastDomain;
}

void Ff1::Encrypt(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals) {
  Run(radix, tweak, numerals, false);
}

void Ff1::Decrypt(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals) {
  Run(radix, tweak, numerals, true);
}

// Algorithms 7 and 8; the names are those of the standard.
void Ff1::Run(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals,
              bool backward) {
  const std::size_t n = numerals.size();
  if (!Takes(radix, n)) {
    throw Error{"PD005", "the value is too short or too long for treatment \"ff1\"",
                "It takes 6 to 72 digits, or 4 to 46 letters and digits.",
                "Use treatment \"hmac\" in the rule."};
  }
  const std::size_t u = n / 2;
  const std::size_t v = n - u;
  const U128 modulus_u = Power(radix, u);
  const U128 modulus_v = Power(radix, v);
  const std::size_t b = (BitsOf(modulus_v - 1) + 7) / 8;
  const std::size_t d = 4 * ((b + 3) / 4) + 4;

  BlockCipher::Block p = {
      1, 2, 1, 0, 0, static_cast<std::uint8_t>(radix), kRounds, static_cast<std::uint8_t>(u)};
  for (std::size_t i = 0; i < 4; ++i) {
    p[8 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
    p[12 + i] = static_cast<std::uint8_t>(tweak.size() >> (24 - 8 * i));
  }
  cipher_.Encrypt(p);

  // Q ends with the round's number and b bytes of a half, so zeros stand between them and the
  // tweak. Blocks that are all tweak are digested once.
  const std::size_t q_bytes = (tweak.size() + b + 1 + 15) / 16 * 16;
  std::size_t fixed = 0;
  for (; fixed + 16 <= tweak.size() && fixed + 16 <= q_bytes - b - 1; fixed += 16) {
    for (std::size_t i = 0; i < 16; ++i) p[i] ^= static_cast<std::uint8_t>(tweak[fixed + i]);
    cipher_.Encrypt(p);
  }
  std::array<std::uint8_t, 32> q_end{};
  const std::size_t end_bytes = q_bytes - fixed;
  for (std::size_t i = fixed; i < tweak.size(); ++i) {
    q_end[i - fixed] = static_cast<std::uint8_t>(tweak[i]);
  }

  U128 a = NumberOf(radix, numerals.first(u));
  U128 half = NumberOf(radix, numerals.last(v));
  for (unsigned step = 0; step < kRounds; ++step) {
    const unsigned round = backward ? kRounds - 1 - step : step;
    const U128 digested = backward ? a : half;
    q_end[end_bytes - b - 1] = static_cast<std::uint8_t>(round);
    for (std::size_t i = 0; i < b; ++i) {
      q_end[end_bytes - 1 - i] = static_cast<std::uint8_t>(digested >> (8 * i));
    }
    BlockCipher::Block r = p;
    for (std::size_t at = 0; at < end_bytes; at += 16) {
      for (std::size_t i = 0; i < 16; ++i) r[i] ^= q_end[at + i];
      cipher_.Encrypt(r);
    }
    std::array<std::uint8_t, 32> s;
    std::copy(r.begin(), r.end(), s.begin());
    if (d > 16) {
      BlockCipher::Block next = r;
      next[15] ^= 1;
      cipher_.Encrypt(next);
      std::copy(next.begin(), next.end(), s.begin() + 16);
    }
    static_assert(kMostBytes <= 32);
    const U128 modulus = round % 2 == 0 ? modulus_u : modulus_v;
    const U128 y = Remainder(std::span(s).first(d), modulus);
    if (backward) {
      const U128 c = half >= y ? half - y : half + modulus - y;
      half = a;
      a = c;
    } else {
      const U128 c = (a + y) % modulus;
      a = half;
      half = c;
    }
  }
  PutNumerals(radix, a, numerals.first(u));
  PutNumerals(radix, half, numerals.last(v));
}

}  // namespace gdpr
