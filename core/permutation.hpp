// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "prf.hpp"

namespace gdpr {

/// A keyed permutation of 0 … size-1 for every size up to 2^120 and every tweak: a Feistel network
/// of ten rounds over AES-256 on a x b >= size, where a and b are about the root of the size, so
/// that walking the cycle back into the range is hardly ever needed. Not for several threads at
/// once.
class Permutation {
 public:
  static constexpr U128 kMostSize = static_cast<U128>(1) << 120U;

  explicit Permutation(std::span<const std::uint8_t> key);  // 32 bytes: the rounds' and, of it,
                                                            // the tweaks'
  U128 Forward(std::string_view tweak, U128 size, U128 index);
  U128 Backward(std::string_view tweak, U128 size, U128 index);

 private:
  void Prepare(std::string_view tweak, U128 size);
  std::uint64_t Round(unsigned round, std::uint64_t half, std::uint64_t size);
  U128 Once(U128 index);
  U128 Back(U128 index);

  BlockCipher rounds_;
  BlockCipher tweaks_;
  // What the last call prepared.
  std::string tweak_;
  U128 size_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t right_ = 0;
  BlockCipher::Block mask_{};
};

}  // namespace gdpr
