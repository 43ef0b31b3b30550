// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fake_lists.hpp"
#include "fake_text.hpp"

namespace gdpr::fake {

/// What the 64 bits say that a person begins with; the draw goes on where they end.
struct Person {
  explicit Person(const Call& call);

  Draw draw;
  const Lists& lists;
  bool female;
  std::uint32_t first_bits;
  std::uint32_t last_bits;
  std::uint32_t other_bits;  ///< second first name, title
  std::string_view first;
  std::string_view last;

  const List& first_names() const {
    return female ? lists.first_names_female : lists.first_names_male;
  }
  const List& last_names() const {
    return female ? lists.last_names_female : lists.last_names_male;
  }
};

}  // namespace gdpr::fake
