// SPDX-License-Identifier: PostgreSQL
#include "batch/session/sql_error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gdpr::batch {
namespace {

struct Condition {
  std::string_view sqlstate, name;
};

constexpr std::array kConditions = {
    Condition{"08001", "could not connect"},
    Condition{"08006", "connection lost"},
    Condition{"22001", "string_data_right_truncation"},
    Condition{"22003", "numeric_value_out_of_range"},
    Condition{"22004", "null_value_not_allowed"},
    Condition{"22007", "invalid_datetime_format"},
    Condition{"22008", "datetime_field_overflow"},
    Condition{"22021", "character_not_in_repertoire"},
    Condition{"22P02", "invalid_text_representation"},
    Condition{"22P05", "untranslatable_character"},
    Condition{"23502", "not_null_violation"},
    Condition{"23503", "foreign_key_violation"},
    Condition{"23505", "unique_violation"},
    Condition{"23514", "check_violation"},
    Condition{"23P01", "exclusion_violation"},
    Condition{"25006", "read_only_sql_transaction"},
    Condition{"40001", "serialization_failure"},
    Condition{"40P01", "deadlock_detected"},
    Condition{"42501", "insufficient_privilege"},
    Condition{"42703", "undefined_column"},
    Condition{"42804", "datatype_mismatch"},
    Condition{"42883", "undefined_function"},
    Condition{"42P01", "undefined_table"},
    Condition{"53100", "disk_full"},
    Condition{"53200", "out_of_memory"},
    Condition{"53300", "too_many_connections"},
    Condition{"55P03", "lock_not_available"},
    Condition{"57014", "query_canceled"},
    Condition{"57P01", "admin_shutdown"},
    Condition{"57P02", "crash_shutdown"},
    Condition{"57P03", "cannot_connect_now"},
    Condition{"P0001", "raise_exception"},
    Condition{"XX000", "internal_error"},
};

}  // namespace

std::string_view ConditionName(std::string_view sqlstate) {
  const auto* found = std::ranges::find(kConditions, sqlstate, &Condition::sqlstate);
  return found == kConditions.end() ? sqlstate : found->name;
}

bool IsOfUsersCode(const SqlError::Fields& fields) {
  constexpr std::array kLanguages = {std::string_view("pl_exec.c"), std::string_view("plperl.c"),
                                     std::string_view("pltcl.c")};
  if (std::ranges::find(kLanguages, fields.source_file) == kLanguages.end() &&
      !fields.source_file.starts_with("plpy_")) {
    return false;
  }
  const std::string line = fields.context.substr(0, fields.context.find('\n'));
  const std::size_t ours = std::min(line.find(" gdpr."), line.find(" gdpr_internal."));
  return ours == line.npos || line.find('"') < ours;
}

std::string Describe(const SqlError::Fields& fields) {
  if (IsOfUsersCode(fields)) return std::string(ConditionName(fields.sqlstate));
  if (fields.sqlstate.starts_with("PD")) return fields.message;
  std::string text(ConditionName(fields.sqlstate));
  if (!fields.constraint.empty()) text += " of constraint \"" + fields.constraint + "\"";
  if (!fields.column.empty()) text += " in column \"" + fields.column + "\"";
  if (!fields.table.empty()) text += " of table \"" + fields.schema + "." + fields.table + "\"";
  return text;
}

SqlError::SqlError(Fields fields)
    : std::runtime_error(Describe(fields)), fields_(std::move(fields)) {}

}  // namespace gdpr::batch
