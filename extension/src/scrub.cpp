// SPDX-License-Identifier: PostgreSQL
// Errors of user code and of constraints without the values they quote.
#include "extension/src/owner.hpp"

namespace gdpr::pg {
namespace {

struct Scrubbed {
  const char* message;
  const char* detail;
  const char* hint;
};

bool IsClass(int sqlstate, const char* name) {
  return ERRCODE_TO_CATEGORY(sqlstate) == MAKE_SQLSTATE(name[0], name[1], '0', '0', '0');
}

// A message that a trigger or function of the user wrote may hold anything.
bool WrittenByUser(const ErrorData* error) {
  static const char* const kSources[] = {"plperl.c", "plpy_elog.c", "plpy_plpymodule.c", "pltcl.c"};
  const char* function = error->funcname ? error->funcname : "";
  if (strcmp(function, "exec_stmt_raise") == 0 || strcmp(function, "exec_stmt_assert") == 0) {
    return true;
  }
  for (const char* source : kSources) {
    if (error->filename != nullptr && strstr(error->filename, source) != nullptr) return true;
  }
  return IsClass(error->sqlerrcode, "P0") || IsClass(error->sqlerrcode, "38") ||
         IsClass(error->sqlerrcode, "39");
}

// The lines of the context that say where, and hold no statement text.
char* Places(const char* context) {
  constexpr char kPrefix[] = "PL/pgSQL function ";
  StringInfoData places;
  initStringInfo(&places);
  for (const char* line = context; line != nullptr && *line != '\0';) {
    const char* end = strchr(line, '\n');
    int size = end ? static_cast<int>(end - line) : static_cast<int>(strlen(line));
    if (strncmp(line, kPrefix, sizeof(kPrefix) - 1) == 0) {
      appendStringInfo(&places, "%s%.*s", places.len > 0 ? "; " : "It was raised in ", size, line);
      break;  // the innermost is enough; the outer ones are ours
    }
    line = end ? end + 1 : nullptr;
  }
  if (places.len > 0) appendStringInfoChar(&places, '.');
  return places.len > 0 ? places.data : nullptr;
}

const char* DataMessage(const ErrorData* error) {
  switch (error->sqlerrcode) {
    case ERRCODE_STRING_DATA_RIGHT_TRUNCATION:
      return "a value is too long for its column";
    case ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE:
      return "a number is out of range";
    case ERRCODE_INVALID_DATETIME_FORMAT:
    case ERRCODE_DATETIME_VALUE_OUT_OF_RANGE:
      return "a date or time is not valid";
    case ERRCODE_DIVISION_BY_ZERO:
      return "division by zero";
    case ERRCODE_INVALID_TEXT_REPRESENTATION:
      return "a value does not have the form of its type";
    case ERRCODE_NULL_VALUE_NOT_ALLOWED:
      return "a null value is not allowed";
    default:
      return "a value is not valid";
  }
}

Scrubbed Scrub(const ErrorData* error, const char* relation) {
  Scrubbed result{error->message, nullptr, error->hint};
  if (WrittenByUser(error)) {
    result.message = psprintf("a trigger or function of relation %s raised an error", relation);
    result.detail = Places(error->context);
    result.hint = "Its text is not shown here, because it may quote a personal value.";
  } else if (IsClass(error->sqlerrcode, "22")) {
    result.message = psprintf("%s (relation %s)", DataMessage(error), relation);
    result.detail = Places(error->context);
    result.hint = nullptr;
  } else if (IsClass(error->sqlerrcode, "23") || IsClass(error->sqlerrcode, "44")) {
    result.hint = nullptr;
  }
  return result;
}

}  // namespace

void ThrowScrubbed(MemoryContext context, const char* relation) {
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  Scrubbed scrubbed = Scrub(error, relation);
  ereport(
      ERROR,
      (errcode(error->sqlerrcode), errmsg_internal("%s", scrubbed.message),
       scrubbed.detail ? errdetail_internal("%s", scrubbed.detail) : 0,
       scrubbed.hint ? errhint("%s", scrubbed.hint) : 0,
       error->schema_name ? err_generic_string(PG_DIAG_SCHEMA_NAME, error->schema_name) : 0,
       error->table_name ? err_generic_string(PG_DIAG_TABLE_NAME, error->table_name) : 0,
       error->column_name ? err_generic_string(PG_DIAG_COLUMN_NAME, error->column_name) : 0,
       error->datatype_name ? err_generic_string(PG_DIAG_DATATYPE_NAME, error->datatype_name) : 0,
       error->constraint_name ? err_generic_string(PG_DIAG_CONSTRAINT_NAME, error->constraint_name)
                              : 0));
  pg_unreachable();
}

}  // namespace gdpr::pg
