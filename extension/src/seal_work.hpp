// SPDX-License-Identifier: PostgreSQL
// What backends and the workers that seal and drain tell each other, in shared memory. Everything
// here does nothing where the library is not in shared_preload_libraries: sealing is then
// gdpr-batch's, and nobody spools reads.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Called by whoever wrote an event: once the transaction is committed, this database is sealed.
/// Cheap, raises nothing; in normal context only (it may take a lock the first time).
void NoteAuditWork();

/// A database that was written to. Atomics may be touched by anybody, the rest under the lock.
struct SealSlot {
  Oid database;            ///< InvalidOid: the slot is free
  pg_atomic_uint32 work;   ///< 1: committed events since the sealer last looked
  int32 sealer;            ///< pid of the worker that is at it; 0: none
  bool again;              ///< look again although nobody wrote
  TimestampTz not_before;  ///< when the next sealer may start
  int32 pause;             ///< seconds of the last wait after a failure: it doubles
  uint32 complaint;        ///< what the log was last told, hashed; 0: all is well
  bool warned;             ///< the log knows that events wait for too long
  int64 anchored;          ///< newest seal that is known to be anchored
  // The spool of reads has a rhythm of its own: nothing that holds seals back holds reads back.
  pg_atomic_uint32 reads;        ///< 1: frames since the worker last drained
  bool drain_again;              ///< drain again although nobody wrote
  TimestampTz drain_not_before;  ///< when to drain next
  int32 drain_pause;             ///< as pause
  uint32 drain_complaint;        ///< as complaint
};

constexpr int kSealSlots = 256;

struct SealShared {
  LWLock* lock;
  pg_atomic_uint64 launcher;    ///< address of the launcher's latch; 0: none runs
  pg_atomic_uint32 everywhere;  ///< 1: a database without a slot was written to
  pg_atomic_uint32 waiting;     ///< databases that wait for a worker
  SealSlot slots[kSealSlots];
};

/// NULL without preload.
extern SealShared* seal_shared;

/// Called by _PG_init: shared memory, hooks and the launcher, if this is the postmaster's preload.
void RegisterSealing();

/// Whether the database has changes to seal, or reads to drain.
bool WantsSeal(SealSlot& slot);
bool WantsDrain(SealSlot& slot);

/// The slot of a database, made if need be; NULL: no memory, or no slot is free. Takes the lock.
SealSlot* FindSealSlot(Oid database, bool create);

/// Whether a session could connect to the database at this moment: false while somebody has it
/// locked for DROP, RENAME, CREATE … TEMPLATE and the like. In a transaction, which keeps the lock
/// if there.
bool LockDatabase(Oid database);

/// Wakes the launcher. Neither locks nor raises: callable at the end of a transaction.
void WakeLauncher();

}  // namespace gdpr::pg
