// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_way.hpp"

#include "extension/src/audit_subject.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// A way whose rows cannot be told from others', or whose column is gone: people unknown.
void SetUnreadable(AccessWay* way) {
  way->form = 0;
  way->discriminated = Discriminated::kNot;
}

bool SetNumber(AccessWay* way, const char* value) {
  char* end;
  errno = 0;
  way->discriminator_number = strtoll(value, &end, 10);
  return errno == 0 && *end == '\0' &&
         strcmp(psprintf(INT64_FORMAT, way->discriminator_number), value) == 0;
}

}  // namespace

bool SetWayDiscriminator(AccessWay* way, Oid relation, const char* column, const char* value) {
  way->discriminator = get_attnum(relation, column);
  if (way->discriminator <= 0) return SetUnreadable(way), true;
  Oid type = getBaseType(get_atttype(relation, way->discriminator));
  way->discriminator_type = type;
  way->discriminated = Discriminated::kNumber;
  way->discriminator_text = pstrdup(value);
  if (IsInteger(type)) return SetNumber(way, value);
  if (type == BOOLOID) {
    way->discriminator_number = strcmp(value, "true") == 0;
    return way->discriminator_number != 0 || strcmp(value, "false") == 0;
  }
  if (type == NAMEOID) {
    way->discriminated = Discriminated::kName;
  } else if (IsBinaryCoercible(type, TEXTOID) && get_typlen(type) == -1) {
    way->discriminated = Discriminated::kText;  // char(n) is cast by a function, so it is not here
  } else if (type == BPCHAROID) {
    way->discriminated = Discriminated::kText;
  } else if (get_typtype(type) == TYPTYPE_ENUM) {
    Oid label = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type),
                                CStringGetDatum(value));
    way->discriminator_number = label;
    if (!OidIsValid(label)) SetUnreadable(way);  // it may get the label without our noticing
  } else {
    SetUnreadable(way);
  }
  return true;
}

void SetWayColumns(AccessWay* way, Oid relation, List* columns, MemoryContext context) {
  way->count = list_length(columns);
  if (way->count > INDEX_MAX_KEYS) return SetUnreadable(way);
  way->form = 2;
  bool single = way->count == 1;
  for (int i = 0; i < way->count; i++) {
    AttrNumber number = get_attnum(relation, static_cast<char*>(list_nth(columns, i)));
    if (number <= 0) return SetUnreadable(way);
    Oid type = getBaseType(get_atttype(relation, number));
    way->numbers[i] = number;
    way->types[i] = type;
    if (single && IsInteger(type)) {
      way->form = 1;
    } else if (IsBinaryCoercible(type, TEXTOID) && get_typlen(type) == -1) {
      way->texts[i].way = TextWay::kBytes;
    } else {
      SetValueText(&way->texts[i], type, single, context);
      way->settings |= way->texts[i].settings;
    }
  }
}

bool IsWayKey(const AccessWay* way, Oid people, List* key) {
  if (way->form == 0 || list_length(key) != way->count) return false;
  for (int i = 0; i < way->count; i++) {
    const char* column = static_cast<char*>(list_nth(key, i));
    if (!RepeatsKey(way->types[i], people, column, way->count == 1)) return false;
  }
  return true;
}

}  // namespace gdpr::pg
