// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

#include "keyed.hpp"
#include "rule.hpp"
#include "treat_class.hpp"

namespace gdpr {

/// Profile pseudonym for one value of any class: plan kHmac, kFf1 or kShift. Internal to core.
void Pseudonym(const treat::Call& call, const Keying& keying);

/// The text that has this pseudonym under ff1. Throws Error 22023 where the rule's treatment cannot
/// be turned back, PD005 where the text is none that ff1 makes.
std::string Reveal(const Rule& rule, Keyed& keys, std::string_view pseudonym);

}  // namespace gdpr
