// SPDX-License-Identifier: PostgreSQL
// Chunks of statements that took long: put together, so that a statement is few rows.
#include "extension/src/drain_reads.hpp"

#include <new>
#include <string>

#include "extension/src/bridge.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

struct Gathered {
  ReadRow row;              // of the first chunk; rows: of all
  PersonSetMerger* people;  // NULL: they are not listed
  MemoryContext context;
  MemoryContextCallback forget;
};

namespace {

constexpr uint64 kGatheredPeople = 65536;

void ForgetGathered(void* argument) {
  auto* gathered = static_cast<Gathered*>(argument);
  delete gathered->people;
}

void Release(ReadSink& sink, int place) {
  Gathered* gathered = sink.gathered[place];
  sink.gathered[place] = sink.gathered[--sink.gathered_count];
  MemoryContextDelete(gathered->context);
}

// Writes the chunks of one statement and place.
void WriteOut(ReadSink& sink, int place) {
  Gathered* gathered = sink.gathered[place];
  if (gathered->people != nullptr) {
    bytea* people = nullptr;
    Failure failure;
    bool ok = Catch(failure, [&] {
      std::string set;
      gathered->people->Finish(set);
      people = reinterpret_cast<bytea*>(TextOf(set));
    });
    if (!ok) Report(failure);
    gathered->row.people = people;
  }
  AddRead(sink.writer, gathered->row);
  Release(sink, place);
}

int FindGathered(const ReadSink& sink, const ReadRow& row) {
  for (int i = 0; i < sink.gathered_count; i++) {
    const ReadRow& known = sink.gathered[i]->row;
    if (known.statement == row.statement && known.place == row.place && known.scope == row.scope)
      return i;
  }
  return -1;
}

Gathered* NewGathered(ReadSink& sink, const ReadRow& row) {
  if (sink.gathered_count == kGathered) WriteOut(sink, 0);
  MemoryContext context =
      AllocSetContextCreate(sink.batch, "pg_gdpr chunks of a read", ALLOCSET_SMALL_SIZES);
  auto* gathered = static_cast<Gathered*>(MemoryContextAllocZero(context, sizeof(Gathered)));
  gathered->context = context;
  gathered->row = row;
  gathered->row.rows = 0;
  gathered->row.people = nullptr;
  gathered->forget.func = ForgetGathered;
  gathered->forget.arg = gathered;
  MemoryContextRegisterResetCallback(context, &gathered->forget);
  if (row.people != nullptr) {
    Failure failure;
    if (!Catch(failure, [&] { gathered->people = new PersonSetMerger; })) Report(failure);
  }
  sink.gathered[sink.gathered_count++] = gathered;
  return gathered;
}

}  // namespace

void Gather(ReadSink& sink, const ReadRow& row) {
  int place = FindGathered(sink, row);
  if (place < 0) {
    NewGathered(sink, row);
    place = sink.gathered_count - 1;
  }
  Gathered* gathered = sink.gathered[place];
  gathered->row.rows += row.rows;
  if (row.people == nullptr) return;
  uint64 size = 0;
  Failure failure;
  bool ok = Catch(failure, [&] {
    gathered->people->Add(std::string_view(VARDATA(row.people), VARSIZE(row.people) - VARHDRSZ));
    size = gathered->people->Size();
  });
  if (!ok) Report(failure);
  if (size >= kGatheredPeople) WriteOut(sink, place);
}

void WriteGatheredOf(ReadSink& sink, int64 statement) {
  for (int i = sink.gathered_count - 1; i >= 0; i--) {
    if (sink.gathered[i]->row.statement == statement) WriteOut(sink, i);
  }
}

void WriteGathered(ReadSink& sink) {
  MemoryContext old = MemoryContextSwitchTo(sink.frame);
  while (sink.gathered_count > 0) WriteOut(sink, sink.gathered_count - 1);
  MemoryContextSwitchTo(old);
  MemoryContextReset(sink.frame);
}

}  // namespace gdpr::pg
