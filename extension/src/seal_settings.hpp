// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::pg {

extern int seal_interval;     ///< gdpr.seal_interval in seconds
extern int unsealed_warning;  ///< gdpr.unsealed_warning in seconds; 0: never
extern char* audit_anchor;    ///< gdpr.audit_anchor: "", "syslog" or "file:/path"

/// Defines the settings of sealing and retention.
void DefineSealSettings();

}  // namespace gdpr::pg
