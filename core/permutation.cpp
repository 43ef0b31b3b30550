// SPDX-License-Identifier: PostgreSQL
#include "permutation.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "bytes.hpp"
#include "digest.hpp"
#include "error.hpp"

namespace gdpr {
namespace {

constexpr unsigned kRounds = 10;

// The least number whose square is not below n.
std::uint64_t RootOf(U128 n) {
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<long double>(n)));
  while (static_cast<U128>(root) * root >= n && root > 1) --root;
  while (static_cast<U128>(root) * root < n) ++root;
  return root;
}

// A block as two numbers, the highest byte first.
struct Halves {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

Halves Encrypted(BlockCipher& cipher, Halves halves) {
  BlockCipher::Block block;
  halves = {BigEndian(halves.high), BigEndian(halves.low)};
  std::memcpy(block.data(), &halves, block.size());
  cipher.Encrypt(block);
  std::memcpy(&halves, block.data(), block.size());
  return {BigEndian(halves.high), BigEndian(halves.low)};
}

}  // namespace

Permutation::Permutation(std::span<const std::uint8_t> key)
    : rounds_(key), tweaks_([key] {
        Key sub = DeriveKey(key, "tweak");
        struct Wipe {
          Key& key;
          ~Wipe() { OPENSSL_cleanse(key.data(), key.size()); }
        } const wipe{sub};
        return BlockCipher(sub);
      }()) {}

// The mask is a digest (CBC-MAC, lengths first) of size and tweak.
const Permutation::Prepared& Permutation::Prepare(std::string_view tweak, U128 size) {
  if (size == 0 || size > kMostSize) {
    throw Error{"XX000", "permutation of a set that is empty or too large", "", ""};
  }
  const std::size_t slot = std::hash<std::string_view>{}(tweak) + static_cast<std::size_t>(size);
  Prepared& kept = kept_[slot % kept_.size()];
  if (size == kept.size && tweak == kept.tweak) return kept;
  Halves mask = Encrypted(tweaks_, {tweak.size(), 0});
  mask.high ^= static_cast<std::uint64_t>(size >> 64U);
  mask.low ^= static_cast<std::uint64_t>(size);
  mask = Encrypted(tweaks_, mask);
  for (std::size_t at = 0; at < tweak.size(); at += sizeof(Halves)) {
    Halves part;
    std::memcpy(&part, tweak.data() + at, std::min(sizeof part, tweak.size() - at));
    mask.high ^= BigEndian(part.high);
    mask.low ^= BigEndian(part.low);
    mask = Encrypted(tweaks_, mask);
  }
  kept.tweak.assign(tweak);
  if (size != kept.size) {
    kept.left = RootOf(size);
    kept.right = static_cast<std::uint64_t>((size + kept.left - 1) / kept.left);
  }
  kept.size = size;
  kept.mask_high = mask.high;
  kept.mask_low = mask.low;
  return kept;
}

std::uint64_t Permutation::Round(const Prepared& prepared, unsigned round, std::uint64_t half,
                                 std::uint64_t size) {
  const std::uint64_t number = static_cast<std::uint64_t>(round + 1) << 56U;
  const auto [high, low] =
      Encrypted(rounds_, {prepared.mask_high ^ number, prepared.mask_low ^ half});
  if (size >> 32U == 0) return static_cast<std::uint64_t>(static_cast<U128>(high) * size >> 64U);
  return static_cast<std::uint64_t>((static_cast<U128>(high) << 64U | low) % size);
}

U128 Permutation::Once(const Prepared& prepared, U128 index) {
  auto left = static_cast<std::uint64_t>(index / prepared.right);
  auto right = static_cast<std::uint64_t>(index % prepared.right);
  for (unsigned round = 0; round < kRounds; round += 2) {
    left += Round(prepared, round, right, prepared.left);
    if (left >= prepared.left) left -= prepared.left;
    right += Round(prepared, round + 1, left, prepared.right);
    if (right >= prepared.right) right -= prepared.right;
  }
  return static_cast<U128>(left) * prepared.right + right;
}

U128 Permutation::Back(const Prepared& prepared, U128 index) {
  auto left = static_cast<std::uint64_t>(index / prepared.right);
  auto right = static_cast<std::uint64_t>(index % prepared.right);
  for (unsigned round = kRounds; round > 0; round -= 2) {
    right += prepared.right - Round(prepared, round - 1, left, prepared.right);
    if (right >= prepared.right) right -= prepared.right;
    left += prepared.left - Round(prepared, round - 2, right, prepared.left);
    if (left >= prepared.left) left -= prepared.left;
  }
  return static_cast<U128>(left) * prepared.right + right;
}

U128 Permutation::Forward(std::string_view tweak, U128 size, U128 index) {
  const Prepared& prepared = Prepare(tweak, size);
  if (index >= size) throw Error{"XX000", "permutation of what is not in the set", "", ""};
  do {
    index = Once(prepared, index);
  } while (index >= size);
  return index;
}

U128 Permutation::Backward(std::string_view tweak, U128 size, U128 index) {
  const Prepared& prepared = Prepare(tweak, size);
  if (index >= size) throw Error{"XX000", "permutation of what is not in the set", "", ""};
  do {
    index = Back(prepared, index);
  } while (index >= size);
  return index;
}

}  // namespace gdpr
