// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "../rule.hpp"
#include "../value.hpp"

namespace gdpr {

/// What makes the outputs of a keyed profile differ for inputs that differ.
struct FakeRoom {
  enum class How {
    kPermutation,  ///< they always do, or are null
    kBits,         ///< they carry that many digest bits
    kTooSmall,     ///< they cannot: the column is unique and its room too small
    kNotUnique,    ///< they do not: the column is not unique, or one value stands for many
  };
  How how = How::kNotUnique;
  double bits = 0;
};

FakeRoom RoomOf(const Rule& rule, Profile profile, const TypeFacts& type);

/// How likely it is at most that any two of so many rows collide: rows^2 / 2^(bits+1), at most 1.
double CollisionBound(const FakeRoom& room, double rows);

}  // namespace gdpr
