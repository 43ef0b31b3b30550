// SPDX-License-Identifier: PostgreSQL
// What a body of the audit log says, for SQL. The reader has no destructor and allocates nothing: it may be
// alive where the server raises an error.
#include "core/audit_body.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Values of one change beyond this are left out: jsonb holds less than 256 MB, keys and all.
constexpr std::size_t kMostBytes = 255 * 1024 * 1024;

std::string_view BodyOf(Datum datum) {
  bytea* body = DatumGetByteaPP(datum);
  return {VARDATA_ANY(body), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(body))};
}

// The columns of a relation's shape: parallel arrays, in the order of their numbers.
struct Names {
  const int16* numbers;
  const NameData* names;
  int count;
  int next;  // columns of a body ascend, too
};

Names NamesOf(ArrayType* numbers, ArrayType* names) {
  int count = ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers));
  if (count != ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names)) || array_contains_nulls(numbers) ||
      array_contains_nulls(names)) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("numbers and names of columns do not go together")));
  }
  return {reinterpret_cast<const int16*>(ARR_DATA_PTR(numbers)),
          reinterpret_cast<const NameData*>(ARR_DATA_PTR(names)), count, 0};
}

// The column's name; its number where the shape does not have it. Allocated, or part of the array.
const char* NameOf(Names& names, unsigned number) {
  for (int i = 0; i < names.count; i++) {
    int at = (names.next + i) % names.count;
    if (static_cast<unsigned>(names.numbers[at]) != number) continue;
    names.next = at + 1;
    return NameStr(names.names[at]);
  }
  return psprintf("column %u", number);
}

JsonbValue StringOf(const char* bytes, std::size_t size) {
  JsonbValue value;
  value.type = jbvString;
  value.val.string.val = const_cast<char*>(bytes);
  value.val.string.len = static_cast<int>(size);
  return value;
}

// Bytes came from another encoding where a dump was restored into one: shown as hex digits then.
JsonbValue ValueOf(const BodySide& side) {
  JsonbValue value;
  value.type = jbvNull;
  if (side.code == Side::kNull) return value;
  int size = static_cast<int>(side.value.size());
  if (pg_verify_mbstr(GetDatabaseEncoding(), side.value.data(), size, true)) {
    return StringOf(side.value.data(), side.value.size());
  }
  char* hex = static_cast<char*>(palloc(2 * side.value.size() + 3));
  hex[0] = '\\';
  hex[1] = 'x';
  hex_encode(side.value.data(), size, hex + 2);
  return StringOf(hex, 2 * side.value.size() + 2);
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr_internal.audit_values(body bytea, numbers int2[], names name[], side text) -> jsonb
GDPR_FUNCTION(gdpr_audit_values) {
  BodyReader reader(BodyOf(PG_GETARG_DATUM(0)));
  Names names = NamesOf(PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2));
  bool from = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(3)), "from") == 0;
  JsonbParseState* state = nullptr;
  std::size_t bytes = 0;
  // What is no body ends here: a report shows the rest, and gdpr.verify_audit() names the event.
  for (BodyColumn column; reader.Next(column);) {
    CHECK_FOR_INTERRUPTS();
    const BodySide& side = from ? column.from : column.to;
    if (side.code != Side::kNull && !side.IsReadable()) continue;
    const char* name = NameOf(names, column.number);
    JsonbValue value = ValueOf(side);
    std::size_t more = value.type == jbvString ? static_cast<std::size_t>(value.val.string.len) : 0;
    if (bytes + more > kMostBytes) continue;
    bytes += more;
    if (state == nullptr) pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    JsonbValue key = StringOf(name, strlen(name));
    pushJsonbValue(&state, WJB_KEY, &key);
    pushJsonbValue(&state, WJB_VALUE, &value);
  }
  if (state == nullptr) PG_RETURN_NULL();
  PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

// gdpr_internal.audit_columns(body bytea, numbers int2[], names name[]) -> name[]
GDPR_FUNCTION(gdpr_audit_columns) {
  BodyReader reader(BodyOf(PG_GETARG_DATUM(0)));
  Names names = NamesOf(PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2));
  auto* found = static_cast<Datum*>(palloc(kLastColumn * sizeof(Datum)));
  int count = 0;
  for (BodyColumn column; reader.Next(column);) {
    auto* name = static_cast<NameData*>(palloc0(sizeof(NameData)));
    namestrcpy(name, NameOf(names, column.number));
    found[count++] = NameGetDatum(name);
  }
  if (count == 0) PG_RETURN_NULL();
  PG_RETURN_ARRAYTYPE_P(construct_array(found, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}
