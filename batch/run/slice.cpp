// SPDX-License-Identifier: PostgreSQL
#include "batch/run/slice.hpp"

#include <algorithm>
#include <cmath>

namespace gdpr::batch {
namespace {

constexpr double kFirst = 200;
/// Fewer would mostly pay for the transaction around them, and on a busy server ever more of them.
constexpr double kLeast = 20;

}  // namespace

SliceSize::SliceSize(double seconds, int most)
    : seconds_(seconds),
      most_(most),
      least_(std::min(kLeast, static_cast<double>(most))),
      size_(std::min(kFirst, static_cast<double>(most))) {}

int SliceSize::Next() const {
  const double parts = std::ceil(most_ / size_);
  return std::max(1, static_cast<int>(std::ceil(most_ / parts)));
}

void SliceSize::Took(int people, double seconds) {
  if (people < 1) return;
  const double fits = seconds > 0 ? people * seconds_ / seconds : 2 * size_;
  // The rest of a chunk tells nothing about more people than it had, unless it took too long.
  const double best = people < Next() && fits > people ? std::max(size_, fits) : fits;
  size_ = std::clamp(best, size_ / 4, size_ * 2);
  size_ = std::clamp(size_, least_, static_cast<double>(most_));
}

void SliceSize::Shrink() {
  size_ = std::max(1.0, size_ / 8);
  least_ = std::min(least_, size_);
}

}  // namespace gdpr::batch
