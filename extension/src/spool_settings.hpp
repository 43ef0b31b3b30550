// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::pg {

/// gdpr.on_audit_failure
enum OnAuditFailure { kFailQuery, kContinueCounted };

extern bool audit_reads;      ///< gdpr.audit_reads
extern int on_audit_failure;  ///< what happens to a read that cannot be recorded
extern int spool_limit;       ///< gdpr.spool_limit in MB; 0: none
extern bool durable_reads;    ///< gdpr.durable_reads

/// Defines the settings of the audit of reads.
void DefineSpoolSettings();

}  // namespace gdpr::pg
