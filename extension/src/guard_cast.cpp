// SPDX-License-Identifier: PostgreSQL
#include "extension/src/guard_cast.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

enum class Form { kRight, kWrong, kUnsure };

Form IntegerForm(Oid type, const char* text) {
  int64 limit = type == INT2OID ? PG_INT16_MAX : type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
  char* end;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (end == text) return Form::kWrong;
  if (errno != 0 || number > limit || number < -limit - 1) return Form::kWrong;
  while (isspace(static_cast<unsigned char>(*end))) end++;
  return *end == '\0' ? Form::kRight : Form::kUnsure;
}

Form UuidForm(const char* text) {
  size_t size = strlen(text);
  size_t digits = 0;
  for (const char* c = text; *c != '\0'; c++) {
    if (isxdigit(static_cast<unsigned char>(*c))) {
      digits++;
    } else if (strchr("-{}", *c) == nullptr) {
      return Form::kWrong;
    }
  }
  if (digits != 32) return Form::kWrong;
  bool usual =
      size == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
  return usual || size == 32 ? Form::kRight : Form::kUnsure;
}

// Whether the type takes the text, as far as we can tell without its input function, which before
// 16 can only raise an error.
Form FormFor(const LinkColumn* column, const char* text) {
  switch (column->parent_type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return IntegerForm(column->parent_type, text);
    case UUIDOID:
      return UuidForm(text);
    case TEXTOID:
      return Form::kRight;
    default:
      return column->parent_form.relabel || PG_VERSION_NUM >= 160000 ? Form::kRight : Form::kUnsure;
  }
}

// Casts in a subtransaction, since the type's input function may raise.
bool CastCarefully(LinkColumn* column, char* text, Datum* result) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  volatile bool valid = true;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    (void)TryInput(&column->input, text, column->input_param, result);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION) ReThrowError(error);
    valid = false;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return valid;
}

// numeric 1.00 equals the integer 1, whose input function would not read it. False: no integer at
// all.
bool CutZeroFraction(const LinkColumn* column, char* text) {
  Oid parent = column->parent_type;
  if (column->type != NUMERICOID) return true;
  if (parent != INT2OID && parent != INT4OID && parent != INT8OID) return true;
  char* point = strchr(text, '.');
  if (point == nullptr) return true;
  bool zeros = point[1 + strspn(point + 1, "0")] == '\0';
  *point = '\0';
  return zeros;
}

}  // namespace

char* TextFormOf(TextForm* form, Oid collation, Datum value) {
  if (form->relabel) return TextDatumGetCString(value);
  if (form->output) return OutputFunctionCall(&form->function, value);
  return TextDatumGetCString(FunctionCall1Coll(&form->function, collation, value));
}

bool ToParentType(LinkColumn* column, char* text, Datum* result) {
  if (!CutZeroFraction(column, text)) return false;
  switch (FormFor(column, text)) {
    case Form::kWrong:
      return false;
    case Form::kRight:
      return TryInput(&column->input, text, column->input_param, result);
    case Form::kUnsure:
      break;
  }
  return CastCarefully(column, text, result);
}

}  // namespace gdpr::pg
