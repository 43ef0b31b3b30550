// SPDX-License-Identifier: PostgreSQL
#include "surrogate.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace gdpr::surrogate {
namespace {

// Crockford's base 32: no i, l, o, u, so that people can read it out.
constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kPrefix = "anonymized-";
constexpr std::string_view kDomain = "@anonymized.invalid";
constexpr std::string_view kShortDomain = "@x.invalid";
constexpr std::size_t kRandomChars = 16;   // 80 bits
constexpr std::size_t kEnoughChars = 13;   // 65 bits
constexpr std::size_t kRandomDigits = 19;  // 63 bits
constexpr std::size_t kNoLimit = 1U << 30U;

void AppendBase32(std::size_t count, Random& random, std::string& out) {
  std::array<std::uint8_t, kRandomChars> bytes;
  count = std::min(count, bytes.size());
  random.Fill(std::span(bytes).first(count));
  for (std::size_t i = 0; i < count; ++i) out.push_back(kBase32[bytes[i] & 31U]);
}

// Letters alone pass whatever check wants letters or letters and digits; 4.67 bits each.
void AppendLetters(char first, std::size_t count, Random& random, std::string& out) {
  std::array<std::uint8_t, kRandomChars> bytes;
  count = std::min(count, bytes.size());
  random.Fill(std::span(bytes).first(count));
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(static_cast<char>(first + bytes[i] * 26 / 256));
  }
}

void AppendDigits(std::size_t count, Random& random, std::string& out) {
  count = std::min(count, kRandomDigits);
  std::uint64_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Nine digits a draw keep the bias of the remainder below 2^-34.
    if (i % 9 == 0) left = Bits(random) % 1'000'000'000U;
    const auto digit = static_cast<char>(left % 10);
    left /= 10;
    // A leading zero would vanish where the column's text becomes a number.
    out.push_back(static_cast<char>('0' + (i == 0 && digit == 0 ? 1 : digit)));
  }
}

void AppendEmail(std::size_t most, Random& random, std::string& out) {
  if (most >= kPrefix.size() + kEnoughChars + kDomain.size()) {
    out.append(kPrefix);
    AppendBase32(most - kPrefix.size() - kDomain.size(), random, out);
    out.append(kDomain);
  } else if (most >= kEnoughChars + kDomain.size()) {
    AppendBase32(most - kDomain.size(), random, out);
    out.append(kDomain);
  } else if (most > kShortDomain.size() + 3) {
    AppendBase32(most - kShortDomain.size(), random, out);
    out.append(kShortDomain);
  } else {
    AppendBase32(most, random, out);
  }
}

void AppendUuid(std::size_t most, Random& random, std::string& out) {
  std::array<std::uint8_t, 16> bytes;
  random.Fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (most >= 36 && (i == 4 || i == 6 || i == 8 || i == 10)) out.push_back('-');
    out.push_back(kHexDigits[bytes[i] >> 4U]);
    out.push_back(kHexDigits[bytes[i] & 15U]);
  }
  if (out.size() - start > most) out.resize(start + most);
}

}  // namespace

std::uint64_t Bits(Random& random) {
  std::array<std::uint8_t, 8> bytes;
  random.Fill(bytes);
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), bytes.size());
  return bits;
}

std::int64_t Number(std::int64_t most, Random& random) {
  const auto limit = static_cast<std::uint64_t>(most);
  if (limit > 1ULL << 33U) {
    // Rejection, because a remainder of a large limit would be lopsided.
    std::uint64_t mask = limit;
    for (unsigned shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    for (int tries = 0; tries < 64; ++tries) {
      const std::uint64_t bits = Bits(random) & mask;
      if (bits < limit) return static_cast<std::int64_t>(bits) + 1;
    }
  }
  return static_cast<std::int64_t>(Bits(random) % limit) + 1;
}

void AppendText(SurrogateForm form, std::size_t most, Random& random, std::string& out) {
  if (most == 0) most = kNoLimit;
  switch (form) {
    case SurrogateForm::kPlain:
      if (most >= kPrefix.size() + kEnoughChars) {
        out.append(kPrefix);
        most -= kPrefix.size();
      }
      return AppendBase32(most, random, out);
    case SurrogateForm::kLower:
      return AppendLetters('a', most, random, out);
    case SurrogateForm::kUpper:
      return AppendLetters('A', most, random, out);
    case SurrogateForm::kDigits:
      return AppendDigits(most, random, out);
    case SurrogateForm::kEmail:
      return AppendEmail(most, random, out);
    case SurrogateForm::kUuid:
      return AppendUuid(most, random, out);
  }
}

}  // namespace gdpr::surrogate
