// SPDX-License-Identifier: PostgreSQL
// What relations look like: each state once in gdpr_internal.audit_shape. Two backends that meet a
// new state at once both write it: waiting for each other would stop writers, and their leaves hold
// its digest, not its number.
#include "core/audit_leaf.hpp"
#include "extension/src/audit_relation.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/state_scan.hpp"
#include "extension/src/types.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

enum ShapeColumn { kShape = 1, kDigest, kSchema, kName, kNumbers, kNames, kTypes, kKeyColumns };
constexpr int kShapeColumns = kKeyColumns;

// A relation's state as plain data.
struct Shape {
  char* schema;
  char* name;
  int count;
  int16* numbers;
  char** names;
  char** types;
  int key_count;
  int16* key;
};

// The type's name, the same under every search_path.
char* TypeName(Form_pg_attribute column) {
  constexpr char kBuiltIn[] = "pg_catalog.";
  char* name = format_type_extended(column->atttypid, column->atttypmod,
                                    FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
  return strncmp(name, kBuiltIn, sizeof(kBuiltIn) - 1) == 0 ? name + sizeof(kBuiltIn) - 1 : name;
}

void ReadKey(Shape* shape, Relation relation) {
  Oid oid = PrimaryKeyIndex(relation);
  if (!OidIsValid(oid)) return;
  Relation index = index_open(oid, AccessShareLock);
  shape->key_count = IndexRelationGetNumberOfKeyAttributes(index);
  shape->key = static_cast<int16*>(palloc(sizeof(int16) * shape->key_count));
  for (int i = 0; i < shape->key_count; i++) shape->key[i] = index->rd_index->indkey.values[i];
  index_close(index, AccessShareLock);
}

Shape ReadShape(Relation relation) {
  TupleDesc desc = RelationGetDescr(relation);
  Shape shape{};
  shape.schema = get_namespace_name(RelationGetNamespace(relation));
  shape.name = RelationGetRelationName(relation);
  shape.numbers = static_cast<int16*>(palloc(sizeof(int16) * (desc->natts + 1)));
  shape.names = static_cast<char**>(palloc(sizeof(char*) * (desc->natts + 1)));
  shape.types = static_cast<char**>(palloc(sizeof(char*) * (desc->natts + 1)));
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute column = TupleDescAttr(desc, i);
    if (column->attisdropped) continue;
    shape.numbers[shape.count] = column->attnum;
    shape.names[shape.count] = NameStr(column->attname);
    shape.types[shape.count++] = TypeName(column);
  }
  ReadKey(&shape, relation);
  return shape;
}

bytea* DigestOf(const Shape& shape) {
  bytea* digest = nullptr;
  // In UTF-8, as the verifier digests them
  const char* const* names = shape.names;
  auto* views =
      static_cast<std::string_view*>(palloc(sizeof(std::string_view) * 2 * (shape.count + 1)));
  for (int i = 0; i < shape.count; i++) {
    new (&views[i]) std::string_view(ToCoreAnyway(names[i], strlen(names[i])));
    new (&views[shape.count + i])
        std::string_view(ToCoreAnyway(shape.types[i], strlen(shape.types[i])));
  }
  std::string_view schema = ToCoreAnyway(shape.schema, strlen(shape.schema));
  std::string_view name = ToCoreAnyway(shape.name, strlen(shape.name));
  Failure failure;
  bool ok = Catch(failure, [&] {
    auto count = static_cast<std::size_t>(shape.count);
    AuditShape plain;
    plain.relation_schema = schema;
    plain.relation_name = name;
    plain.numbers = {shape.numbers, count};
    plain.names = {views, count};
    plain.types = {views + count, count};
    if (shape.key_count > 0) {
      plain.key_columns = {shape.key, static_cast<std::size_t>(shape.key_count)};
    }
    LeafMaker maker;
    Hash hash = maker.ShapeDigest(plain);
    digest = TextOf({reinterpret_cast<const char*>(hash.data()), hash.size()});
  });
  if (!ok) Report(failure);
  return digest;
}

int32 LookUp(Relation table, bytea* digest) {
  Oid index = get_relname_relid("audit_shape_digest", RelationGetNamespace(table));
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  ScanKeyData key;
  ScanKeyInit(&key, kDigest, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(digest));
  SysScanDesc scan = systable_beginscan(table, index, OidIsValid(index), snapshot, 1, &key);
  HeapTuple row = systable_getnext(scan);
  int32 shape = 0;
  if (HeapTupleIsValid(row)) {
    bool isnull;
    shape = DatumGetInt32(heap_getattr(row, kShape, RelationGetDescr(table), &isnull));
  }
  systable_endscan(scan);
  UnregisterSnapshot(snapshot);
  return shape;
}

Datum Int2Array(const int16* numbers, int count) {
  auto* items = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
  for (int i = 0; i < count; i++) items[i] = Int16GetDatum(numbers[i]);
  return PointerGetDatum(
      construct_array(items, count, INT2OID, sizeof(int16), true, TYPALIGN_SHORT));
}

Datum NameArray(char* const* names, int count) {
  auto* items = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
  for (int i = 0; i < count; i++) items[i] = DirectFunctionCall1(namein, CStringGetDatum(names[i]));
  return PointerGetDatum(construct_array(items, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

Datum TextArray(char* const* texts, int count) {
  auto* items = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
  for (int i = 0; i < count; i++) items[i] = CStringGetTextDatum(texts[i]);
  return PointerGetDatum(construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT));
}

int32 Insert(Relation table, const Shape& shape, bytea* digest) {
  Oid sequence = get_relname_relid("audit_shape_shape_seq", RelationGetNamespace(table));
  auto number = static_cast<int32>(nextval_internal(sequence, false));
  Datum values[kShapeColumns] = {};
  bool nulls[kShapeColumns] = {};
  values[kShape - 1] = Int32GetDatum(number);
  values[kDigest - 1] = PointerGetDatum(digest);
  values[kSchema - 1] = DirectFunctionCall1(namein, CStringGetDatum(shape.schema));
  values[kName - 1] = DirectFunctionCall1(namein, CStringGetDatum(shape.name));
  values[kNumbers - 1] = Int2Array(shape.numbers, shape.count);
  values[kNames - 1] = NameArray(shape.names, shape.count);
  values[kTypes - 1] = TextArray(shape.types, shape.count);
  nulls[kKeyColumns - 1] = shape.key_count == 0;
  if (shape.key_count > 0) values[kKeyColumns - 1] = Int2Array(shape.key, shape.key_count);
  HeapTuple row = heap_form_tuple(RelationGetDescr(table), values, nulls);
  CatalogTupleInsert(table, row);
  return number;
}

}  // namespace

bool shape_written = false;

int32 FindShape(Relation relation) {
  Shape shape = ReadShape(relation);
  bytea* digest = DigestOf(shape);
  Relation table = table_open(StateTable("audit_shape"), RowExclusiveLock);
  int32 number = LookUp(table, digest);
  if (number == 0) {
    shape_written = true;
    number = Insert(table, shape, digest);
  }
  table_close(table, NoLock);
  return number;
}

}  // namespace gdpr::pg
