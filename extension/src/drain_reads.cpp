// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_reads.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

namespace {

constexpr uint64 kMostDefinitions = 65536;  // of a file
constexpr size_t kLongestKey = 1000;        // of a person: what is longer fits into no index

// What an entry of a statement became: one row, or two where not everybody can be named.
struct ReadPart {
  int32 place;
  char scope;
  int64 rows;
  bytea* people;
};

struct Parts {
  ReadPart* parts;
  int count;
  int room;
};

void AddPart(Parts& parts, const ReadPart& part) {
  if (parts.count == parts.room) {
    int room = Max(parts.room * 2, 4);
    Size size = sizeof(ReadPart) * room;
    parts.parts =
        static_cast<ReadPart*>(parts.room == 0 ? palloc(size) : repalloc(parts.parts, size));
    parts.room = room;
  }
  parts.parts[parts.count++] = part;
}

bytea* SetOf(std::string_view set) {
  auto* bytes = static_cast<bytea*>(palloc(VARHDRSZ + set.size()));
  SET_VARSIZE(bytes, VARHDRSZ + set.size());
  memcpy(VARDATA(bytes), set.data(), set.size());
  return bytes;
}

// Numbers in any order, some of them twice. NULL: there are none.
bytea* SetOf(int64* numbers, size_t count) {
  static_assert(sizeof(int64) == sizeof(std::int64_t));
  auto* people = reinterpret_cast<std::int64_t*>(numbers);
  size_t left = SortPeople(people, count);
  if (left == 0) return nullptr;
  Size room = PersonSetBytes(left);
  auto* bytes = static_cast<bytea*>(palloc_extended(VARHDRSZ + room, MCXT_ALLOC_HUGE));
  char* end = PutPersonSet(VARDATA(bytes), VARDATA(bytes) + room, {people, left});
  if (end == nullptr) elog(ERROR, "a set of people has no room");
  SET_VARSIZE(bytes, end - reinterpret_cast<char*>(bytes));
  return bytes;
}

int32 NumberOf(ReadSink& sink, PlaceDefinition& definition, bool native) {
  int32& number = definition.numbers[native ? 1 : 0];
  if (number < 0) number = PlaceOf(sink.names, definition.place, native);
  return number;
}

// What is common to the entries of a frame.
struct Context {
  ReadSink& sink;
  TimestampTz at;
  bool engine;
};

// People by number, but those who left and whose numbers were personal.
void AddNumbers(const Context& context, PlaceDefinition& definition, int64 rows, int64* numbers,
                int count, Parts& parts) {
  std::string_view type = definition.place.subject_type.value_or("");
  int64* left = nullptr;
  int left_count = 0;
  int kept = count;
  if (HasDigests(context.sink.names, type)) {
    left = static_cast<int64*>(palloc_extended(sizeof(int64) * (count + 1), MCXT_ALLOC_HUGE));
    kept = 0;
    for (int i = 0; i < count; i++) {
      int64 digest = DigestOf(context.sink.names, type, numbers[i], context.at, context.engine);
      if (digest != 0) {
        left[left_count++] = digest;
      } else {
        numbers[kept++] = numbers[i];
      }
    }
  }
  bytea* people = SetOf(numbers, static_cast<size_t>(kept));
  if (people != nullptr) {
    AddPart(parts, {NumberOf(context.sink, definition, true), 'P', rows, people});
  }
  if (left_count > 0) {
    bytea* gone = SetOf(left, static_cast<size_t>(left_count));
    AddPart(parts,
            {NumberOf(context.sink, definition, false), 'P', people == nullptr ? rows : 0, gone});
  }
}

void AddKeys(const Context& context, PlaceDefinition& definition, int64 rows, int64* numbers,
             int count, Parts& parts) {
  bytea* people = SetOf(numbers, static_cast<size_t>(count));
  if (people == nullptr) return;
  AddPart(parts, {NumberOf(context.sink, definition, false), 'P', rows, people});
}

// The set of numbers as it stands in the frame.
bool AddNumberSet(const Context& context, PlaceDefinition& definition, const SpoolEntry& entry,
                  Parts& parts) {
  if (!IsPersonSet(entry.people)) return false;
  auto rows = static_cast<int64>(entry.rows);
  if (PersonSetSize(entry.people) == 0) {
    AddPart(parts, {NumberOf(context.sink, definition, true), 'N', rows, nullptr});
    return true;
  }
  if (!HasDigests(context.sink.names, definition.place.subject_type.value_or(""))) {
    AddPart(parts, {NumberOf(context.sink, definition, true), 'P', rows, SetOf(entry.people)});
    return true;
  }
  auto size = static_cast<int>(PersonSetSize(entry.people));
  auto* numbers = static_cast<int64*>(palloc_extended(sizeof(int64) * (size + 1), MCXT_ALLOC_HUGE));
  int count = 0;
  PersonSetReader reader(entry.people);
  for (std::int64_t number; count < size && reader.Next(number);) numbers[count++] = number;
  AddNumbers(context, definition, rows, numbers, count, parts);
  return true;
}

bool AddTextSet(const Context& context, PlaceDefinition& definition, const SpoolEntry& entry,
                Parts& parts) {
  std::string_view type = definition.place.subject_type.value_or("");
  int room = 64;
  auto* numbers = static_cast<int64*>(palloc(sizeof(int64) * room));
  int count = 0;
  TextSetReader reader(entry.people);
  for (std::string_view key; reader.Next(key);) {
    if (key.size() > kLongestKey) return false;
    int64 number = PersonOf(context.sink.names, type, key, context.at, context.engine);
    if (number == 0) return false;
    if (count == room) {
      room *= 2;
      numbers = static_cast<int64*>(repalloc_huge(numbers, sizeof(int64) * room));
    }
    numbers[count++] = number;
  }
  if (!reader.IsSound()) return false;
  AddKeys(context, definition, static_cast<int64>(entry.rows), numbers, count, parts);
  return true;
}

enum class Taken { kYes, kUnknown, kLocked };

Taken AddLinkSet(const Context& context, PlaceDefinition& definition, const SpoolEntry& entry,
                 Parts& parts) {
  LinkPeople people = FollowValues(context.sink.links, definition.place, entry.people);
  if (people.result == Followed::kLocked) return Taken::kLocked;
  if (people.result == Followed::kLost) return Taken::kUnknown;
  auto rows = static_cast<int64>(entry.rows);
  if (people.native) {
    AddNumbers(context, definition, rows, people.numbers, people.count, parts);
  } else if (people.count > 0) {
    std::string_view type = definition.place.subject_type.value_or("");
    auto* numbers =
        static_cast<int64*>(palloc_extended(sizeof(int64) * people.count, MCXT_ALLOC_HUGE));
    int count = 0;
    for (int i = 0; i < people.count; i++) {
      int64 number =
          strlen(people.keys[i]) > kLongestKey
              ? 0
              : PersonOf(context.sink.names, type, people.keys[i], context.at, context.engine);
      if (number != 0) {
        numbers[count++] = number;
      } else {
        people.unknown++;
      }
    }
    AddKeys(context, definition, rows, numbers, count, parts);
  }
  int32 place = NumberOf(context.sink, definition, people.native);
  if (people.unknown > 0) AddPart(parts, {place, 'U', people.unknown, nullptr});
  if (people.unknown == 0 && people.count == 0) AddPart(parts, {place, 'N', rows, nullptr});
  return Taken::kYes;
}

Taken AddPeople(const Context& context, PlaceDefinition& definition, const SpoolEntry& entry,
                Parts& parts) {
  const PlaceFrame& place = definition.place;
  if (!place.subject_type || place.form == PeopleForm::kNone) return Taken::kUnknown;
  if (place.link != 0 && !place.native) return AddLinkSet(context, definition, entry, parts);
  bool taken = place.form == PeopleForm::kNumbers ? AddNumberSet(context, definition, entry, parts)
                                                  : AddTextSet(context, definition, entry, parts);
  return taken ? Taken::kYes : Taken::kUnknown;
}

// False: a table is locked.
bool AddEntry(const Context& context, Definitions& definitions, const SpoolEntry& entry,
              Parts& parts) {
  auto rows = static_cast<int64>(entry.rows);
  if (entry.place >= static_cast<uint64>(definitions.places_room) ||
      !definitions.places[entry.place].known) {
    // The definition was damaged: whose rows these were cannot be told
    AddPart(parts, {0, 'U', rows, nullptr});
    return true;
  }
  PlaceDefinition& definition = definitions.places[entry.place];
  if (entry.scope == ReadScope::kPeople) {
    Taken taken = AddPeople(context, definition, entry, parts);
    if (taken == Taken::kLocked) return false;
    if (taken == Taken::kYes) return true;
  }
  char scope = entry.scope == ReadScope::kPeople ? 'U' : static_cast<char>(entry.scope);
  bool native = definition.place.native && definition.place.form == PeopleForm::kNumbers;
  AddPart(parts, {NumberOf(context.sink, definition, native), scope, rows, nullptr});
  return true;
}

char PartOf(const StatementFrame& statement) {
  if (statement.start) return statement.end ? 'W' : 'B';
  return statement.end ? 'E' : 'S';
}

int32 ActorOfStart(ReadSink& sink, Definitions& definitions, const StatementStart& start,
                   TimestampTz at) {
  if (start.facts >= static_cast<uint64>(definitions.facts_room)) return 0;
  FactsDefinition& definition = definitions.facts[start.facts];
  if (!definition.known) return 0;
  if (definition.actor < 0 || ClaimsLeft(sink.names)) {
    definition.actor = ActorOf(sink.names, definition.facts, at);
  }
  return definition.actor;
}

ReadRow RowOf(ReadSink& sink, Definitions& definitions, const SpoolFrame& frame, int32 process) {
  const StatementFrame& statement = frame.statement;
  ReadRow row{};
  row.statement = static_cast<int64>(statement.statement);
  row.at = statement.at;
  row.frame = static_cast<int64>(frame.counter);
  row.process = process;
  row.part = PartOf(statement);
  if (statement.end) row.status = static_cast<char>(*statement.end);
  if (!statement.start) return row;
  row.begins = true;
  row.actor = ActorOfStart(sink, definitions, *statement.start, row.at);
  row.query = static_cast<int64>(statement.start->query);
  row.snapshot = statement.start->snapshot;
  row.command = statement.start->command;
  row.engine = statement.start->engine;
  return row;
}

template <class Definition>
Definition* Room(Definition*& definitions, int& room, uint64 number) {
  if (number >= kMostDefinitions) return nullptr;
  if (number >= static_cast<uint64>(room)) {
    int more = Max(room * 2, 16);
    while (static_cast<uint64>(more) <= number) more *= 2;
    auto* grown = static_cast<Definition*>(palloc0(sizeof(Definition) * more));
    if (room > 0) memcpy(static_cast<void*>(grown), definitions, sizeof(Definition) * room);
    definitions = grown;
    room = more;
  }
  return &definitions[number];
}

}  // namespace

void BeginSink(ReadSink& sink, MemoryContext batch, bool careful) {
  sink.batch = batch;
  sink.frame = AllocSetContextCreate(batch, "pg_gdpr frame", ALLOCSET_DEFAULT_SIZES);
  BeginReads(sink.writer, batch, careful);
  sink.names = BeginNames(batch);
  sink.links = BeginLinks(batch);
  sink.gathered_count = 0;
}

void Define(Definitions& definitions, const FactsFrame& facts) {
  FactsDefinition* definition = Room(definitions.facts, definitions.facts_room, facts.number);
  if (definition != nullptr) *definition = {true, facts, -1};
}

void Define(Definitions& definitions, const PlaceFrame& place) {
  PlaceDefinition* definition = Room(definitions.places, definitions.places_room, place.number);
  if (definition != nullptr) *definition = {true, place, {-1, -1}};
}

namespace {

bool WriteRows(ReadSink& sink, Definitions& definitions, const SpoolFrame& frame, int32 process) {
  MemoryContext old = MemoryContextSwitchTo(sink.frame);
  ReadRow row = RowOf(sink, definitions, frame, process);
  Context context{sink, row.at, row.begins && row.engine};
  Parts parts{};
  bool taken = true;
  EntryReader entries(frame.statement);
  for (SpoolEntry entry; taken && entries.Next(entry);) {
    taken = AddEntry(context, definitions, entry, parts);
  }
  if (taken && parts.count == 0) {
    if (row.part != 'S') AddRead(sink.writer, row);
  }
  if (taken && row.part == 'E') WriteGatheredOf(sink, row.statement);
  for (int i = 0; taken && i < parts.count; i++) {
    const ReadPart& part = parts.parts[i];
    row.place = part.place;
    row.scope = part.scope;
    row.rows = part.rows;
    row.people = part.people;
    if (row.part == 'S' && !sink.writer.careful) {
      Gather(sink, row);
    } else {
      AddRead(sink.writer, row);
    }
  }
  MemoryContextSwitchTo(old);
  MemoryContextReset(sink.frame);
  return taken;
}

// What was remembered may be of rows that are gone with the subtransaction.
void ForgetNumbers(ReadSink& sink, Definitions& definitions) {
  sink.names = BeginNames(sink.batch);
  for (int i = 0; i < definitions.facts_room; i++) definitions.facts[i].actor = -1;
  for (int i = 0; i < definitions.places_room; i++) {
    definitions.places[i].numbers[0] = definitions.places[i].numbers[1] = -1;
  }
}

Written WriteCarefully(ReadSink& sink, Definitions& definitions, const SpoolFrame& frame,
                       int32 process) {
  OpenReads(sink.writer, static_cast<int64>(frame.statement.statement));
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  volatile Written written = Written::kNot;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    bool taken = WriteRows(sink, definitions, frame, process);
    FlushReads(sink.writer);
    ReleaseCurrentSubTransaction();
    written = taken ? Written::kYes : Written::kHeld;
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (IsOurTrouble(error)) ReThrowError(error);
    ereport(LOG, (errcode(error->sqlerrcode),
                  errmsg("a read of the spool cannot be written to its table")));
    ForgetReads(sink.writer);
    ForgetNumbers(sink, definitions);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return written;
}

}  // namespace

Written WriteStatement(ReadSink& sink, Definitions& definitions, const SpoolFrame& frame,
                       int32 process) {
  if (sink.writer.careful) return WriteCarefully(sink, definitions, frame, process);
  return WriteRows(sink, definitions, frame, process) ? Written::kYes : Written::kHeld;
}

void EndSink(ReadSink& sink) {
  EndReads(sink.writer);
}

}  // namespace gdpr::pg
