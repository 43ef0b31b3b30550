// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace gdpr::batch {

/// A table with its partitions and children, as a sample decides about it: by number.
struct SampleUnit {
  std::int64_t size = 0;  ///< bytes
  bool small = false;     ///< fewer rows than --whole-below
  bool people = false;    ///< holds people of some type
  bool linked = false;    ///< a declared link leads to it
};

/// A foreign key between units, by their numbers.
struct SampleReference {
  std::size_t child = 0, parent = 0;
  bool stopped = false;  ///< declared as a link that is not followed
};

/// The tables that belong to one type of people by declared links, the people's own included.
struct SampleTree {
  std::int64_t size = 0;  ///< of the people's own table
  std::set<std::size_t> units;
};

/// What every unit does.
struct SampleRoles {
  enum class Role : std::uint8_t {
    kPeople,  ///< people: drawn by key, or come along
    kHangs,   ///< its rows go along with those they hang on
    kDrawn,   ///< its rows are drawn
    kWhole,   ///< small and of nobody
  };
  std::vector<Role> roles;
  std::set<std::size_t> down;  ///< numbers of the references that children follow their parents by
};

/// Decides by the shape alone, the same way each time:
/// 1. What a declared link leads to hangs on it.
/// 2. What refers to a table of people, or to one that hangs on people, hangs on it too; where
/// there
///    are several types, on the one with the largest table.
/// 3. Of the rest, what is small and refers to no table that is sampled is whole.
/// 4. What is left hangs on the largest sampled table it refers to; where there is none, its own
/// rows
///    are drawn.
SampleRoles DecideRoles(const std::vector<SampleUnit>& units,
                        const std::vector<SampleReference>& references,
                        std::vector<SampleTree> trees);

}  // namespace gdpr::batch
