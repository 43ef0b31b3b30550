// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_records.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr long kPortion = 10;  // seals have up to 2 MB of leaves each

struct Elements {
  Datum* values;
  int count;
};

Elements ArrayOf(const Record& record, int column, Oid type) {
  Elements elements{};
  bool isnull;
  Datum array = record.Get(column, &isnull);
  if (isnull) return elements;
  int16 size;
  bool by_value;
  char align;
  get_typlenbyvalalign(type, &size, &by_value, &align);
  bool* nulls;
  deconstruct_array(DatumGetArrayTypeP(array), type, size, by_value, align, &elements.values,
                    &nulls, &elements.count);
  for (int i = 0; i < elements.count; i++) {
    if (nulls[i]) elements.values[i] = PointerGetDatum(nullptr);
  }
  return elements;
}

std::span<const int16> NumbersOf(const Record& record, int column) {
  Elements elements = ArrayOf(record, column, INT2OID);
  auto* numbers =
      static_cast<int16*>(palloc(sizeof(int16) * static_cast<size_t>(elements.count + 1)));
  for (int i = 0; i < elements.count; i++) numbers[i] = DatumGetInt16(elements.values[i]);
  return {numbers, static_cast<size_t>(elements.count)};
}

std::span<const std::string_view> TextsOf(const Record& record, int column) {
  Elements elements = ArrayOf(record, column, TEXTOID);
  auto* texts = static_cast<std::string_view*>(
      palloc(sizeof(std::string_view) * static_cast<size_t>(elements.count + 1)));
  for (int i = 0; i < elements.count; i++) {
    bool missing = DatumGetPointer(elements.values[i]) == nullptr;
    new (&texts[i]) std::string_view(missing ? "" : TextViewAnyway(elements.values[i]));
  }
  return {texts, static_cast<size_t>(elements.count)};
}

Hash HashOf(const Record& record, int column) {
  return StoredHash(record.Bytes(column).value_or(""));
}

}  // namespace

Datum Record::Get(int column, bool* isnull) const {
  return SPI_getbinval(tuple, columns, column, isnull);
}

bool Record::IsNull(int column) const {
  bool isnull;
  (void)Get(column, &isnull);
  return isnull;
}

int64 Record::Number(int column) const {
  return MaybeNumber(column).value_or(0);
}

int32 Record::Int(int column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  return isnull ? 0 : DatumGetInt32(value);
}

char Record::Letter(int column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  return isnull ? '\0' : DatumGetChar(value);
}

std::optional<int64> Record::MaybeNumber(int column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  return isnull ? std::nullopt : std::optional<int64>(DatumGetInt64(value));
}

std::optional<std::string_view> Record::Bytes(int column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  if (isnull) return std::nullopt;
  varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
  return std::string_view(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

std::optional<std::string_view> Record::Text(int column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  return isnull ? std::nullopt : std::optional<std::string_view>(TextViewAnyway(value));
}

RecordCursor BeginRecords(const char* query) {
  RecordCursor cursor{};
  cursor.portal = SPI_cursor_open_with_args(nullptr, query, 0, nullptr, nullptr, nullptr, true,
                                            CURSOR_OPT_FAST_PLAN | CURSOR_OPT_NO_SCROLL);
  cursor.of_row =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr records", ALLOCSET_DEFAULT_SIZES);
  return cursor;
}

bool NextRecord(RecordCursor* cursor, Record* record) {
  MemoryContextReset(cursor->of_row);
  if (cursor->next == cursor->count) {
    SPI_freetuptable(cursor->table);
    SPI_cursor_fetch(cursor->portal, true, kPortion);
    cursor->table = SPI_tuptable;
    cursor->count = SPI_processed;
    cursor->next = 0;
    CHECK_FOR_INTERRUPTS();
  }
  if (cursor->count == 0) return false;
  *record = {cursor->table->vals[cursor->next++], cursor->table->tupdesc};
  return true;
}

void EndRecords(RecordCursor* cursor) {
  SPI_freetuptable(cursor->table);
  SPI_cursor_close(cursor->portal);
  MemoryContextDelete(cursor->of_row);
}

AuditShape ReadShape(const Record& record) {
  AuditShape shape;
  shape.relation_schema = record.Text(2).value_or("");
  shape.relation_name = record.Text(3).value_or("");
  shape.numbers = NumbersOf(record, 4);
  shape.names = TextsOf(record, 5);
  shape.types = TextsOf(record, 6);
  if (!record.IsNull(7)) shape.key_columns = NumbersOf(record, 7);
  return shape;
}

const char kSealQuery[] =
    "SELECT s.seal, s.kind, s.previous, s.sealed_at, s.system_id, s.upto_xid, s.upto_statement,"
    " s.upto_n, s.events, s.root, s.dropped_before, s.configuration, s.key_id, s.digest,"
    " s.signature, l.seal IS NOT NULL, l.leaves,"
    " ARRAY(SELECT lower(r) FROM unnest(l.dropped) AS r),"
    " ARRAY(SELECT upper(r) FROM unnest(l.dropped) AS r)"
    " FROM gdpr_internal.audit_seal AS s LEFT JOIN gdpr_internal.audit_leaves AS l USING (seal)"
    " WHERE s.seal >= " INT64_FORMAT " ORDER BY s.seal";

SealRecord ReadSeal(const Record& record) {
  SealRecord result;
  AuditSeal& seal = result.seal;
  bool isnull;
  seal.seal = record.Number(1);
  seal.kind = record.Letter(2);
  seal.previous = HashOf(record, 3);
  seal.sealed_at = record.Number(4);
  seal.system_id = record.Number(5);
  seal.upto_xid = record.MaybeNumber(6);
  seal.upto_statement = record.MaybeNumber(7);
  if (!record.IsNull(8)) seal.upto_n = record.Int(8);
  seal.events = record.Int(9);
  seal.root = HashOf(record, 10);
  seal.dropped_before = record.MaybeNumber(11);
  seal.configuration = HashOf(record, 12);
  seal.key_id = record.Int(13);
  result.digest = HashFrom(record.Bytes(14).value_or(""));
  result.signature = record.Bytes(15).value_or("");
  result.has_leaves = DatumGetBool(record.Get(16, &isnull));
  result.leaves = record.Bytes(17);
  Elements from = ArrayOf(record, 18, INT4OID);
  Elements to = ArrayOf(record, 19, INT4OID);
  using Range = std::pair<int32, int32>;
  auto* ranges = static_cast<Range*>(palloc(sizeof(Range) * static_cast<size_t>(from.count + 1)));
  for (int i = 0; i < from.count; i++) {
    new (&ranges[i]) Range(DatumGetInt32(from.values[i]), DatumGetInt32(to.values[i]));
  }
  result.dropped = {ranges, static_cast<size_t>(from.count)};
  return result;
}

}  // namespace gdpr::pg
