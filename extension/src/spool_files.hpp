// SPDX-License-Identifier: PostgreSQL
// Names of the spool's files, for whoever writes and whoever drains them. All paths are relative to
// the data directory, which every process of the server is in.
//
//   pgsql_tmp_gdpr/                      pgsql_tmp…: base backups and pg_rewind leave it out
//     stopped                            what was lost and not told yet (spool_reserve.cpp)
//     <database>/<pid>.<start>.<segment>
//     <database>/….new                   not yet locked by its writer: nobody else's business
//     quarantine/                        files of another server
//
// A writer holds flock(LOCK_EX) on its newest segment. A file that can be locked is complete.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

constexpr char kSpoolRoot[] = "pgsql_tmp_gdpr";
constexpr char kSpoolQuarantine[] = "pgsql_tmp_gdpr/quarantine";
constexpr char kSpoolReserve[] = "pgsql_tmp_gdpr/stopped";
constexpr char kSpoolUnready[] = ".new";  ///< what a name ends in before its file is locked
constexpr int kSpoolPathBytes = 96;
constexpr int64 kSegmentBytes = 1024 * 1024;  ///< a segment is closed when it is as long as this

/// What a file's name tells.
struct SpoolFile {
  Oid database;
  int32 pid;
  int64 started;   ///< start of the process, microseconds since 2000
  uint32 segment;  ///< from 0, without a gap
};

/// pgsql_tmp_gdpr/<database>, and the path of a segment in it. Into kSpoolPathBytes bytes.
void SpoolDirectory(char* path, Oid database);
void SpoolPath(char* path, const SpoolFile& file);

/// What the name (without directory) of a segment says; false: it is none.
bool ParseSpoolName(const char* name, Oid database, SpoolFile* file);

/// The node that writes on `timeline` (CurrentTimeline() for now) of this data directory: first 8
/// bytes of SHA-256(system identifier, real path of the data directory, timeline). In normal
/// context. errors  XX000 where the digest fails
uint64 NodeOf(TimeLineID timeline);

/// Bytes of all files have to be counted, because gdpr.spool_limit bounds them: whoever unlinks or
/// moves a file away says how long it was. Neither raises nor locks.
void SpoolFreed(int64 bytes);

/// Flags this process's database for its worker. Neither raises nor locks, after NextRead().
void NoteReads();

/// Whether the process that wrote the file holds it still. `fd` is open. Keeps the lock if not.
bool SpoolFileIsLive(int fd);

}  // namespace gdpr::pg
