// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_links.hpp"

#include "extension/src/audit_subject.hpp"
#include "extension/src/audit_way.hpp"
#include "extension/src/drain_names.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr char kLockTimeout[] = "50ms";
constexpr int kMostMilliseconds = 5000;  // for the values of one entry
constexpr int64 kPatience = 60 * USECS_PER_SEC;
constexpr int kMostLocked = 256;

// A link as it is declared now, for values of one form.
struct LinkKey {
  int32 link;
  int32 form;
};

struct Link {
  LinkKey key;
  bool read;    // what follows says something
  bool locked;  // not tried again in this batch
  bool waits;   // …, but in a later one
  int columns;  // 0: it is gone, or must not be followed
  bool native;
  AuditWay* way;
  WaySearch* search;
};

// Links whose tables were found locked, since when. A process forgets what is too much.
struct LockedLink {
  int32 link;
  TimestampTz since;
};

LockedLink locked_links[kMostLocked] = {};

void NoteFree(int32 link) {
  for (LockedLink& known : locked_links) {
    if (known.link == link) known = {0, 0};
  }
}

// Whether it may be waited for still.
bool NoteLocked(int32 link) {
  TimestampTz now = GetCurrentTimestamp();
  LockedLink* place = &locked_links[0];
  for (LockedLink& known : locked_links) {
    if (known.link == link) return now - known.since < kPatience;
    if (known.since < place->since) place = &known;
  }
  *place = {link, now};
  return true;
}

DrainQuery column_count = {
    "SELECT CASE WHEN gdpr_internal.runs_users_code(l.link) THEN 0 ELSE cardinality(l.columns)"
    " END::bigint FROM gdpr_internal.link AS l WHERE l.link = $1",
    1,
    {INT4OID},
    SPI_OK_SELECT,
    nullptr};

bool IsInteger(Oid type) {
  return type == INT2OID || type == INT4OID || type == INT8OID;
}

int CountColumns(int32 link) {
  Datum value = Int32GetDatum(link);
  RunDrainQuery(column_count, &value, nullptr);
  int count = 0;
  if (SPI_processed > 0) {
    bool isnull;
    count = static_cast<int>(
        DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)));
  }
  SPI_freetuptable(SPI_tuptable);
  return count;
}

void ReadLink(MemoryContext batch, Link* link) {
  link->columns = CountColumns(link->key.link);
  link->read = true;
  if (link->columns == 0 || link->columns > INDEX_MAX_KEYS) return;
  bool numbers = link->key.form == static_cast<int32>(PeopleForm::kNumbers);
  Oid types[INDEX_MAX_KEYS];
  for (int i = 0; i < link->columns; i++) types[i] = numbers ? INT8OID : TEXTOID;
  link->way = ReadAuditWay(batch, link->key.link, link->columns, types);
  link->native = link->way->way->key_count == 1 && IsInteger(link->way->way->key_types[0]);
  link->search = BeginWay(link->way, batch);
}

// Fields of a row literal as KeyText writes it, as texts. False: these are not so many.
bool SplitFields(std::string_view literal, int count, Datum* fields) {
  if (count == 1) {
    text* field = ServerText(literal);
    fields[0] = PointerGetDatum(field);
    return field != nullptr;
  }
  if (literal.size() < 2 || literal.front() != '(' || literal.back() != ')') return false;
  literal = literal.substr(1, literal.size() - 2);
  StringInfoData field;
  initStringInfo(&field);
  int found = 0;
  bool quoted = false;
  for (size_t i = 0; i <= literal.size(); i++) {
    bool end = i == literal.size();
    if (end || (literal[i] == ',' && !quoted)) {
      if (found == count || quoted) return false;
      text* value = ServerText({field.data, static_cast<size_t>(field.len)});
      if (value == nullptr) return false;
      fields[found++] = PointerGetDatum(value);
      resetStringInfo(&field);
    } else if (literal[i] == '"' && quoted && i + 1 < literal.size() && literal[i + 1] == '"') {
      appendStringInfoChar(&field, literal[++i]);
    } else if (literal[i] == '"') {
      quoted = !quoted;
    } else if (literal[i] == '\\' && i + 1 < literal.size()) {
      appendStringInfoChar(&field, literal[++i]);
    } else {
      appendStringInfoChar(&field, literal[i]);
    }
  }
  return found == count;
}

// People found so far.
struct Finding {
  Link* link;
  LinkPeople* people;
  int room;
};

void AddPerson(Finding* finding, char* key) {
  LinkPeople* people = finding->people;
  if (people->count == finding->room) {
    finding->room = Max(finding->room * 2, 64);
    if (people->native) {
      Size size = sizeof(int64) * finding->room;
      people->numbers =
          static_cast<int64*>(people->numbers == nullptr ? palloc_extended(size, MCXT_ALLOC_HUGE)
                                                         : repalloc_huge(people->numbers, size));
    } else {
      Size size = sizeof(char*) * finding->room;
      people->keys =
          static_cast<char**>(people->keys == nullptr ? palloc_extended(size, MCXT_ALLOC_HUGE)
                                                      : repalloc_huge(people->keys, size));
    }
  }
  if (people->native) {
    people->numbers[people->count++] = strtoll(key, nullptr, 10);
  } else {
    people->keys[people->count++] = pstrdup(key);
  }
}

void FollowOne(Finding* finding, const Datum* values) {
  CHECK_FOR_INTERRUPTS();
  bool dead_end;
  List* keys = FollowWay(finding->link->search, values, &dead_end);
  if (keys == NIL && !dead_end) {
    finding->people->nobodys++;
    return;
  }
  // The row on the way may have been there when it was read
  if (keys == NIL || list_length(keys) > kMostPeople) {
    finding->people->unknown++;
    return;
  }
  ListCell* cell;
  foreach (cell, keys) AddPerson(finding, static_cast<char*>(lfirst(cell)));
}

void FollowAll(DrainLinks* links, Finding* finding, std::string_view values);

// Code that catches its cancellation: the worker goes, and another one comes.
void Die() {
  InterruptPending = true;
  ProcDiePending = true;
  SetLatch(MyLatch);
}

TimeoutId last_clock = MAX_TIMEOUTS;

// The worker has nobody who would cancel code that takes too long.
void StartClock() {
  if (!IsBackgroundWorker) return;
  if (last_clock == MAX_TIMEOUTS) last_clock = RegisterTimeout(USER_TIMEOUT, Die);
  enable_timeout_after(STATEMENT_TIMEOUT, kMostMilliseconds);
  enable_timeout_after(last_clock, 2 * kMostMilliseconds);
}

void StopClock() {
  if (!IsBackgroundWorker) return;
  disable_timeout(STATEMENT_TIMEOUT, false);
  if (last_clock != MAX_TIMEOUTS) disable_timeout(last_clock, false);
}

bool MeansLocked(const ErrorData* error) {
  return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
         error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
         (error->sqlerrcode == ERRCODE_QUERY_CANCELED && IsBackgroundWorker);
}

}  // namespace

struct DrainLinks {
  MemoryContext context;
  HTAB* links;
};

namespace {

void FollowAll(DrainLinks* links, Finding* finding, std::string_view values) {
  Link* link = finding->link;
  if (!link->read) ReadLink(links->context, link);
  finding->people->native = link->native;
  finding->people->result = Followed::kLost;
  if (link->way == nullptr) return;
  Datum fields[INDEX_MAX_KEYS];
  if (link->key.form == static_cast<int32>(PeopleForm::kNumbers)) {
    PersonSetReader reader(values);
    for (std::int64_t value; link->columns == 1 && reader.Next(value);) {
      fields[0] = Int64GetDatum(value);
      FollowOne(finding, fields);
    }
  } else {
    TextSetReader reader(values);
    for (std::string_view value; reader.Next(value);) {
      if (SplitFields(value, link->columns, fields)) {
        FollowOne(finding, fields);
      } else {
        finding->people->unknown++;
      }
    }
  }
  finding->people->result = Followed::kPeople;
}

}  // namespace

bool IsOurTrouble(const ErrorData* error) {
  int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
  return category == ERRCODE_INSUFFICIENT_RESOURCES || category == ERRCODE_OPERATOR_INTERVENTION ||
         category == ERRCODE_SYSTEM_ERROR || error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
         error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

DrainLinks* BeginLinks(MemoryContext batch) {
  auto* links = static_cast<DrainLinks*>(MemoryContextAllocZero(batch, sizeof(DrainLinks)));
  links->context = batch;
  HASHCTL control{};
  control.keysize = sizeof(LinkKey);
  control.entrysize = sizeof(Link);
  control.hcxt = batch;
  links->links =
      hash_create("pg_gdpr links of reads", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  return links;
}

LinkPeople FollowValues(DrainLinks* links, const PlaceFrame& place, std::string_view values) {
  LinkKey key{static_cast<int32>(place.link), static_cast<int32>(place.form)};
  bool found;
  auto* link = static_cast<Link*>(hash_search(links->links, &key, HASH_ENTER, &found));
  if (!found) {
    memset(link, 0, sizeof(*link));
    link->key = key;
  }
  LinkPeople people{};
  people.result = link->waits ? Followed::kLocked : Followed::kLost;
  if (link->locked) return people;
  Finding finding{link, &people, 0};
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    (void)set_config_option("lock_timeout", kLockTimeout, PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
    StartClock();
    FollowAll(links, &finding, values);
    StopClock();
    ReleaseCurrentSubTransaction();
    NoteFree(key.link);
  }
  PG_CATCH();
  {
    StopClock();
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    bool locked = MeansLocked(error);
    if (!locked && IsOurTrouble(error)) ReThrowError(error);
    link->locked = locked;
    link->waits = locked && NoteLocked(key.link);
    people = LinkPeople{};
    people.result = link->waits ? Followed::kLocked : Followed::kLost;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return people;
}

}  // namespace gdpr::pg
