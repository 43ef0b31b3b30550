// SPDX-License-Identifier: PostgreSQL
#include "crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace gdpr {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // reflected
constexpr std::size_t kSlices = 8;

using Table = std::array<std::array<std::uint32_t, 256>, kSlices>;

// kTable[n][b]: what byte b does to the checksum when n bytes come after it.
constexpr Table MakeTable() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    table[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = table[slice - 1][byte];
      table[slice][byte] = (crc >> 8U) ^ table[0][crc & 255U];
    }
  }
  return table;
}

constexpr Table kTable = MakeTable();

std::uint32_t Byte(char c) {
  return static_cast<unsigned char>(c);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t Crc32cByInstruction(std::string_view bytes,
                                                                    std::uint32_t before) noexcept {
  std::uint64_t crc = ~before;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc = __builtin_ia32_crc32di(crc, word);
    bytes.remove_prefix(8);
  }
  auto rest = static_cast<std::uint32_t>(crc);
  for (const char c : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(c));
  return ~rest;
}
#endif

}  // namespace

std::uint32_t Crc32cByTable(std::string_view bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  while (bytes.size() >= kSlices) {
    const char* at = bytes.data();
    const std::uint32_t first =
        crc ^ (Byte(at[0]) | Byte(at[1]) << 8U | Byte(at[2]) << 16U | Byte(at[3]) << 24U);
    crc = kTable[7][first & 255U] ^ kTable[6][first >> 8U & 255U] ^ kTable[5][first >> 16U & 255U] ^
          kTable[4][first >> 24U] ^ kTable[3][Byte(at[4])] ^ kTable[2][Byte(at[5])] ^
          kTable[1][Byte(at[6])] ^ kTable[0][Byte(at[7])];
    bytes.remove_prefix(kSlices);
  }
  for (const char c : bytes) crc = (crc >> 8U) ^ kTable[0][(crc ^ Byte(c)) & 255U];
  return ~crc;
}

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return Crc32cByInstruction(bytes, before);
#endif
  return Crc32cByTable(bytes, before);
}

}  // namespace gdpr
