// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gdpr {

using Key = std::array<std::uint8_t, 32>;

/// The sub-key for one use ("suppression", "subject_key", …): HKDF-SHA-256 (RFC 5869) of the
/// master key, so that no two uses share a key. Throws Error 55000 for a master below 32 bytes.
Key DeriveKey(std::span<const std::uint8_t> master, std::string_view use);

/// HMAC-SHA-256 of domain and value under the sub-key, 64 lower-case hex digits. The domain's
/// length is digested first: ("ab","c") and ("a","bc") differ.
std::string KeyedDigest(std::span<const std::uint8_t> subkey, std::string_view domain,
                        std::string_view value);

/// Names the master key without giving anything of it away: 16 hex digits of a derived key.
std::string Fingerprint(std::span<const std::uint8_t> master);

}  // namespace gdpr
