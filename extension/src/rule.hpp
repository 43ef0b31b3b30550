// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>

namespace gdpr::pg {

/// The rule in canonical text, allocated in the current context.
/// errors  those of core's ParseRule, as ERROR
const char* CanonicalRule(const char* rule, std::size_t size);

}  // namespace gdpr::pg
