// SPDX-License-Identifier: PostgreSQL
// SHA-256 with its context kept: what the audit log is sealed with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gdpr {

constexpr std::size_t kHashBytes = 32;
using Hash = std::array<std::uint8_t, kHashBytes>;

/// What a hash is over: its first byte, so that no hash of one sort is ever one of another.
enum class HashSort : std::uint8_t {
  kLeaf = 0,  // leaf and node as in RFC 9162
  kNode = 1,
  kValue = 2,
  kStatement = 3,
  kSeal = 4,
  kShape = 5,
  kConfiguration = 6,
  kDropped = 7,
};

/// The bytes of a hash as text, and back. HashFrom gives nothing unless there are 32 bytes.
inline std::string_view AsText(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
inline std::optional<Hash> HashFrom(std::string_view bytes) {
  if (bytes.size() != kHashBytes) return std::nullopt;
  Hash hash;
  std::memcpy(hash.data(), bytes.data(), kHashBytes);
  return hash;
}

/// A digest of a seal as it was stored. Bytes that are none give one that nothing was ever signed
/// with, and not zeros: those are what the first seal follows.
inline Hash StoredHash(std::string_view bytes) {
  Hash none;
  none.fill(0xff);
  return HashFrom(bytes).value_or(none);
}

/// Lower-case hex digits of bytes, and back (nothing for an odd number of digits or for any other
/// character).
std::string HexOf(std::string_view bytes);
std::optional<std::string> BytesOfHex(std::string_view hex);

/// Hashes one message after the other. OpenSSL 3 looks up an algorithm by name whenever it is not
/// told which it is, which takes longer than hashing a name or address: it is looked up once for
/// each Sha256. Not for several threads at once. Throws Error XX000 where OpenSSL fails.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  /// The hash of `bytes` alone, or of `first` and then `second`.
  Hash Of(std::string_view bytes);
  Hash Of(std::string_view first, std::string_view second);

  /// The salted digest of a value (HashSort::kValue): of 0x02, the salt and the value. Nobody who
  /// has not the salt can find out the value by trying values.
  Hash OfValue(std::string_view salt, std::string_view value);

  /// A message in parts: Start(), Add() for each, Finish(). No other call may come in between.
  void Start();
  void Add(std::string_view bytes);
  Hash Finish();

 private:
  struct Context;

  std::unique_ptr<Context> context_;
};

/// Appends numbers (big-endian) and texts to a message so that no two lists of fields make the same
/// message: texts have their length before them, what can be missing has a byte that says so.
class Fields {
 public:
  explicit Fields(std::string& message) : message_(message) {}

  void Number(std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) message_.push_back(static_cast<char>(value >> (bytes * 8) & 255U));
  }
  void Text(std::string_view text) {
    Number(text.size(), 4);
    message_.append(text);
  }
  void MaybeText(std::optional<std::string_view> text) {
    message_.push_back(text ? '\1' : '\0');
    if (text) Text(*text);
  }
  void MaybeNumber(std::optional<std::uint64_t> value, unsigned bytes) {
    message_.push_back(value ? '\1' : '\0');
    if (value) Number(*value, bytes);
  }
  void MaybeHash(const std::optional<Hash>& hash) {
    message_.push_back(hash ? '\1' : '\0');
    if (hash) message_.append(AsText(*hash));
  }

 private:
  std::string& message_;
};

}  // namespace gdpr
