// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Internet addresses in text. Own code, because detection needs to know where an address ends.
namespace gdpr::net {

/// An address in network order.
struct Address {
  std::array<std::uint8_t, 16> raw{};
  std::uint8_t family = 4;
};

/// Reads the longest IPv4 address at `at`; returns where it ends, or 0.
std::size_t ReadIpv4(std::string_view text, std::size_t at, Address& address);

/// Reads an IPv6 address at `at` (with or without an IPv4 tail); returns where it ends, or 0.
std::size_t ReadIpv6(std::string_view text, std::size_t at, Address& address);

/// Keeps the first `bits` bits.
void KeepBits(Address& address, int bits);

/// Appends "a.b.c.d" or the colon form with the longest run of zeros as "::".
void Append(const Address& address, std::string& out);

}  // namespace gdpr::net
