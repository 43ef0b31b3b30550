// SPDX-License-Identifier: PostgreSQL
// The body of an audited change: which columns changed, from what to what.
//   byte 0: version, 1. byte 1: flags; then for each flag, in their order, what it announces:
//     1 digest of subject_key (32 bytes), 2 digest of row_key (32), 4 salt of subject_key (16),
//     8 salt of row_key (16). A row as it is written has no flags.
//   then for each changed column, ascending: its number (varint), a byte with the code of its side
//   before in the low and of its side after in the high half, and what these two codes announce.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bytes.hpp"

namespace gdpr {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint8_t kBodyVersion = 1;
/// The highest number that a column can have (MaxHeapAttributeNumber).
constexpr unsigned kLastColumn = 1600;

/// What is said of a column before or after a change.
enum class Side : std::uint8_t {
  kNone = 0,    // there is no such side: before an INSERT, after a DELETE
  kNull = 1,    // NULL
  kValue = 2,   // varint length, bytes
  kErased = 3,  // digest of a value that was erased, 32 bytes
  kUntold = 4,  // changed; its value was not to be written down
  kSalted = 5,  // salt (16 bytes), varint length, bytes: stays readable in an erased row
};

// --- Writing, into memory of the caller, without any object: every function returns where the next
// byte goes. Room is the caller's business: the constants say how much is needed at most.

constexpr std::size_t kBodyHeadBytes = 2;
constexpr std::size_t kVarintBytes = 5;                     // at most, of 32 bits (PutVarint())
constexpr std::size_t kColumnHeadBytes = kVarintBytes + 1;  // at most

/// The bytes of a body that names no column.
constexpr std::string_view kEmptyBody{"\x01\x00", 2};

/// Appends the head of a body as it is written first: version, no flags.
inline char* PutBodyHead(char* at) {
  *at++ = static_cast<char>(kBodyVersion);
  *at++ = 0;
  return at;
}

/// Appends the head of a column, whose two sides follow (`from` first). Columns must come in the
/// order of their numbers, each once. kNone, kNull and kUntold have nothing that follows.
inline char* PutColumnHead(char* at, std::uint32_t column, Side from, Side to) {
  at = PutVarint(at, column);
  *at++ = static_cast<char>(static_cast<unsigned>(from) | static_cast<unsigned>(to) << 4U);
  return at;
}

/// Appends what follows Side::kValue. Needs kVarintBytes + size.
inline char* PutValue(char* at, const char* bytes, std::size_t size) {
  at = PutVarint(at, static_cast<std::uint32_t>(size));
  if (size > 0) std::memcpy(at, bytes, size);
  return at + size;
}

// --- Reading. Nothing here allocates or has a destructor: views point into the body.

/// One side of a column.
struct BodySide {
  Side code = Side::kNone;
  std::string_view value;   // kValue, kSalted
  std::string_view salt;    // kSalted
  std::string_view digest;  // kErased

  bool IsReadable() const { return code == Side::kValue || code == Side::kSalted; }
};

/// One changed column. `place`: 0 for the first of the body, 1 for the second …: decides the salts.
struct BodyColumn {
  unsigned number = 0;
  unsigned place = 0;
  BodySide from;
  BodySide to;
};

/// Reads a body, column by column:
///   BodyReader reader(body);
///   for (BodyColumn column; reader.Next(column);) …
///   if (!reader.IsSound()) … the body is none
/// Any bytes may be given: what is not exactly a body is not sound.
class BodyReader {
 public:
  explicit BodyReader(std::string_view body);

  /// The next column; false at the end, and where the body is no body.
  bool Next(BodyColumn& column);

  /// After Next() said false: whether all of it was a body. Before: whether it was up to here.
  bool IsSound() const { return bytes_.IsSound(); }

  /// What the flags announced; empty: not there. At most one of digest and salt is there.
  std::string_view SubjectDigest() const { return subject_digest_; }
  std::string_view RowDigest() const { return row_digest_; }
  std::string_view SubjectSalt() const { return subject_salt_; }
  std::string_view RowSalt() const { return row_salt_; }

 private:
  bool TakeSide(unsigned code, BodySide& side);

  ByteReader bytes_;
  std::string_view subject_digest_;
  std::string_view row_digest_;
  std::string_view subject_salt_;
  std::string_view row_salt_;
  unsigned last_column_ = 0;
  unsigned place_ = 0;
};

}  // namespace gdpr
