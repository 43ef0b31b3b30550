// SPDX-License-Identifier: PostgreSQL
// Datums to core's values, and core's results to datums.
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Core's texts are UTF-8. SQL_ASCII says nothing of its bytes, so they pass as they are.
bool SameEncoding() {
  int encoding = GetDatabaseEncoding();
  return encoding == PG_UTF8 || encoding == PG_SQL_ASCII;
}

struct Bytes {
  const char* data;
  int size;
};

Bytes ToServer(const std::string& utf8) {
  int size = static_cast<int>(utf8.size());
  if (SameEncoding()) return {utf8.data(), size};
  char* converted = pg_any_to_server(utf8.data(), size, PG_UTF8);
  return {converted, converted == utf8.data() ? size : static_cast<int>(strlen(converted))};
}

void ReadText(const TypeInfo& type, Datum datum, Value* value) {
  if (type.base == NAMEOID) {
    char* name = NameStr(*DatumGetName(datum));
    value->text = ToCore(name, strlen(name));
  } else if (type.base == JSONBOID) {
    char* json = DatumGetCString(DirectFunctionCall1(jsonb_out, datum));
    value->text = ToCore(json, strlen(json));
  } else {
    value->text = TextView(datum);
  }
}

void ReadNumber(const TypeInfo& type, Datum datum, Value* value) {
  switch (type.base) {
    case INT2OID:
      value->integer = DatumGetInt16(datum);
      break;
    case INT4OID:
      value->integer = DatumGetInt32(datum);
      break;
    case INT8OID:
      value->integer = DatumGetInt64(datum);
      break;
    case MONEYOID:
      value->integer = DatumGetCash(datum);
      break;
    case FLOAT4OID:
      value->x = static_cast<double>(DatumGetFloat4(datum));
      break;
    case FLOAT8OID:
      value->x = DatumGetFloat8(datum);
      break;
    default:
      value->text = DatumGetCString(DirectFunctionCall1(numeric_out, datum));
  }
}

void ReadInet(Datum datum, Value* value) {
  inet* address = DatumGetInetPP(datum);
  bool v4 = ip_family(address) == PGSQL_AF_INET;
  value->family = v4 ? 4 : 6;
  value->prefix = ip_bits(address);
  memcpy(value->raw.data(), ip_addr(address), v4 ? 4 : 16);
}

Datum MakeInet(bool cidr, const Result& result) {
  bool v4 = result.family == 4;
  auto* address = static_cast<inet*>(palloc0(sizeof(inet)));
  ip_family(address) = v4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
  ip_bits(address) = result.prefix;
  memcpy(ip_addr(address), result.raw.data(), v4 ? 4 : 16);
  if (cidr) {  // a cidr has no bits to the right of its mask
    for (int bit = result.prefix; bit < (v4 ? 32 : 128); bit++) {
      ip_addr(address)[bit / 8] &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
    }
  }
  SET_INET_VARSIZE(address);
  return InetPGetDatum(address);
}

Datum MakeText(const TypeInfo& type, const Result& result) {
  Bytes bytes = ToServer(result.text);
  if (type.base == NAMEOID) {
    char* copy = pnstrdup(bytes.data, bytes.size);
    return DirectFunctionCall1(namein, CStringGetDatum(copy));
  }
  return PointerGetDatum(cstring_to_text_with_len(bytes.data, bytes.size));
}

Datum MakeNumber(const TypeInfo& type, const Result& result) {
  switch (type.base) {
    case INT2OID:
      return Int16GetDatum(static_cast<int16>(result.integer));
    case INT4OID:
      return Int32GetDatum(static_cast<int32>(result.integer));
    case INT8OID:
      return Int64GetDatum(result.integer);
    case MONEYOID:
      return CashGetDatum(result.integer);
    case FLOAT4OID:
      return Float4GetDatum(static_cast<float4>(result.x));
    case FLOAT8OID:
      return Float8GetDatum(result.x);
    default:
      return DirectFunctionCall3(numeric_in, CStringGetDatum(pstrdup(result.text.c_str())),
                                 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  }
}

Datum MakeTime(const TypeInfo& type, const Result& result) {
  if (type.base == TIMEOID) return TimeADTGetDatum(result.integer);
  if (type.base == TIMETZOID) {
    auto* time = static_cast<TimeTzADT*>(palloc0(sizeof(TimeTzADT)));
    time->time = result.integer;
    return TimeTzADTPGetDatum(time);
  }
  auto* interval = static_cast<Interval*>(palloc0(sizeof(Interval)));
  interval->time = result.integer;
  return IntervalPGetDatum(interval);
}

Datum MakeUuid(const Result& result) {
  auto* uuid = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
  memcpy(uuid->data, result.raw.data(), UUID_LEN);
  return UUIDPGetDatum(uuid);
}

Datum MakeMac(const TypeInfo& type, const Result& result) {
  // macaddr and macaddr8 are 6 and 8 bytes in network order
  Size size = type.base == MACADDROID ? sizeof(macaddr) : sizeof(macaddr8);
  void* mac = palloc(size);
  memcpy(mac, result.raw.data(), size);
  return PointerGetDatum(mac);
}

Datum MakePoint(const Result& result) {
  auto* point = static_cast<Point*>(palloc(sizeof(Point)));
  point->x = result.x;
  point->y = result.y;
  return PointPGetDatum(point);
}

Datum MakeJson(const TypeInfo& type, const Result& result) {
  if (type.base == JSONOID) return MakeText(type, result);
  Bytes bytes = ToServer(result.text);
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(bytes.data, bytes.size)));
}

Datum MakeEnum(const TypeInfo& type, const Result& result) {
  Bytes bytes = ToServer(result.text);
  return DirectFunctionCall2(enum_in, CStringGetDatum(pnstrdup(bytes.data, bytes.size)),
                             ObjectIdGetDatum(type.base));
}

}  // namespace

std::string_view ToCore(const char* bytes, std::size_t size) {
  if (SameEncoding()) return {bytes, size};
  char* converted = pg_server_to_any(bytes, static_cast<int>(size), PG_UTF8);
  return {converted, converted == bytes ? size : strlen(converted)};
}

std::string_view TextView(Datum datum) {
  varlena* bytes = PG_DETOAST_DATUM_PACKED(datum);
  return ToCore(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

std::string_view ToCoreAnyway(const char* bytes, std::size_t size) {
  if (SameEncoding() || size == 0) return {bytes, size};
  if (size > MaxAllocSize / 8)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a text is too long")));
  int encoding = GetDatabaseEncoding();
  Oid conversion = FindDefaultConversionProc(encoding, PG_UTF8);
  auto room = static_cast<int>(size) * MAX_CONVERSION_GROWTH + 1;
  auto* converted = static_cast<unsigned char*>(palloc(static_cast<Size>(room)));
  auto* source = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes));
  int done = OidIsValid(conversion)
                 ? pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, source,
                                                 static_cast<int>(size), converted, room, true)
                 : 0;
  auto* text = reinterpret_cast<char*>(converted);
  if (done == static_cast<int>(size)) return {text, strlen(text)};
  text[0] = '\xff';
  memcpy(text + 1, bytes, size);
  return {text, size + 1};
}

std::string_view TextViewAnyway(Datum datum) {
  varlena* bytes = PG_DETOAST_DATUM_PACKED(datum);
  return ToCoreAnyway(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

Value ReadDatum(const TypeInfo& type, Datum datum) {
  Value value;
  switch (type.cls) {
    case ValueClass::kText:
    case ValueClass::kJson:
    case ValueClass::kXml:
      ReadText(type, datum, &value);
      break;
    case ValueClass::kBytes: {
      varlena* bytes = PG_DETOAST_DATUM_PACKED(datum);
      value.text = {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
      break;
    }
    case ValueClass::kNumber:
      ReadNumber(type, datum, &value);
      break;
    case ValueClass::kDate:
      value.integer = DatumGetDateADT(datum);
      break;
    case ValueClass::kTimestamp:
      value.integer = DatumGetTimestamp(datum);
      break;
    case ValueClass::kTime:
      value.integer =
          type.base == TIMEOID ? DatumGetTimeADT(datum) : DatumGetTimeTzADTP(datum)->time;
      break;
    case ValueClass::kInterval:
      value.integer = DatumGetIntervalP(datum)->time;
      break;
    case ValueClass::kBoolean:
      value.integer = DatumGetBool(datum) ? 1 : 0;
      break;
    case ValueClass::kEnum: {
      char* label = DatumGetCString(DirectFunctionCall1(enum_out, datum));
      value.text = ToCore(label, strlen(label));
      break;
    }
    case ValueClass::kInet:
      ReadInet(datum, &value);
      break;
    case ValueClass::kMac:
      memcpy(value.raw.data(), DatumGetPointer(datum),
             type.base == MACADDROID ? sizeof(macaddr) : sizeof(macaddr8));
      break;
    case ValueClass::kUuid:
      memcpy(value.raw.data(), DatumGetUUIDP(datum)->data, UUID_LEN);
      break;
    case ValueClass::kPoint:
      value.x = DatumGetPointP(datum)->x;
      value.y = DatumGetPointP(datum)->y;
      break;
    case ValueClass::kTsvector:
    case ValueClass::kOther:
      break;
  }
  return value;
}

Datum MakeDatum(const TypeInfo& type, const Result& result) {
  switch (type.cls) {
    case ValueClass::kText:
    case ValueClass::kXml:
      return MakeText(type, result);
    case ValueClass::kJson:
      return MakeJson(type, result);
    case ValueClass::kBytes:
      return PointerGetDatum(
          cstring_to_text_with_len(result.text.data(), static_cast<int>(result.text.size())));
    case ValueClass::kNumber:
      return MakeNumber(type, result);
    case ValueClass::kDate:
      return DateADTGetDatum(static_cast<DateADT>(result.integer));
    case ValueClass::kTimestamp:
      return TimestampGetDatum(result.integer);
    case ValueClass::kTime:
    case ValueClass::kInterval:
      return MakeTime(type, result);
    case ValueClass::kBoolean:
      return BoolGetDatum(result.integer != 0);
    case ValueClass::kEnum:
      return MakeEnum(type, result);
    case ValueClass::kInet:
      return MakeInet(type.base == CIDROID, result);
    case ValueClass::kMac:
      return MakeMac(type, result);
    case ValueClass::kUuid:
      return MakeUuid(result);
    case ValueClass::kPoint:
      return MakePoint(result);
    case ValueClass::kTsvector: {
      auto* vector = static_cast<TSVector>(palloc0(CALCDATASIZE(0, 0)));
      SET_VARSIZE(vector, CALCDATASIZE(0, 0));
      return TSVectorGetDatum(vector);
    }
    case ValueClass::kOther:
      break;
  }
  elog(ERROR, "value of a type without a treatment");
  pg_unreachable();
}

}  // namespace gdpr::pg
