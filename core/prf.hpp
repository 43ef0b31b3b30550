// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace gdpr {

__extension__ using U128 = unsigned __int128;
using PrfBlock = std::array<std::uint8_t, 32>;

/// HMAC-SHA-256 whose key is digested once: a message of a short value costs two blocks of
/// SHA-256. Not for several threads at once.
class Prf {
 public:
  explicit Prf(std::span<const std::uint8_t> key);
  ~Prf();
  Prf(const Prf&) = delete;
  Prf& operator=(const Prf&) = delete;

  /// The HMAC of the parts, one after the other. Lengths are the caller's: see Keyed.
  PrfBlock Of(std::initializer_list<std::string_view> parts);

 private:
  struct States;

  std::unique_ptr<States> states_;
};

/// AES-256 on single blocks with its schedule kept. Not for several threads at once.
class BlockCipher {
 public:
  using Block = std::array<std::uint8_t, 16>;

  explicit BlockCipher(std::span<const std::uint8_t> key);
  ~BlockCipher();
  BlockCipher(const BlockCipher&) = delete;
  BlockCipher& operator=(const BlockCipher&) = delete;

  void Encrypt(Block& block);

 private:
  void* context_;  // EVP_CIPHER_CTX
};

}  // namespace gdpr
