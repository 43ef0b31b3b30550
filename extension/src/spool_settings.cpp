// SPDX-License-Identifier: PostgreSQL
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

bool audit_reads = true;
int on_audit_failure = kFailQuery;
int spool_limit = 1024;
bool durable_reads = false;

namespace {

// Read by SQL through current_setting(): how long months of the record of reads are kept.
char* access_retention = nullptr;

const config_enum_entry kFailures[] = {{"fail_query", kFailQuery, false},
                                       {"continue_counted", kContinueCounted, false},
                                       {nullptr, 0, false}};

bool CheckAccessRetention(char** value, void**, GucSource) {
  if (IsInterval(*value)) return true;
  GUC_check_errdetail("It must be an interval, such as \"1 year\".");
  return false;
}

}  // namespace

void DefineSpoolSettings() {
  DefineCustomBoolVariable("gdpr.audit_reads",
                           "Records which people reads of audited tables reach.",
                           "Needs pg_gdpr in shared_preload_libraries.", &audit_reads, true,
                           PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("gdpr.on_audit_failure",
                           "What happens to a read that cannot be recorded.",
                           "It fails, or it goes on and is counted as lost.", &on_audit_failure,
                           kFailQuery, kFailures, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("gdpr.spool_limit", "Disk space for reads that wait for their worker.",
                          "Beyond it reads cannot be recorded; 0 is no limit.", &spool_limit, 1024,
                          0, MAX_KILOBYTES, PGC_SIGHUP, GUC_UNIT_MB, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable(
      "gdpr.durable_reads", "Records of reads are on the disk before a row leaves the server.",
      "Costs a flush for each statement; without it, a crash of the machine can "
      "lose what was recorded last.",
      &durable_reads, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("gdpr.access_retention", "How long the record of reads is kept.",
                             "An interval such as \"1 year\"; whole months are dropped.",
                             &access_retention, "1 year", PGC_SIGHUP, 0, CheckAccessRetention,
                             nullptr, nullptr);
}

}  // namespace gdpr::pg
