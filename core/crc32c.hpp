// SPDX-License-Identifier: PostgreSQL
// CRC-32C (Castagnoli, RFC 3720 appendix B.4): what finds torn and damaged frames of the spool.
#pragma once

#include <cstdint>
#include <string_view>

namespace gdpr {

/// The checksum of `bytes`. It goes on where another ended: Crc32c(b, Crc32c(a)) is that of a and
/// b.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

/// The same by tables, as it is computed on machines without an instruction for it.
std::uint32_t Crc32cByTable(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace gdpr
