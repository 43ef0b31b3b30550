// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "prf.hpp"

namespace gdpr {

/// Bits that come from a key: the same key and material, the same bits. 32 bytes are there at
/// once, more are made when they are asked for. Lives no longer than the Keyed it is of.
class Draw {
 public:
  Draw(Prf& prf, const PrfBlock& root) : prf_(&prf), root_(root), block_(root) {}

  std::uint64_t Bits();
  std::uint32_t Bits32();

  /// A number from 0 to n-1, n > 0. Up to 65,536 of four bytes, where likelihoods differ by n /
  /// 2^32 at most; else of eight, where they differ by n / 2^64.
  std::uint64_t Below(std::uint64_t n);

  /// '0' to '9': two bytes.
  char Digit();

  template <typename T>
  const T& Of(std::span<const T> list) {
    return list[static_cast<std::size_t>(Below(list.size()))];
  }
  template <typename T, std::size_t kSize>
  const T& Of(const std::array<T, kSize>& list) {
    return list[static_cast<std::size_t>(Below(kSize))];
  }

  /// Appends that many letters and digits of Crockford's base 32 in lower case (no i l o u), five
  /// bits each.
  void Base32(std::size_t chars, std::string& out);

 private:
  void Take(std::span<std::uint8_t> bytes);

  Prf* prf_;
  PrfBlock root_;
  PrfBlock block_;
  std::size_t at_ = 0;
  std::uint32_t blocks_ = 0;
};

}  // namespace gdpr
