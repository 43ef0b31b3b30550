// SPDX-License-Identifier: PostgreSQL
// Values of link columns in the types and texts of what they refer to.
#pragma once

#include "extension/src/guard_config.hpp"

namespace gdpr::pg {

/// `value::text`, as the statements of an erasure write it.
char* TextFormOf(TextForm* form, Oid collation, Datum value);

/// Casts to the parent's type. False: no such value can be there. Where the type's input function
/// may raise, before PostgreSQL 16, it runs in a subtransaction.
bool ToParentType(LinkColumn* column, char* text, Datum* result);

}  // namespace gdpr::pg
