// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string_view>

#include "fake/fake.hpp"

// What pseudonyms of text are made of. Internal to core.
namespace gdpr {

constexpr std::string_view kPseudonymPrefix = "p-";
constexpr std::string_view kPseudonymDomain = "@pseudonym.invalid";
constexpr std::size_t kPseudonymChars = 26;  // 130 bits

/// The shortest column in which a pseudonym of an e-mail address has the form of one.
constexpr std::size_t kLeastPseudonymEmail =
    kPseudonymPrefix.size() + fake::kUniqueChars + kPseudonymDomain.size();

}  // namespace gdpr
