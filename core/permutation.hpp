// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstddef>
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
  // What is made of a tweak and a size before the first index.
  struct Prepared {
    std::string tweak;
    U128 size = 0;
    std::uint64_t left = 0;
    std::uint64_t right = 0;
    std::uint64_t mask_high = 0;
    std::uint64_t mask_low = 0;
  };

  const Prepared& Prepare(std::string_view tweak, U128 size);
  std::uint64_t Round(const Prepared& prepared, unsigned round, std::uint64_t half,
                      std::uint64_t size);
  U128 Once(const Prepared& prepared, U128 index);
  U128 Back(const Prepared& prepared, U128 index);

  BlockCipher rounds_;
  BlockCipher tweaks_;
  // A column is one tweak and hardly more than one size, and a row has a few columns.
  std::array<Prepared, 16> kept_;
};

}  // namespace gdpr
