// SPDX-License-Identifier: PostgreSQL
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

void SetClass(TypeInfo* info, ValueClass cls, int integer_bytes = 0, bool floating = false) {
  info->cls = cls;
  info->integer_bytes = integer_bytes;
  info->floating = floating;
}

bool IsCitext(Oid type) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  if (!HeapTupleIsValid(tuple)) return false;
  auto* form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
  const bool is = strcmp(NameStr(form->typname), "citext") == 0;
  ReleaseSysCache(tuple);
  return is;
}

// Types that are not built in: enums, and strings such as citext.
void ClassifyOther(TypeInfo* info) {
  if (get_typtype(info->base) == TYPTYPE_ENUM) {
    SetClass(info, ValueClass::kEnum);
  } else if (IsBinaryCoercible(info->base, TEXTOID) && info->length == -1) {
    info->any_case = IsCitext(info->base);
    SetClass(info, ValueClass::kText);
  } else {
    SetClass(info, ValueClass::kOther);
  }
}

void Classify(TypeInfo* info) {
  switch (info->base) {
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      return SetClass(info, ValueClass::kText);
    case NAMEOID:
      info->text_bytes = NAMEDATALEN - 1;
      return SetClass(info, ValueClass::kText);
    case INT2OID:
      return SetClass(info, ValueClass::kNumber, 2);
    case INT4OID:
      return SetClass(info, ValueClass::kNumber, 4);
    case INT8OID:
      return SetClass(info, ValueClass::kNumber, 8);
    case MONEYOID:
      info->scale = 2;
      return SetClass(info, ValueClass::kNumber, 8);
    case NUMERICOID:
      return SetClass(info, ValueClass::kNumber);
    case FLOAT4OID:
      return SetClass(info, ValueClass::kNumber, 4, true);
    case FLOAT8OID:
      return SetClass(info, ValueClass::kNumber, 8, true);
    case DATEOID:
      return SetClass(info, ValueClass::kDate);
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return SetClass(info, ValueClass::kTimestamp);
    case TIMEOID:
    case TIMETZOID:
      return SetClass(info, ValueClass::kTime);
    case INTERVALOID:
      return SetClass(info, ValueClass::kInterval);
    case BOOLOID:
      return SetClass(info, ValueClass::kBoolean);
    case INETOID:
    case CIDROID:
      return SetClass(info, ValueClass::kInet);
    case MACADDROID:
    case MACADDR8OID:
      return SetClass(info, ValueClass::kMac);
    case UUIDOID:
      return SetClass(info, ValueClass::kUuid);
    case BYTEAOID:
      return SetClass(info, ValueClass::kBytes);
    case JSONOID:
    case JSONBOID:
      return SetClass(info, ValueClass::kJson);
    case XMLOID:
      return SetClass(info, ValueClass::kXml);
    case TSVECTOROID:
      return SetClass(info, ValueClass::kTsvector);
    case POINTOID:
      return SetClass(info, ValueClass::kPoint);
    default:
      return ClassifyOther(info);
  }
}

void ReadLabels(TypeInfo* info) {
  Relation catalog = table_open(EnumRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(info->base));
  // This index gives them by enumsortorder
  Relation index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
  SysScanDesc scan = systable_beginscan_ordered(catalog, index, nullptr, 1, &key);
  int room = 0;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection))) {
    if (info->label_count == room) {
      room = room ? 2 * room : 16;
      Size size = room * sizeof(char*);
      info->labels =
          static_cast<char**>(info->labels ? repalloc(info->labels, size) : palloc(size));
    }
    auto* form = reinterpret_cast<Form_pg_enum>(GETSTRUCT(tuple));
    std::string_view label = ToCore(NameStr(form->enumlabel), strlen(NameStr(form->enumlabel)));
    info->labels[info->label_count++] = pnstrdup(label.data(), label.size());
  }
  systable_endscan_ordered(scan);
  index_close(index, AccessShareLock);
  table_close(catalog, AccessShareLock);
}

}  // namespace

TypeInfo* ReadType(Oid type, MemoryContext context) {
  MemoryContext old = MemoryContextSwitchTo(context);
  auto* info = static_cast<TypeInfo*>(palloc0(sizeof(TypeInfo)));
  info->type = type;
  info->base = getBaseType(type);
  info->domain = info->base != type;
  get_typlenbyvalalign(info->base, &info->length, &info->by_value, &info->align);
  Oid element = get_element_type(info->base);
  // int2vector, oidvector and name are subscriptable too, but get_element_type() knows true arrays
  if (OidIsValid(element)) {
    info->element = ReadType(element, context);
    info->cls = info->element->cls;
  } else {
    Classify(info);
    if (info->cls == ValueClass::kEnum) ReadLabels(info);
  }
  MemoryContextSwitchTo(old);
  return info;
}

TypeFacts MakeFacts(const TypeInfo& type) {
  if (type.element != nullptr) return MakeFacts(*type.element);
  TypeFacts facts;
  facts.cls = type.cls;
  facts.integer_bytes = type.integer_bytes;
  facts.floating = type.floating;
  facts.text_bytes = type.text_bytes;
  facts.scale = type.scale;
  facts.any_case = type.any_case;
  for (int i = 0; i < type.label_count; i++) facts.labels.emplace_back(type.labels[i]);
  return facts;
}

int LengthOfTypmod(Oid base, int32 typmod) {
  if (typmod < static_cast<int32>(VARHDRSZ)) return 0;
  int32 value = typmod - VARHDRSZ;
  if (base == VARCHAROID || base == BPCHAROID) return value;
  if (base != NUMERICOID) return 0;
  int precision = (value >> 16) & 0xFFFF;
  int scale = ((value & 0x7FF) ^ 1024) - 1024;  // signed since 15
  return precision > scale ? precision - scale : 0;
}

}  // namespace gdpr::pg
