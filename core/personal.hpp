// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace gdpr {

/// A personal value on its way through the program. It looks at bytes owned by somebody else, and
/// it cannot be streamed: a value reaches a log line only through an explicit Reveal(), which is
/// easy to find in review.
class Personal {
 public:
  constexpr Personal() = default;
  constexpr explicit Personal(std::string_view value) : value_(value) {}

  /// The bytes themselves, for a treatment or a bound parameter; never for a message.
  constexpr std::string_view Reveal() const { return value_; }
  constexpr std::size_t Length() const { return value_.size(); }

 private:
  std::string_view value_;
};

template <typename Char, typename Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                             const Personal&) = delete;

}  // namespace gdpr
