// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::pg {

/// Announces "gdpr" to SECURITY LABEL. Its hook checks the rule's syntax and nothing else, so that
/// a dump can be restored in any order.
void RegisterLabelProvider();

}  // namespace gdpr::pg
