// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_record.hpp"

#include <algorithm>
#include <span>

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kFrameTargets = 64;
constexpr int kFramePlaces = 256;
constexpr int kFrameBytes = 64 * 1024;  // of one frame and its definitions, by estimate
constexpr int kFirstRoom = 32;
constexpr int kFirstBytes = 1024;
constexpr int kManyLeft = kChunk * 3 / 4;  // after doubles are gone: worth a frame

// What of a target goes into the frame in work.
enum class Say { kNothing, kPeople, kAll, kMaybeAll };

struct Part {
  Target* target;
  Say say;
  int first_place;  // in numbers
};

struct Frame {
  Part parts[kFrameTargets];
  uint32 numbers[kFramePlaces];
  int part_count;
  int place_count;
  int entry_count;
};

// Never re-entered: nothing here calls what could come back.
Frame frame;
std::string_view texts[kWholeChunk];

// So that nobody can choose keys whose hashes are the same.
uint64 text_seed = 0;

// A whole scan is promised in the beginning and told when the statement ends; the promise to
// which a parallel worker holds is its leader's.
Say SayOf(const Capture* capture, const Target* target, bool begins, bool finishes) {
  if (target->whole && !capture->worker && !finishes) {
    return begins ? Say::kMaybeAll : Say::kNothing;
  }
  if (target->rows == 0 && !target->always) return Say::kNothing;
  return target->all ? Say::kAll : Say::kPeople;
}

int BytesOf(const Target* target, Say say) {
  int bytes = target->places->bytes + 64 * target->reach_count;
  if (say != Say::kPeople) return bytes;
  for (int i = 0; i < target->reach_count; i++) {
    const Reach* reach = &target->reaches[i];
    if (reach->numbers != nullptr) bytes += 10 * reach->count;
    if (reach->offsets != nullptr) bytes += reach->offsets[reach->count] + 3 * reach->count;
  }
  return bytes;
}

int EntriesOf(const Part& part) {
  int count = part.target->reach_count;
  if (part.say != Say::kPeople) return count;
  for (int i = 0; i < part.target->reach_count; i++) {
    const Reach& reach = part.target->reaches[i];
    if (reach.unreadable && reach.scope == ReadScope::kPeople) count++;
  }
  return count;
}

// Chooses targets from `from` on, as far as they go into one frame, and defines their places.
// Returns the first target that did not fit, or NULL.
Target* Choose(const Capture* capture, Target* from, bool begins, bool finishes) {
  int bytes = 0;
  frame.part_count = frame.place_count = frame.entry_count = 0;
  for (Target* target = from; target != nullptr; target = target->next) {
    Say say = SayOf(capture, target, begins, finishes);
    if (say == Say::kNothing) continue;
    int more = BytesOf(target, say);
    if (frame.part_count > 0 && (frame.part_count == kFrameTargets || bytes + more > kFrameBytes ||
                                 frame.place_count + target->reach_count > kFramePlaces)) {
      return target;
    }
    Part& part = frame.parts[frame.part_count++];
    part = Part{target, say, frame.place_count};
    for (int i = 0; i < target->reach_count && frame.place_count < kFramePlaces; i++) {
      frame.numbers[frame.place_count++] = SpoolPlace(target->reaches[i].place);
    }
    frame.entry_count += EntriesOf(part);
    bytes += more;
  }
  return nullptr;
}

std::size_t SortTexts(const Reach* reach) {
  for (int i = 0; i < reach->count; i++) {
    texts[i] = {reach->bytes + reach->offsets[i],
                static_cast<std::size_t>(reach->offsets[i + 1] - reach->offsets[i])};
  }
  std::sort(texts, texts + reach->count);
  return std::unique(texts, texts + reach->count) - texts;
}

void PutPeople(FrameWriter* out, uint32 place, int64 rows, Reach* reach) {
  if (reach->way->form == 1) {
    reach->count = static_cast<int>(SortPeople(reach->numbers, reach->count));
    out->People(place, rows, {reach->numbers, static_cast<std::size_t>(reach->count)});
  } else {
    out->Texts(place, rows, {texts, SortTexts(reach)});
  }
}

void PutPart(FrameWriter* out, const Part& part) {
  Target* target = part.target;
  for (int i = 0; i < target->reach_count; i++) {
    Reach* reach = &target->reaches[i];
    uint32 place = frame.numbers[part.first_place + i];
    if (reach->scope != ReadScope::kPeople) {
      out->Entry(place, reach->scope, target->rows);
      continue;
    }
    if (part.say != Say::kPeople) {
      out->Entry(place, ReadScope::kAll, target->rows);
      continue;
    }
    PutPeople(out, place, target->rows, reach);
    if (reach->unreadable) out->Entry(place, ReadScope::kUnknown, 0);
  }
}

void PutFrame(FrameWriter* out, const Capture* capture, uint32 facts, bool begins, Ending ending) {
  StatementFrame statement;
  statement.statement = capture->statement;
  statement.at = begins ? capture->at : GetCurrentTimestamp();
  if (begins) {
    statement.start = StatementStart{facts, static_cast<uint64>(capture->digest), capture->command,
                                     capture->engine, capture->snapshot};
  }
  if (ending != Ending::kNot) statement.end = static_cast<ReadStatus>(ending);
  statement.entry_count = frame.entry_count;
  out->BeginStatement(statement);
  for (int i = 0; i < frame.part_count; i++) PutPart(out, frame.parts[i]);
  out->EndStatement();
}

// What the frame said is not said again. A whole scan that was only promised is counted on.
void Forget(Capture* capture) {
  for (int i = 0; i < frame.part_count; i++) {
    Target* target = frame.parts[i].target;
    if (frame.parts[i].say == Say::kMaybeAll) continue;
    target->rows = 0;
    target->always = false;
    for (int r = 0; r < target->reach_count; r++) {
      target->reaches[r].count = 0;
      target->reaches[r].unreadable = false;
    }
  }
  capture->begun = true;
}

// False where nobody noticed: then the statement's record ends here.
bool Write(Capture* capture, SpoolMode mode) {
  capture->lost = true;
  if (!SpoolWrite(mode)) {
    for (Target* target = capture->targets; target != nullptr; target = target->next) {
      target->all = true;  // takes nobody any more
    }
    return false;
  }
  capture->lost = false;
  return true;
}

void Grow(Capture* capture, Reach* reach) {
  MemoryContext outer = MemoryContextSwitchTo(capture->context);
  int room = reach->room == 0 ? kFirstRoom : reach->room * 2;
  if (reach->way->form == 1) {
    size_t size = sizeof(int64) * room;
    reach->numbers = static_cast<int64*>(
        reach->numbers == nullptr ? palloc(size) : repalloc(reach->numbers, size));
  } else {
    size_t size = sizeof(int) * (room + 1);
    reach->offsets = static_cast<int*>(reach->offsets == nullptr ? palloc0(size)
                                                                 : repalloc(reach->offsets, size));
  }
  reach->room = room;
  MemoryContextSwitchTo(outer);
}

void GrowBytes(Capture* capture, Reach* reach, int size) {
  int room = Max(reach->byte_room, kFirstBytes);
  while (room < size) room *= 2;
  reach->bytes =
      static_cast<char*>(reach->bytes == nullptr ? MemoryContextAlloc(capture->context, room)
                                                 : repalloc(reach->bytes, room));
  reach->byte_room = room;
}

// What is met from now on is looked up among what was met a short while ago.
void UseFilter(Capture* capture, Reach* reach) {
  if (reach->filter == nullptr) {
    if (text_seed == 0 && !pg_strong_random(&text_seed, sizeof(text_seed))) text_seed = 1;
    constexpr int kSize = sizeof(int64) << kRecentBits;
    reach->filter = static_cast<int64*>(MemoryContextAllocZero(capture->context, kSize));
    reach->filter[RecentPlace(0)] = 1;  // a number that belongs elsewhere
  }
  reach->recent = reach->filter;
}

// Drops doubles. A buffer that was filled in order needs no filter for the next one.
void Tidy(Capture* capture, Reach* reach) {
  bool ascending = true;
  for (int i = 1; i < reach->count; i++) {
    ascending &= reach->numbers[i - 1] < reach->numbers[i];
  }
  reach->recent = nullptr;
  if (ascending) return;
  reach->count = static_cast<int>(SortPeople(reach->numbers, reach->count));
  UseFilter(capture, reach);
  for (int i = 0; i < reach->count; i++) (void)IsRecent(reach, reach->numbers[i]);
}

// False: the statement's record is lost.
bool WriteChunk(Capture* capture) {
  WriteRecord(capture, Ending::kNot, capture->begun ? SpoolMode::kMayRaise : SpoolMode::kDurable);
  return !capture->lost;
}

bool HasRows(const Capture* capture) {
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    if (target->rows > 0 || target->always) return true;
  }
  return false;
}

// From here on the target's rows are only counted.
void GiveUpKeys(Target* target) {
  target->all = true;
  for (int i = 0; i < target->reach_count; i++) target->reaches[i].count = 0;
}

}  // namespace

bool HasNews(const Capture* capture) {
  for (Target* target = capture->targets; target != nullptr; target = target->next) {
    if (target->rows == 0 && !target->always) continue;
    if (SayOf(capture, target, !capture->begun, false) != Say::kNothing) return true;
  }
  return false;
}

void WriteRecord(Capture* capture, Ending ending, SpoolMode mode, bool begin) {
  if (capture->lost) return;
  bool finishes = ending != Ending::kNot;
  bool news = finishes ? HasRows(capture) : HasNews(capture);
  bool ends =
      finishes && !capture->worker && (!capture->closed || news || ending == Ending::kAborted);
  if (!news && !(begin && !capture->begun) && !(ends && capture->begun)) return;
  if (!news && ends) mode = SpoolMode::kNeverRaise;  // all people are told
  Target* from = capture->targets;
  do {
    FrameWriter* out = SpoolBegin();
    bool begins = !capture->begun && !capture->worker;
    uint32 facts = begins ? SpoolFacts(capture->facts) : 0;
    from = Choose(capture, from, begins, finishes);
    bool last = ends && from == nullptr;
    PutFrame(out, capture, facts, begins, last ? ending : Ending::kNot);
    if (!Write(capture, mode)) return;
    Forget(capture);
    if (last) capture->closed = true;
  } while (from != nullptr);
}

bool MakeRoom(Capture* capture, Target* target, Reach* reach) {
  if (reach->room < kChunk) return Grow(capture, reach), true;
  Tidy(capture, reach);
  if (reach->count <= reach->room * 3 / 4) return true;
  if (!target->whole) return WriteChunk(capture);
  if (reach->room < kWholeChunk / target->reach_count) return Grow(capture, reach), true;
  return GiveUpKeys(target), false;
}

void AddText(Capture* capture, Target* target, Reach* reach, const char* text, int size) {
  if (size > kLongestKey) {
    reach->unreadable = true;
    return;
  }
  auto* bytes = reinterpret_cast<const unsigned char*>(text);
  if (IsRecent(reach, static_cast<int64>(hash_bytes_extended(bytes, size, text_seed)))) return;
  int used = reach->offsets == nullptr ? 0 : reach->offsets[reach->count];
  bool fits = used + size <= Max(kTextBytes / target->reach_count, kLongestKey);
  int most = target->whole ? kWholeChunk / target->reach_count : kChunk;
  if (fits && reach->count == reach->room && reach->room < most) Grow(capture, reach);
  if (!fits || reach->count == reach->room) {
    if (target->whole) return GiveUpKeys(target);
    UseFilter(capture, reach);
    if (!WriteChunk(capture)) return;
    used = 0;
  }
  if (used + size > reach->byte_room) GrowBytes(capture, reach, used + size);
  memcpy(reach->bytes + used, text, size);
  reach->offsets[++reach->count] = used + size;
}

}  // namespace gdpr::pg
