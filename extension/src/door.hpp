// SPDX-License-Identifier: PostgreSQL
// Who called a function that checks ownership.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct OwnerScope;

/// The role that opened the innermost door, or InvalidOid when none was opened since `scope` began.
Oid DoorCaller(const OwnerScope* scope);

}  // namespace gdpr::pg
