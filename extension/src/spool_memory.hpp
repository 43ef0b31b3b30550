// SPDX-License-Identifier: PostgreSQL
// Shared memory of the spool: atomics only, because it is used where no lock may be taken.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

constexpr int kLostSlots = 60;
constexpr int kPublished = 16;

/// Statements that could not be recorded and that no frame has told of yet. Times: microseconds
/// since 2000, 0: none.
struct LostCount {
  pg_atomic_uint64 amount;
  pg_atomic_uint64 from;
  pg_atomic_uint64 to;
};

/// The lost statements of one database. The first slot is for databases that found no slot.
struct LostSlot {
  pg_atomic_uint32 database;  ///< 0: the slot is free
  pg_atomic_uint32 telling;   ///< 1: somebody is just writing a frame about it
  LostCount dropped;
  LostCount refused;
};

/// A statement that a process has started parallel workers for, or may.
struct PublishedStatement {
  pg_atomic_uint64 statement;  ///< 0: the place is free
  pg_atomic_uint64 key;
};

struct PublishedBy {
  pg_atomic_uint64 started;  ///< of the process: slots outlive processes
  PublishedStatement statements[kPublished];
};

struct SpoolShared {
  pg_atomic_uint64 statements;      ///< numbers of statements so far; begins anywhere
  pg_atomic_uint64 bytes;           ///< of all files that wait for the drain
  pg_atomic_uint32 lost;            ///< 1: some slot may have something to tell
  pg_atomic_uint32 complained;      ///< 1: the log knows that reads go unrecorded
  pg_atomic_uint32 reserve_busy;    ///< 1: somebody writes the reserve
  pg_atomic_uint32 reserve_behind;  ///< 1: it does not hold the newest counts
  LostSlot slots[kLostSlots];
  int processes;
  PublishedBy published[FLEXIBLE_ARRAY_MEMBER];
};

/// NULL without preload.
extern SpoolShared* spool_shared;

/// Called by _PG_init: shared memory, if this is the postmaster's preload.
void RegisterSpool();

/// The number of a statement that began at `at`: seconds, and a number that no other one has.
int64 NumberOfRead(TimestampTz at);

/// Makes the directory, counts what an earlier run left in it, and opens the reserve. At start,
/// while no process of the server runs. Raises nothing: what cannot be made is told to the log.
void OpenSpool();

/// When the process at the head of our lock group published something, and its pid; pid 0: this is
/// no parallel worker.
void LeaderProcess(int32* pid, int64* started);

/// Removes the files of databases that are no more. For the launcher, between transactions.
void SweepSpool();

/// Fills the counts of a start from the reserve, which it makes where there is none.
void OpenReserve();

/// Counts statements of this database that go unrecorded, and keeps the reserve up to date. Neither
/// raises nor locks nor allocates.
void CountLost(bool refused, uint64 statements);

/// Statements of this database that are counted and not told yet, and since when (0: none).
void ReadLost(uint64* dropped, uint64* refused, uint64* from);

/// The database is no more, and nobody is left to tell.
void ForgetLost(Oid database);

/// What one slot has to tell: amounts at one moment.
struct LostTale {
  LostSlot* slot;  ///< NULL: nothing
  uint64 dropped[3];
  uint64 refused[3];  ///< amount, from, to
};

/// Takes what is to be told of this database, if anything is and nobody else is at it; it must be
/// given back by EndTale. As cheap as a read of shared memory where nothing was lost.
LostTale BeginTale();
/// Told: subtracts it. Not told: leaves it for the next.
void EndTale(const LostTale& tale, bool told);

}  // namespace gdpr::pg
