// SPDX-License-Identifier: PostgreSQL
// Preflight asks how the library was loaded; the settings that say it are hidden from our role.
#include "extension/src/pg.hpp"

// gdpr_internal.preload_setting() -> text: the first preload setting that names the library, or NULL
GDPR_FUNCTION(gdpr_preload_setting) {
  static const char *const kSettings[] = {"shared_preload_libraries", "session_preload_libraries",
                                          "local_preload_libraries"};
  for (const char *setting : kSettings) {
    const char *value = GetConfigOption(setting, true, false);
    if (value != nullptr && strstr(value, "pg_gdpr") != nullptr) {
      PG_RETURN_TEXT_P(cstring_to_text(setting));
    }
  }
  PG_RETURN_NULL();
}
