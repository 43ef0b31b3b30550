// SPDX-License-Identifier: PostgreSQL
// What one statement reached so far, and how it becomes frames of the spool.
#pragma once

#include <string_view>

#include "core/spool_frame.hpp"
#include "extension/src/access_relation.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct Capture;

/// People reached in one way from the rows of one relation. Distinct as far as it is cheap: what
/// was met a short while ago is not taken again.
struct Reach {
  AccessPlace* place;
  const AccessWay* way;  ///< NULL: rows of nobody
  ReadScope scope;       ///< kPeople, or kUnknown or kNobody from the beginning
  bool unreadable;       ///< a key was too long: people unknown, beside those that are listed
  int count;             ///< of numbers or texts
  int room;
  int64* numbers;
  int64* recent;  ///< numbers, or hashes of texts, by hash; NULL: nothing is looked up there now
  int64* filter;  ///< the memory of that, made when it is needed for the first time
  int* offsets;   ///< of texts, count + 1 of them
  char* bytes;
  int byte_room;
};

/// The rows that the scans of one relation, for one choice of columns, let through.
struct Target {
  Target* next;
  AccessRelation* access;
  AccessPlaces* places;
  bool whole;   ///< every row: listed up to a number, beyond that the record says "all"
  bool all;     ///< it says so now: rows are only counted
  bool fixed;   ///< no node's: it is always told the same of
  bool always;  ///< not wrapped, and not told yet: recorded although no row is seen
  int64 rows;   ///< since the last entry
  int reach_count;
  Reach reaches[FLEXIBLE_ARRAY_MEMBER];
};

/// How a statement ended; kNot: it goes on.
enum class Ending : char { kNot = 0, kComplete = 'C', kAborted = 'A', kLeftOpen = 'L' };

/// The most people that a reach holds before they are written.
constexpr int kChunk = 256;
/// The same of a scan of a whole relation, in all its ways together.
constexpr int kWholeChunk = 4096;
constexpr int kTextBytes = 24 * 1024;  ///< of texts, in all ways of a target together
constexpr int kLongestKey = 8 * 1024;

/// A wrapped node of a plan (access_node.cpp).
struct CaptureNode;

/// Where a plan looks again at rows that somebody else changed meanwhile: with nodes of its own.
struct Recheck {
  Recheck* next;
  const EPQState* state;
};

/// Passes rows on once they are recorded (access_dest.cpp). The server's struct comes first.
struct RowGate {
  DestReceiver receiver;
  DestReceiver* behind;
  Capture* capture;
  TupleTableSlot* held;
  bool holding;  ///< the first row of this run waits in `held`
  bool open;     ///< a second one came
  bool last;     ///< rows are fetched forward: no run follows, unless the limit is reached
  bool once;     ///< none follows even then
  uint64 limit;  ///< rows that this run may bring; 0: all
};

/// One statement at work. Lives in a context of its own until the statement or its transaction
/// ends: abort callbacks come when the executor's memory is gone.
struct Capture {
  Capture* next;
  Capture* previous;
  MemoryContext context;
  MemoryContext scratch;  ///< for one row's texts
  QueryDesc* query;       ///< by whose address it is found; gone in callbacks
  SubTransactionId subtransaction;
  AccessFacts* facts;
  int64 statement;
  TimestampTz at;
  int64 digest;
  uint64 snapshot;
  char command;
  bool engine;   ///< a function of ours reads
  bool worker;   ///< of a parallel plan: says only whom it reached
  bool begun;    ///< its beginning is written
  bool closed;   ///< an ending is written
  bool lost;     ///< something of it could not be written: nothing more is
  bool running;  ///< what ends its transaction now ends it, too
  bool failed;   ///< an error ended it, or it has not begun yet
  bool whole;    ///< some target is
  int published;
  RowGate gate;
  Target* targets;
  CaptureNode* nodes;
  Recheck* rechecks;  ///< that did not happen yet
};

/// Whether something was reached, or must be told anyway, and is not written.
bool HasNews(const Capture* capture);

/// Writes what is not written yet: the beginning if need be, then chunks, then the ending. Does
/// nothing where there is nothing to tell; `begin` tells the beginning all the same.
/// errors  PD012 by the mode
void WriteRecord(Capture* capture, Ending ending, SpoolMode mode, bool begin = false);

/// Makes room for one more number; what fills it may be written. False: the number is not needed,
/// since the target says "all" from now on, or the statement's record is lost.
bool MakeRoom(Capture* capture, Target* target, Reach* reach);

/// Takes a person, in the bytes of a canonical text.
/// errors  PD012 where those before cannot be written; AddNumber likewise
void AddText(Capture* capture, Target* target, Reach* reach, const char* text, int size);

constexpr int kRecentBits = 10;
inline int RecentPlace(uint64 hash) {
  return static_cast<int>((hash * UINT64CONST(0x9E3779B97F4A7C15)) >> (64 - kRecentBits));
}

/// Whether it was met a short while ago; it is remembered.
inline bool IsRecent(Reach* reach, int64 number) {
  if (reach->recent == nullptr) return false;
  int64* place = &reach->recent[RecentPlace(number)];
  if (*place == number) return true;
  *place = number;
  return false;
}

inline void AddNumber(Capture* capture, Target* target, Reach* reach, int64 number) {
  if (reach->count > 0 && reach->numbers[reach->count - 1] == number) return;
  if (IsRecent(reach, number)) return;
  if (reach->count == reach->room && !MakeRoom(capture, target, reach)) return;
  reach->numbers[reach->count++] = number;
}

}  // namespace gdpr::pg
