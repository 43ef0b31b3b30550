// SPDX-License-Identifier: PostgreSQL
#include "fake_shape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gdpr::fake {
namespace {

constexpr std::size_t kMostPrefixLetters = 4;
constexpr std::size_t kDigitsBehind = 4;

// 0: stays.
constexpr unsigned RadixOf(char c) {
  return IsDigit(c) ? 10 : IsLetter(c) ? 26 : 0;
}

constexpr char FirstOf(char c) {
  return IsDigit(c) ? '0' : IsUpper(c) ? 'A' : 'a';
}

// Puts the digits of `index` in the mixed radix of the text into it, the last first. Parts of 64
// bits, and divisors the compiler knows: a division of 128 bits for each would cost more than
// the permutation.
void PutIndex(U128 index, std::span<char> text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::uint64_t product = 1;
    std::size_t start = end;
    while (start > 0 && product < UINT64_MAX / 26) {
      const unsigned radix = RadixOf(text[--start]);
      if (radix != 0) product *= radix;
    }
    std::uint64_t part;
    if (index >> 64U == 0) {
      const auto low = static_cast<std::uint64_t>(index);
      part = low % product;
      index = low / product;
    } else {
      part = static_cast<std::uint64_t>(index % product);
      index /= product;
    }
    while (end > start) {
      char& c = text[--end];
      if (IsDigit(c)) {
        c = static_cast<char>('0' + part % 10);
        part /= 10;
      } else if (IsLetter(c)) {
        c = static_cast<char>(FirstOf(c) + part % 26);
        part /= 26;
      }
    }
  }
}

// The domain, and what sets one part of a long text apart from the next: its number and what stood
// before it.
class Tweak {
 public:
  explicit Tweak(std::string_view domain) : size_(std::min(domain.size(), kMostDomain)) {
    std::copy_n(domain.begin(), size_, bytes_.begin());
  }

  std::string_view First() const { return {bytes_.data(), size_}; }
  std::string_view Next(std::string_view before) {
    if (part_ == 0) bytes_[size_++] = '\0';
    ++part_;
    std::size_t at = size_;
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes_[at++] = static_cast<char>(part_ >> shift);
    }
    before = before.substr(before.size() - std::min(before.size(), kMostBefore));
    std::copy_n(before.begin(), before.size(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    return {bytes_.data(), at + before.size()};
  }

 private:
  static constexpr std::size_t kMostDomain = 60;
  static constexpr std::size_t kMostBefore = 40;

  std::array<char, kMostDomain + kMostBefore + 8> bytes_{};
  std::size_t size_;
  std::uint32_t part_ = 0;
};

}  // namespace

void PermuteShape(const Call& call, std::string_view domain, std::span<char> text) {
  Tweak tweak(domain);
  std::array<char, 40> before;  // what the part before was
  std::size_t before_size = 0;
  for (std::size_t at = 0; at < text.size();) {
    U128 size = 1;
    U128 index = 0;
    std::array<char, 40> plain;
    std::size_t plain_size = 0;
    const std::size_t start = at;
    for (; at < text.size() && size <= Permutation::kMostSize / 26; ++at) {
      const unsigned radix = RadixOf(text[at]);
      if (radix == 0) continue;
      plain[plain_size++] = Upper(text[at]);
      size *= radix;
      index = index * radix + static_cast<unsigned>(text[at] - FirstOf(text[at]));
    }
    if (plain_size == 0) continue;
    const std::string_view name =
        start == 0 ? tweak.First() : tweak.Next({before.data(), before_size});
    PutIndex(call.Permute(name, size, index), text.subspan(start, at - start));
    before = plain;
    before_size = plain_size;
  }
}

void DrawShape(Draw& draw, std::span<char> text) {
  for (char& c : text) {
    if (IsDigit(c)) {
      c = draw.Digit();
    } else if (IsLetter(c)) {
      c = static_cast<char>(FirstOf(c) + draw.Below(26));
    }
  }
}

std::size_t KeptPrefix(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && IsLetter(text[letters])) ++letters;
  if (letters > 0 && letters <= kMostPrefixLetters) {
    std::size_t digits = 0;
    for (const char c : text.substr(letters)) {
      if (IsLetter(c)) return 0;
      digits += IsDigit(c) ? 1 : 0;
    }
    return digits >= kDigitsBehind ? letters : 0;
  }
  std::size_t zeros = 0;
  while (zeros < text.size() && text[zeros] == '0') ++zeros;
  return zeros;
}

bool HasShape(std::string_view text) {
  bool has = false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
    has = has || RadixOf(c) != 0;
  }
  return has;
}

void ShapeOrWords(const Call& call, std::string_view domain) {
  if (!HasShape(call.text) || call.text.size() > call.room) return Words(call);
  const std::size_t kept = KeptPrefix(call.text);
  call.out.append(call.text);
  const std::span<char> rest = std::span(call.out).subspan(kept);
  if (!call.Permutes()) {
    Draw draw = call.Value(domain);
    DrawShape(draw, rest);
    if (kept == 0 && call.out[0] == '0') call.out[0] = static_cast<char>('1' + draw.Below(9));
    return;
  }
  // What is a number stays as long: its first digit does not become a zero.
  do {
    PermuteShape(call, domain, rest);
  } while (KeptPrefix(call.out) != kept);
}

}  // namespace gdpr::fake
