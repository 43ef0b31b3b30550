// SPDX-License-Identifier: PostgreSQL
#include "extension/src/seal_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

int seal_interval = 5;
int unsealed_warning = 600;
char* audit_anchor = nullptr;

namespace {

// Read by SQL through current_setting(): how long months of the audit log are kept.
char* audit_retention = nullptr;

bool CheckAnchor(char** value, void**, GucSource) {
  if (**value == '\0' || strcmp(*value, "syslog") == 0) return true;
  if (strncmp(*value, "file:/", 6) == 0 && strlen(*value) < MAXPGPATH) return true;
  GUC_check_errdetail("It must be \"syslog\" or \"file:\" and an absolute path.");
  return false;
}

bool CheckAuditRetention(char** value, void**, GucSource) {
  if (IsInterval(*value)) return true;
  GUC_check_errdetail("It must be an interval, such as \"3 years\".");
  return false;
}

}  // namespace

void DefineSealSettings() {
  DefineCustomIntVariable("gdpr.seal_interval", "How often changes are sealed while there are any.",
                          "By a worker of the server; without preload by gdpr-batch nightly.",
                          &seal_interval, 5, 1, SECS_PER_DAY, PGC_SIGHUP, GUC_UNIT_S, nullptr,
                          nullptr, nullptr);
  DefineCustomIntVariable("gdpr.unsealed_warning",
                          "The log is warned when changes wait longer than this for their seal.",
                          "0 warns never.", &unsealed_warning, 600, 0, SECS_PER_DAY, PGC_SIGHUP,
                          GUC_UNIT_S, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("gdpr.audit_anchor", "Where the digest of each seal is written to.",
                             "\"syslog\", or \"file:\" and a path outside the data directory.",
                             &audit_anchor, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, CheckAnchor,
                             nullptr, nullptr);
  DefineCustomStringVariable("gdpr.audit_retention", "How long the audit log is kept.",
                             "An interval such as \"3 years\"; whole months are dropped.",
                             &audit_retention, "3 years", PGC_SIGHUP, 0, CheckAuditRetention,
                             nullptr, nullptr);
}

}  // namespace gdpr::pg
