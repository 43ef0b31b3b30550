// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::pg {

/// Registers what drops the guard's per-relation cache when a relation changes.
void RegisterFreeze();

}  // namespace gdpr::pg
