// SPDX-License-Identifier: PostgreSQL
#include "fake_room.hpp"

#include <algorithm>
#include <cmath>

namespace gdpr {

FakeRoom RoomOf(const Rule& rule, Profile, const TypeFacts&) {
  if (!rule.facts.unique) return {};
  return {FakeRoom::How::kBits, 80};
}

double CollisionBound(const FakeRoom& room, double rows) {
  if (room.how != FakeRoom::How::kBits) return 0;
  return std::min(1.0, rows * rows / std::exp2(room.bits + 1));
}

}  // namespace gdpr
