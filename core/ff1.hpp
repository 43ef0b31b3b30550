// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "prf.hpp"

namespace gdpr {

/// Format-preserving encryption FF1 of NIST SP 800-38G, with AES. Not for several threads at once.
class Ff1 {
 public:
  explicit Ff1(std::span<const std::uint8_t> key);  // 16, 24 or 32 bytes

  /// Numerals are digits of the radix (2 … 62), changed in place. Throws Error PD005 unless
  /// Takes() them.
  void Encrypt(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals);
  void Decrypt(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals);

  /// Whether that many numerals are enough (radix^length >= 1,000,000, as revision 1 wants) and
  /// not too many (a half stays below 2^120: 72 digits, 46 letters and digits, 40 of both cases).
  static bool Takes(unsigned radix, std::size_t length);

 private:
  void Run(unsigned radix, std::string_view tweak, std::span<std::uint16_t> numerals,
           bool backward);

  BlockCipher cipher_;
};

}  // namespace gdpr
