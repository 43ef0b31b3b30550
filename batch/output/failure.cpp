// SPDX-License-Identifier: PostgreSQL
#include "batch/output/failure.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/session/sql_error.hpp"

namespace gdpr::batch {
namespace {

/// Errors outside of chunks come from our own functions or from connecting: their text holds no
/// personal value, except for data errors, which may quote one, and what users' code says.
void LogSqlError(const SqlError& error) {
  const auto& fields = error.fields();
  const bool quotes = fields.sqlstate.starts_with("22") || fields.sqlstate.starts_with("23") ||
                      fields.sqlstate.starts_with("P0001") || IsOfUsersCode(fields);
  std::string hint = quotes ? std::string() : fields.hint;
  if (fields.sqlstate == "42501" && hint.empty()) {
    hint =
        "SELECT gdpr.grant_bundle('operator', role) gives a role what gdpr-batch needs; "
        "whoever approves campaigns has bundle dpo.";
  }
  Log(Level::kError, "stopped",
      {{"sqlstate", fields.sqlstate},
       {"message", quotes ? error.what() : fields.message.c_str()},
       {"detail", quotes ? std::string() : fields.detail},
       {"hint", hint}});
}

/// Something that the user named or may not do, or the database.
ExitCode CodeOf(const SqlError& error) {
  for (const char* sqlstate : {"22", "3F000", "42501", "42704", "42P01", "55000", "55006"}) {
    if (error.sqlstate().starts_with(sqlstate)) return ExitCode::kConfiguration;
  }
  return ExitCode::kDatabase;
}

}  // namespace

ExitCode LogFailure(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    Log(Level::kError, "stopped",
        {{"message", fault.what()}, {"detail", fault.detail()}, {"hint", fault.hint()}});
    return fault.code();
  } catch (const SqlError& error) {
    LogSqlError(error);
    return CodeOf(error);
  } catch (const std::exception& error) {
    Log(Level::kError, "stopped", {{"message", error.what()}});
    return ExitCode::kDatabase;
  }
}

ExitCode Worst(ExitCode a, ExitCode b) {
  static constexpr ExitCode kOrder[] = {
      ExitCode::kDone,          ExitCode::kStopped,  ExitCode::kSomeFailed, ExitCode::kUsage,
      ExitCode::kConfiguration, ExitCode::kDatabase, ExitCode::kMismatch};
  return std::max(a, b, [](ExitCode x, ExitCode y) {
    return std::ranges::find(kOrder, x) < std::ranges::find(kOrder, y);
  });
}

}  // namespace gdpr::batch
