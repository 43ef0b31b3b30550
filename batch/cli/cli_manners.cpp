// SPDX-License-Identifier: PostgreSQL
#include "batch/cli/cli_manners.hpp"

#include <CLI/CLI.hpp>

namespace gdpr::batch {

void AddManners(CLI::App& verb, MannersOptions& manners) {
  auto* group = verb.add_option_group("Manners");
  group
      ->add_option_function<std::string>(
          "--max-lag",
          [&manners](const std::string& text) {
            const auto limit = LagLimit::Parse(text);
            if (!limit) {
              throw CLI::ValidationError(
                  "--max-lag", "\"" + text + "\" is neither a time (10s) nor a size (64MB)");
            }
            manners.max_lag = *limit;
          },
          "Wait while a standby is further behind: 10s or 64MB, 0 for never [30s]")
      ->envname("PG_GDPR_MAX_LAG")
      ->type_name("TIME|SIZE");
  group
      ->add_option("--ignore-standby", manners.ignored_standbys,
                   "Standby (by application_name) whose lag does not matter, such as one that is "
                   "late on purpose; more than one may be given")
      ->envname("PG_GDPR_IGNORE_STANDBY")
      ->type_name("NAME");
  group
      ->add_option("--max-lock-waits", manners.max_lock_waits,
                   "Wait while more other sessions wait for locks; 0 for never")
      ->envname("PG_GDPR_MAX_LOCK_WAITS")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  group
      ->add_option("--max-active", manners.max_active,
                   "Wait while more other sessions are active; 0 for never")
      ->envname("PG_GDPR_MAX_ACTIVE")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  group
      ->add_option_function<std::string>(
          "--window",
          [&manners](const std::string& text) {
            manners.window = Window::Parse(text);
            if (!manners.window) {
              throw CLI::ValidationError("--window",
                                         "\"" + text + "\" is not a window such as 22:00-05:00");
            }
          },
          "Work only between these hours of this machine's time, such as 22:00-05:00")
      ->envname("PG_GDPR_WINDOW")
      ->type_name("HH:MM-HH:MM");
}

}  // namespace gdpr::batch
