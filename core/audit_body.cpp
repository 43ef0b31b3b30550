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

BodyReader::BodyReader(std::string_view body) : bytes_(body) {
  bytes_.Demand(bytes_.TakeFixed(1) == kBodyVersion);
  const auto flags = static_cast<unsigned>(bytes_.TakeFixed(1));
  bytes_.Demand((flags & ~kFlags) == 0 &&
                (flags & (kSubjectDigest | kSubjectSalt)) != (kSubjectDigest | kSubjectSalt) &&
                (flags & (kRowDigest | kRowSalt)) != (kRowDigest | kRowSalt));
  if ((flags & kSubjectDigest) != 0) subject_digest_ = bytes_.Take(kDigestBytes);
  if ((flags & kRowDigest) != 0) row_digest_ = bytes_.Take(kDigestBytes);
  if ((flags & kSubjectSalt) != 0) subject_salt_ = bytes_.Take(kSaltBytes);
  if ((flags & kRowSalt) != 0) row_salt_ = bytes_.Take(kSaltBytes);
}

bool BodyReader::TakeSide(unsigned code, BodySide& side) {
  side = BodySide{};
  side.code = static_cast<Side>(code);
  switch (side.code) {
    case Side::kNone:
    case Side::kNull:
    case Side::kUntold:
      return bytes_.IsSound();
    case Side::kErased:
      side.digest = bytes_.Take(kDigestBytes);
      return bytes_.IsSound();
    case Side::kSalted:
      side.salt = bytes_.Take(kSaltBytes);
      [[fallthrough]];
    case Side::kValue:
      side.value = bytes_.Take(bytes_.TakeVarint(UINT32_MAX));
      return bytes_.IsSound();
  }
  bytes_.Refuse();
  return false;
}

bool BodyReader::Next(BodyColumn& column) {
  if (!bytes_.IsSound() || bytes_.IsDone()) return false;
  column.number = static_cast<unsigned>(bytes_.TakeVarint(kLastColumn));
  column.place = place_++;
  const auto both = static_cast<unsigned>(bytes_.TakeFixed(1));
  bytes_.Demand(column.number > last_column_);
  if (!bytes_.IsSound()) return false;
  last_column_ = column.number;
  return TakeSide(both & 15U, column.from) && TakeSide(both >> 4U, column.to);
}

}  // namespace gdpr
