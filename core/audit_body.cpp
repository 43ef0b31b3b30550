// SPDX-License-Identifier: PostgreSQL
#include "audit_body.hpp"

namespace gdpr {
namespace {

constexpr unsigned kSubjectDigest = 1;
constexpr unsigned kRowDigest = 2;
constexpr unsigned kSubjectSalt = 4;
constexpr unsigned kRowSalt = 8;
constexpr unsigned kFlags = kSubjectDigest | kRowDigest | kSubjectSalt | kRowSalt;

}  // namespace

BodyReader::BodyReader(std::string_view body) : rest_(body) {
  const std::string_view head = Take(kBodyHeadBytes);
  if (!sound_) return;
  const unsigned flags = static_cast<unsigned char>(head[1]);
  sound_ = static_cast<unsigned char>(head[0]) == kBodyVersion && (flags & ~kFlags) == 0 &&
           (flags & (kSubjectDigest | kSubjectSalt)) != (kSubjectDigest | kSubjectSalt) &&
           (flags & (kRowDigest | kRowSalt)) != (kRowDigest | kRowSalt);
  if ((flags & kSubjectDigest) != 0) subject_digest_ = Take(kDigestBytes);
  if ((flags & kRowDigest) != 0) row_digest_ = Take(kDigestBytes);
  if ((flags & kSubjectSalt) != 0) subject_salt_ = Take(kSaltBytes);
  if ((flags & kRowSalt) != 0) row_salt_ = Take(kSaltBytes);
}

std::string_view BodyReader::Take(std::size_t size) {
  sound_ = sound_ && size <= rest_.size();
  if (!sound_) return {};
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint32_t BodyReader::TakeVarint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 7 * kVarintBytes; shift += 7) {
    const std::string_view taken = Take(1);
    if (taken.empty()) return 0;
    const unsigned byte = static_cast<unsigned char>(taken[0]);
    value |= static_cast<std::uint64_t>(byte & 127U) << shift;
    if (byte >= 128) continue;
    // A last byte of 0 could have been left out: one number, one spelling
    sound_ = (byte != 0 || shift == 0) && value <= UINT32_MAX;
    return static_cast<std::uint32_t>(value);
  }
  sound_ = false;
  return 0;
}

bool BodyReader::TakeSide(unsigned code, BodySide& side) {
  side = BodySide{};
  side.code = static_cast<Side>(code);
  switch (side.code) {
    case Side::kNone:
    case Side::kNull:
    case Side::kUntold:
      return sound_;
    case Side::kErased:
      side.digest = Take(kDigestBytes);
      return sound_;
    case Side::kSalted:
      side.salt = Take(kSaltBytes);
      [[fallthrough]];
    case Side::kValue:
      side.value = Take(TakeVarint());
      return sound_;
  }
  sound_ = false;
  return false;
}

bool BodyReader::Next(BodyColumn& column) {
  if (!sound_ || rest_.empty()) return false;
  column.number = TakeVarint();
  column.place = place_++;
  const std::string_view codes = Take(1);
  sound_ = sound_ && column.number > last_column_ && column.number <= kLastColumn;
  if (!sound_) return false;
  last_column_ = column.number;
  const unsigned both = static_cast<unsigned char>(codes[0]);
  return TakeSide(both & 15U, column.from) && TakeSide(both >> 4U, column.to);
}

}  // namespace gdpr
