// SPDX-License-Identifier: PostgreSQL
#include "permutation.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cmath>

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

void PutNumber(std::uint64_t number, std::size_t at, BlockCipher::Block& block) {
  for (std::size_t i = 0; i < 8; ++i) {
    block[at + i] ^= static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
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

// The mask is a digest (CBC-MAC, lengths first) of size and tweak. It is kept, because a column is
// one tweak and hardly more than one size.
void Permutation::Prepare(std::string_view tweak, U128 size) {
  if (size == 0 || size > kMostSize) {
    throw Error{"XX000", "permutation of a set that is empty or too large", "", ""};
  }
  if (size == size_ && tweak == tweak_) return;
  BlockCipher::Block block{};
  PutNumber(tweak.size(), 0, block);
  tweaks_.Encrypt(block);
  PutNumber(static_cast<std::uint64_t>(size >> 64U), 0, block);
  PutNumber(static_cast<std::uint64_t>(size), 8, block);
  tweaks_.Encrypt(block);
  for (std::size_t at = 0; at < tweak.size(); at += block.size()) {
    const std::size_t count = std::min(block.size(), tweak.size() - at);
    for (std::size_t i = 0; i < count; ++i) block[i] ^= static_cast<std::uint8_t>(tweak[at + i]);
    tweaks_.Encrypt(block);
  }
  mask_ = block;
  tweak_.assign(tweak);
  size_ = size;
  left_ = RootOf(size);
  right_ = static_cast<std::uint64_t>((size + left_ - 1) / left_);
}

std::uint64_t Permutation::Round(unsigned round, std::uint64_t half, std::uint64_t size) {
  BlockCipher::Block block = mask_;
  block[0] ^= static_cast<std::uint8_t>(round + 1);
  PutNumber(half, 8, block);
  rounds_.Encrypt(block);
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    high = high << 8U | block[i];
    low = low << 8U | block[8 + i];
  }
  if (size >> 32U == 0) return static_cast<std::uint64_t>(static_cast<U128>(high) * size >> 64U);
  return static_cast<std::uint64_t>((static_cast<U128>(high) << 64U | low) % size);
}

U128 Permutation::Once(U128 index) {
  auto left = static_cast<std::uint64_t>(index / right_);
  auto right = static_cast<std::uint64_t>(index % right_);
  for (unsigned round = 0; round < kRounds; round += 2) {
    left += Round(round, right, left_);
    if (left >= left_) left -= left_;
    right += Round(round + 1, left, right_);
    if (right >= right_) right -= right_;
  }
  return static_cast<U128>(left) * right_ + right;
}

U128 Permutation::Back(U128 index) {
  auto left = static_cast<std::uint64_t>(index / right_);
  auto right = static_cast<std::uint64_t>(index % right_);
  for (unsigned round = kRounds; round > 0; round -= 2) {
    right += right_ - Round(round - 1, left, right_);
    if (right >= right_) right -= right_;
    left += left_ - Round(round - 2, right, left_);
    if (left >= left_) left -= left_;
  }
  return static_cast<U128>(left) * right_ + right;
}

U128 Permutation::Forward(std::string_view tweak, U128 size, U128 index) {
  Prepare(tweak, size);
  if (index >= size) throw Error{"XX000", "permutation of what is not in the set", "", ""};
  do {
    index = Once(index);
  } while (index >= size);
  return index;
}

U128 Permutation::Backward(std::string_view tweak, U128 size, U128 index) {
  Prepare(tweak, size);
  if (index >= size) throw Error{"XX000", "permutation of what is not in the set", "", ""};
  do {
    index = Back(index);
  } while (index >= size);
  return index;
}

}  // namespace gdpr
