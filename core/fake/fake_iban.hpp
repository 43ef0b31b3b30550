// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string_view>

#include "fake.hpp"

namespace gdpr::fake {

/// If the text is a valid IBAN, appends the one that takes its place (same country and spelling)
/// and returns true: a keyed permutation of the valid IBANs of that shape.
bool PermuteIban(const Call& call);

/// Whether it is one that PermuteIban takes.
bool IsIban(std::string_view text);

}  // namespace gdpr::fake
