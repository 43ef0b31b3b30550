// SPDX-License-Identifier: PostgreSQL
// The spool: what this process read of people goes into files of its own (spool_files.hpp), past
// any transaction, so that no rollback, read-only transaction, standby or crash can take it back.
// The drain makes rows of it later. A statement is recorded like this:
//
//   if (!SpoolReady()) …                      nothing is captured
//   int64 statement = NextRead(at);           in normal context: prepares the process, too
//   AccessFacts* facts = HoldFacts();         who reads; held as long as the statement is open
//   FrameWriter* out = SpoolBegin();          never NULL, and empty but for a new segment's header
//   n = SpoolFacts(facts), m = SpoolPlace(p)  numbers in this segment, defined where they are new
//   … one or more frames …                    each whole: definitions come before the frame
//   SpoolWrite(mode)                          one write(2) for all that is pending
//
// Between SpoolBegin and SpoolWrite nothing may raise; what is pending when somebody did is dropped
// by the next SpoolBegin. Frames of one SpoolWrite are written whole or not at all.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr {
class FrameWriter;
}

namespace gdpr::pg {

/// Where a definition stands in the files of this process; zeroes: nowhere. The spool's own.
struct SpoolMark {
  uint32 generation;
  uint32 number;
};

/// Who reads, as the session describes itself. Made and counted by HoldFacts.
struct AccessFacts {
  const char* session_role;
  const char* acting_role;
  const char* purpose;         ///< NULL: not named, as all that follow
  const char* app_user;        ///< as the application claims
  const char* client_address;  ///< as inet prints it
  const char* application;
  SpoolMark mark;
  int32 holders;
};

/// Where is read: a relation with the columns a statement asks for, and the way from its rows to
/// people. Made by the capture, zeroed; it must stay where it is as long as it is used.
struct AccessPlace {
  Oid relation;
  const char* schema;
  const char* name;
  int column_count;
  const char* const* columns;
  const char* subject_type;  ///< NULL: nobody's
  int32 link;                ///< 0: the key of the people themselves
  uint8 form;                ///< 0 none, 1 whole numbers, 2 texts
  bool native;               ///< numbers are the people's keys
  SpoolMark mark;
};

/// What SpoolWrite does about trouble, and whether the disk has to have the frames.
enum class SpoolMode {
  kMayRaise,    ///< normal context: PD012, unless gdpr.on_audit_failure = continue_counted
  kDurable,     ///< as kMayRaise; with gdpr.durable_reads it returns once the disk has the frames
  kNeverRaise,  ///< abort and exit callbacks: no error, no lock, no allocation
};

/// Whether reads are recorded in this process: the library is preloaded, gdpr.audit_reads is on,
/// and this is no worker of ours. A few instructions.
bool SpoolReady();

/// The number of a statement that began at `at`. In normal context, after SpoolReady().
int64 NextRead(TimestampTz at);

/// The session's facts as of now, held until ReleaseFacts. In normal context, within a transaction.
/// The same pointer as before, and some 20 ns, while nothing changed.
AccessFacts* HoldFacts();
void ReleaseFacts(AccessFacts* facts);

/// Begins to collect frames. What fails here, or does not fit, is told by SpoolWrite.
FrameWriter* SpoolBegin();

/// The number of the facts or of a place in the present segment; appends the definition if it is
/// new there. After SpoolBegin. Neither raises nor allocates.
uint32 SpoolFacts(AccessFacts* facts);
uint32 SpoolPlace(AccessPlace* place);

/// Writes what is pending; nothing is pending afterwards, whatever happened.
/// in      how many statements (beyond those already told of as lost) go unrecorded if it fails
/// out     false: the statements are counted as dropped. Write nothing more about them then.
/// errors  PD012 unless kNeverRaise: counted as refused
bool SpoolWrite(SpoolMode mode, int statements = 1);

/// Counts a statement that is not recorded for any other reason. Neither raises nor locks.
void SpoolCountLost(bool refused);

/// Writes how many statements of this database were lost, if any were and writing works again: for
/// the worker that drains. (Whoever writes anything tells it, too.) In normal context; raises
/// nothing.
void SpoolTellLost();

/// Tells parallel workers which statement they work for. `key` is of the query's text, and the
/// same in leader and worker. Before workers are started; some 10 ns. Returns a place that
/// UnpublishStatement gives back, in any order: cursors overlap as they like.
int PublishStatement(int64 statement, uint64 key);
void UnpublishStatement(int place);

/// In a parallel worker: the statement of its leader with that key.
/// out     false: this is no parallel worker, or its leader published nothing (it captures nothing)
bool LeaderStatement(uint64 key, int64* statement);

}  // namespace gdpr::pg
