// SPDX-License-Identifier: PostgreSQL
// Numbers and texts as bytes: LEB128 varints (always the shortest form, so that one number has one
// spelling), fixed numbers little-endian. What is written for the record of changes and of reads.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gdpr {

constexpr std::size_t kVarint64Bytes = 10;  // at most

// --- Writing, into memory of the caller: every function returns where the next byte goes.

/// Appends a number as a varint.
inline char* PutVarint(char* at, std::uint64_t value) noexcept {
  while (value >= 128) {
    *at++ = static_cast<char>(value | 128U);
    value >>= 7U;
  }
  *at++ = static_cast<char>(value);
  return at;
}

/// A number whose bytes in memory are the lowest first, and back.
constexpr std::uint64_t LittleEndian(std::uint64_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(value);
  return value;
}

/// A number whose bytes in memory are the highest first, and back.
constexpr std::uint64_t BigEndian(std::uint64_t value) noexcept {
  if constexpr (std::endian::native == std::endian::little) return __builtin_bswap64(value);
  return value;
}

/// Appends the lowest `size` bytes of a number, the lowest first.
inline char* PutFixed(char* at, std::uint64_t value, std::size_t size) noexcept {
  value = LittleEndian(value);
  std::memcpy(at, &value, size);
  return at + size;
}

/// Signed numbers in the order 0, -1, 1, -2 …: small ones make short varints. And back.
constexpr std::uint64_t ZigZag(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t FromZigZag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1U ^ (0 - (value & 1U)));
}

/// Takes fields from bytes that may be anything. Where a field is not there, the reader is no
/// longer sound, and gives zeros and nothing from then on. Views point into the bytes.
class ByteReader {
 public:
  constexpr ByteReader() = default;
  constexpr explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool IsSound() const noexcept { return sound_; }
  /// Sound, and nothing left.
  bool IsDone() const noexcept { return sound_ && rest_.empty(); }
  std::string_view Rest() const noexcept { return rest_; }
  /// What was taken is not what may stand here.
  void Refuse() noexcept { sound_ = false; }
  void Demand(bool holds) noexcept { sound_ = sound_ && holds; }

  std::string_view Take(std::size_t size) noexcept {
    sound_ = sound_ && size <= rest_.size();
    if (!sound_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t TakeFixed(std::size_t size) noexcept {
    std::uint64_t value = 0;
    const std::string_view taken = Take(size);
    if (sound_) std::memcpy(&value, taken.data(), size);
    return LittleEndian(value);
  }

  std::uint64_t TakeVarint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = TakeFixed(1);
      if (!sound_) return 0;
      value |= (byte & 127U) << shift;
      if (byte >= 128) continue;
      // A last byte of 0 could have been left out; the tenth has room for one bit
      sound_ = (byte != 0 || shift == 0) && (shift < 63 || byte == 1);
      return sound_ ? value : 0;
    }
    sound_ = false;
    return 0;
  }

  /// A varint no greater than `most`.
  std::uint64_t TakeVarint(std::uint64_t most) noexcept {
    const std::uint64_t value = TakeVarint();
    Demand(value <= most);
    return sound_ ? value : 0;
  }

  /// A byte that is 0 or 1.
  bool TakeBool() noexcept {
    const std::uint64_t value = TakeFixed(1);
    Demand(value <= 1);
    return sound_ && value == 1;
  }

  /// A varint length, and as many bytes.
  std::string_view TakeText() noexcept { return Take(TakeVarint()); }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

}  // namespace gdpr
