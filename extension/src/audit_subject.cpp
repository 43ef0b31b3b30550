// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_subject.hpp"

#include "extension/src/audit_way.hpp"
#include "extension/src/guard_cast.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

// One way in which a row may be somebody's.
struct SubjectTarget {
  char* subject_type;
  int count;  // of columns
  AttrNumber numbers[INDEX_MAX_KEYS];
  TextForm forms[INDEX_MAX_KEYS];  // of the columns, where they are the person's key
  AttrNumber discriminator;        // 0: every row is of this link
  TextForm discriminator_form;
  char* discriminator_value;
  AuditWay* way;  // NULL: the columns are the key
};

struct Subjects {
  int count;
  SubjectTarget* targets;
};

struct SubjectSearch {
  Subjects* subjects;
  Relation relation;
  WaySearch** searches;  // one for each target that has a way
};

namespace {

// The columns of gdpr_internal.audit_targets(), from 1.
enum TargetColumn {
  kSubjectType = 1,
  kLink,
  kColumns,
  kDiscriminator,
  kDiscriminatorValue,
  kPeople,
  kKey,
  kByKey,
};

constexpr char kTargetsQuery[] =
    "SELECT t.subject_type, t.link, t.columns, t.discriminator, t.discriminator_value, t.people,"
    " t.key, t.by_key FROM gdpr_internal.audit_targets($1) AS t";

struct Row {
  HeapTuple tuple;
  TupleDesc desc;

  Datum Get(int column, bool* isnull) const { return heap_getattr(tuple, column, desc, isnull); }
  char* Text(int column) const { return SPI_getvalue(tuple, desc, column); }
  int Names(int column, Datum** names) const {
    bool isnull;
    bool* nulls;
    int count = 0;
    Datum array = Get(column, &isnull);
    if (isnull) return 0;
    deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, names,
                      &nulls, &count);
    return count;
  }
};

// Whether equal values of these types have equal texts, so that a link's value is the key's text.
bool HaveOneText(Oid own, Oid key, bool single) {
  if (IsInteger(own) && IsInteger(key)) return true;
  if (own == BPCHAROID && key == BPCHAROID) return single;  // blanks count in a row literal
  bool texts = (own == TEXTOID || own == VARCHAROID) && (key == TEXTOID || key == VARCHAROID);
  return texts || (own == key && (own == UUIDOID || own == NAMEOID));
}

bool HasPlainCollation(Oid relation, AttrNumber number) {
  Oid type;
  int32 typmod;
  Oid collation;
  get_atttypetypmodcoll(relation, number, &type, &typmod, &collation);
  return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

Oid BaseType(Relation relation, AttrNumber number) {
  return getBaseType(TupleDescAttr(RelationGetDescr(relation), number - 1)->atttypid);
}

[[noreturn]] void GoneColumn(Relation relation, const char* name) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("column \"%s\" of relation \"%s\" does not exist, but a link of pg_gdpr uses it",
                  name, RelationGetRelationName(relation)),
           errhint("Drop the link with gdpr.drop_link(), or declare it again.")));
  pg_unreachable();
}

AttrNumber Number(Relation relation, const char* name) {
  AttrNumber number = get_attnum(RelationGetRelid(relation), name);
  if (number <= 0) GoneColumn(relation, name);
  return number;
}

// Whether the row's own columns say whose it is, without looking at the table of people.
bool IsStraight(Relation relation, const SubjectTarget* target, const Row& row) {
  bool isnull;
  if (!DatumGetBool(row.Get(kByKey, &isnull))) return false;
  row.Get(kLink, &isnull);
  if (isnull) return true;  // the row is the person's
  Datum* key;
  int count = row.Names(kKey, &key);
  Oid people = DatumGetObjectId(row.Get(kPeople, &isnull));
  if (count != target->count) return false;
  for (int i = 0; i < count; i++) {
    const char* name = NameStr(*DatumGetName(key[i]));
    if (!RepeatsKey(BaseType(relation, target->numbers[i]), people, name, count == 1)) return false;
  }
  return true;
}

void ReadColumns(Relation relation, SubjectTarget* target, const Row& row, MemoryContext context) {
  Datum* names;
  target->count = row.Names(kColumns, &names);
  for (int i = 0; i < target->count; i++) {
    target->numbers[i] = Number(relation, NameStr(*DatumGetName(names[i])));
  }
  bool isnull;
  Datum discriminator = row.Get(kDiscriminator, &isnull);
  char* value = row.Text(kDiscriminatorValue);
  if (isnull || value == nullptr) return;
  target->discriminator = Number(relation, NameStr(*DatumGetName(discriminator)));
  target->discriminator_value = MemoryContextStrdup(context, value);
  SetTextForm(&target->discriminator_form, BaseType(relation, target->discriminator), context);
}

void ReadTarget(Relation relation, SubjectTarget* target, const Row& row, MemoryContext context) {
  target->subject_type = MemoryContextStrdup(context, row.Text(kSubjectType));
  ReadColumns(relation, target, row, context);
  if (IsStraight(relation, target, row)) {
    for (int i = 0; i < target->count; i++) {
      SetKeyForm(&target->forms[i], BaseType(relation, target->numbers[i]), target->count == 1,
                 context);
    }
    return;
  }
  bool isnull;
  int link = DatumGetInt32(row.Get(kLink, &isnull));
  Oid types[INDEX_MAX_KEYS];
  for (int i = 0; i < target->count; i++) {
    types[i] = TupleDescAttr(RelationGetDescr(relation), target->numbers[i] - 1)->atttypid;
  }
  target->way = ReadAuditWay(context, link, target->count, types);
}

// Whether the row is of this link; the discriminator's cast is the relation owner's code.
bool IsOfLink(Relation relation, SubjectTarget* target, TupleTableSlot* slot) {
  if (target->discriminator == 0) return true;
  bool isnull;
  Datum value = slot_getattr(slot, target->discriminator, &isnull);
  if (isnull) return false;
  char* text = TextAsOwner(relation, &target->discriminator_form, value);
  return strcmp(text, target->discriminator_value) == 0;
}

// People found for one row.
struct Found {
  Person* people;
  int count;
  int room;
};

void Add(Found* found, const char* subject_type, const char* key) {
  for (int i = 0; i < found->count; i++) {
    const Person* person = &found->people[i];
    if (strcmp(person->key, key) == 0 && strcmp(person->subject_type, subject_type) == 0) return;
  }
  if (found->count > kMostPeople) return;
  if (found->count == found->room) {
    found->room = Max(found->room * 2, 4);
    size_t size = sizeof(Person) * found->room;
    found->people =
        static_cast<Person*>(found->people == nullptr ? palloc(size)
                                                      : repalloc(found->people, size));
  }
  found->people[found->count++] = Person{subject_type, key};
}

void FindInRow(SubjectSearch* search, int place, TupleTableSlot* slot, Found* found) {
  SubjectTarget* target = &search->subjects->targets[place];
  Datum values[INDEX_MAX_KEYS];
  for (int i = 0; i < target->count; i++) {
    bool isnull;
    values[i] = slot_getattr(slot, target->numbers[i], &isnull);
    if (isnull) return;
  }
  if (!IsOfLink(search->relation, target, slot)) return;
  if (target->way == nullptr) {
    Add(found, target->subject_type, KeyText(target->forms, target->count, values));
    return;
  }
  ListCell* cell;
  foreach (cell, FollowWay(search->searches[place], values)) {
    Add(found, target->subject_type, pstrdup(static_cast<char*>(lfirst(cell))));
  }
}

}  // namespace

bool IsInteger(Oid type) {
  return type == INT2OID || type == INT4OID || type == INT8OID;
}

bool RepeatsKey(Oid own, Oid people, const char* key, bool single) {
  AttrNumber number = get_attnum(people, key);
  if (number <= 0 || !HasPlainCollation(people, number)) return false;
  return HaveOneText(own, getBaseType(get_atttype(people, number)), single);
}

Subjects* ReadSubjects(Relation relation, MemoryContext context) {
  Oid user;
  int security;
  GetUserIdAndSecContext(&user, &security);
  SetUserIdAndSecContext(StateOwner(), security | SECURITY_LOCAL_USERID_CHANGE);
  Oid types[1] = {OIDOID};
  Datum values[1] = {ObjectIdGetDatum(RelationGetRelid(relation))};
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  // What is read here outlives the transaction: in REPEATABLE READ, too, what is committed by now
  PushActiveSnapshot(GetLatestSnapshot());
  int code = SPI_execute_with_args(kTargetsQuery, 1, types, values, nullptr, true, 0);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read whose rows a relation holds");
  Subjects* subjects = nullptr;
  if (SPI_processed > 0) {
    subjects = static_cast<Subjects*>(MemoryContextAllocZero(context, sizeof(Subjects)));
    subjects->count = static_cast<int>(SPI_processed);
    subjects->targets = static_cast<SubjectTarget*>(
        MemoryContextAllocZero(context, sizeof(SubjectTarget) * subjects->count));
  }
  SPITupleTable* table = SPI_tuptable;
  for (int i = 0; subjects != nullptr && i < subjects->count; i++) {
    ReadTarget(relation, &subjects->targets[i], Row{table->vals[i], table->tupdesc}, context);
  }
  PopActiveSnapshot();
  SPI_finish();
  SetUserIdAndSecContext(user, security);
  return subjects;
}

SubjectSearch* BeginSubjects(Subjects* subjects, Relation relation, MemoryContext statement) {
  if (subjects == nullptr) return nullptr;
  auto* search =
      static_cast<SubjectSearch*>(MemoryContextAllocZero(statement, sizeof(SubjectSearch)));
  search->subjects = subjects;
  search->relation = relation;
  search->searches = static_cast<WaySearch**>(
      MemoryContextAllocZero(statement, sizeof(WaySearch*) * subjects->count));
  for (int i = 0; i < subjects->count; i++) {
    AuditWay* way = subjects->targets[i].way;
    if (way != nullptr) search->searches[i] = BeginWay(way, statement);
  }
  return search;
}

int FindPeople(SubjectSearch* search, TupleTableSlot* before, TupleTableSlot* after,
               Person** people) {
  Found found{};
  for (int i = 0; search != nullptr && i < search->subjects->count; i++) {
    if (before != nullptr) FindInRow(search, i, before, &found);
    if (after != nullptr) FindInRow(search, i, after, &found);
  }
  *people = found.people;
  return found.count > kMostPeople ? 0 : found.count;
}

}  // namespace gdpr::pg
