// SPDX-License-Identifier: PostgreSQL
// Errors of user code and of constraints without the values they quote.
#include "extension/src/owner.hpp"

namespace gdpr::pg {
namespace {

struct Scrubbed {
  int sqlstate;
  bool names;  ///< schema, table, column and constraint are the server's, not a RAISE's
  const char* message;
  const char* detail;
  const char* hint;
};

bool IsClass(int sqlstate, const char* name) {
  return ERRCODE_TO_CATEGORY(sqlstate) == MAKE_SQLSTATE(name[0], name[1], '0', '0', '0');
}

bool StartsWith(const char* line, const char* prefix) {
  return strncmp(line, prefix, strlen(prefix)) == 0;
}

// Whether a line of the context is a function's place. Only what ran below us has left lines there.
bool IsPlace(const char* line) {
  return StartsWith(line, "PL/") || StartsWith(line, "SQL function ");
}

const char* NextLine(const char* line) {
  const char* end = strchr(line, '\n');
  return end != nullptr ? end + 1 : nullptr;
}

// Where a function of the user raised the error, or NULL. The line holds no statement text.
char* FirstPlace(const char* context) {
  for (const char* line = context; line != nullptr; line = NextLine(line)) {
    if (!IsPlace(line)) continue;
    int size = static_cast<int>(strcspn(line, "\n"));
    return psprintf("It was raised in %.*s.", size, line);
  }
  return nullptr;
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

// Messages of the server itself that name constraints, tables and limits only, wherever they come
// from. A statement that a function put together of values can make an error of many others quote
// one: relation "bob@example.org" does not exist.
bool NamesNoValue(int sqlstate) {
  static const char* const kClasses[] = {"23", "40", "44", "53", "54",
                                         "55", "57", "58", "PD", "XX"};
  if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE) return true;
  for (const char* name : kClasses) {
    if (IsClass(sqlstate, name)) return true;
  }
  return false;
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
  Scrubbed result{error->sqlerrcode, !WrittenByUser(error), error->message, nullptr, error->hint};
  char* place = FirstPlace(error->context);
  if (IsClass(error->sqlerrcode, "22") && !WrittenByUser(error)) {
    result.message = psprintf("%s (relation %s)", DataMessage(error), relation);
    result.detail = place;
    result.hint = nullptr;
  } else if (WrittenByUser(error) || (place != nullptr && !NamesNoValue(error->sqlerrcode))) {
    // WHEN OTHERS lets these two pass: a trigger could make its way out of every handler of ours
    if (error->sqlerrcode == ERRCODE_ASSERT_FAILURE ||
        error->sqlerrcode == ERRCODE_QUERY_CANCELED) {
      result.sqlstate = ERRCODE_RAISE_EXCEPTION;
    }
    result.message = psprintf("a trigger or function of relation %s raised an error", relation);
    result.detail = place;
    result.hint = "Its text is not shown here, because it may quote a personal value.";
  } else if (place != nullptr || IsClass(error->sqlerrcode, "23") ||
             IsClass(error->sqlerrcode, "44")) {
    result.detail = place;
    result.hint = nullptr;
  }
  return result;
}

int Field(int field, const char* value) {
  return value != nullptr ? err_generic_string(field, value) : 0;
}

}  // namespace

void ThrowScrubbed(MemoryContext context, const char* relation) {
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  Scrubbed scrubbed = Scrub(error, relation);
  ereport(ERROR,
          (errcode(scrubbed.sqlstate), errmsg_internal("%s", scrubbed.message),
           scrubbed.detail ? errdetail_internal("%s", scrubbed.detail) : 0,
           scrubbed.hint ? errhint("%s", scrubbed.hint) : 0,
           Field(PG_DIAG_SCHEMA_NAME, scrubbed.names ? error->schema_name : nullptr),
           Field(PG_DIAG_TABLE_NAME, scrubbed.names ? error->table_name : nullptr),
           Field(PG_DIAG_COLUMN_NAME, scrubbed.names ? error->column_name : nullptr),
           Field(PG_DIAG_DATATYPE_NAME, scrubbed.names ? error->datatype_name : nullptr),
           Field(PG_DIAG_CONSTRAINT_NAME, scrubbed.names ? error->constraint_name : nullptr)));
  pg_unreachable();
}

}  // namespace gdpr::pg
