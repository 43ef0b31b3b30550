// SPDX-License-Identifier: PostgreSQL
// Where the library meets the server: settings, label provider, callbacks.
#include "extension/src/access_capture.hpp"
#include "extension/src/access_plan.hpp"
#include "extension/src/access_utility.hpp"
#include "extension/src/allowed.hpp"
#include "extension/src/audit_relation.hpp"
#include "extension/src/freeze.hpp"
#include "extension/src/key.hpp"
#include "extension/src/label.hpp"
#include "extension/src/purpose.hpp"
#include "extension/src/seal_settings.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/spool_memory.hpp"
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

namespace {

// Read by SQL through current_setting(): until when backups may still hold erased values.
char* backup_retention = nullptr;

// A value that is no interval would make every certificate an error.
bool CheckRetention(char** value, void**, GucSource) {
  if (**value == '\0' || gdpr::pg::IsInterval(*value)) return true;
  GUC_check_errdetail("It must be an interval, such as \"35 days\".");
  return false;
}

}  // namespace

void _PG_init(void) {
  using namespace gdpr::pg;
  // A file outside the data directory, readable by the server's user only; made by
  // gdpr.create_key(). Every database of the server shares it.
  DefineCustomStringVariable("gdpr.key_file", "File that holds the key of this server.",
                             "It must lie outside the data directory.", &key_file, "", PGC_SUSET,
                             GUC_SUPERUSER_ONLY, nullptr, ForgetKey, nullptr);
  // Printed on certificates: the old values may be in backups until this long after an erasure.
  DefineCustomStringVariable("gdpr.backup_retention", "How long backups and archived WAL are kept.",
                             "An interval such as \"35 days\"; empty means not known.",
                             &backup_retention, "", PGC_SUSET, 0, CheckRetention, nullptr, nullptr);
  DefinePolicySettings();
  DefineSealSettings();
  DefineSpoolSettings();
  ReserveSettings();
  RegisterLabelProvider();
  RegisterFreeze();
  RegisterAllowed();
  RegisterAudit();
  RegisterSealing();
  RegisterSpool();
  RegisterCapture();
  RegisterAccessPlan();
  RegisterAccessUtility();
}
