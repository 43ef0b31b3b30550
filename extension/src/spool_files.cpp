// SPDX-License-Identifier: PostgreSQL
#include "extension/src/spool_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "core/sha256.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/spool_memory.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

char data_path[MAXPGPATH] = "";  // found by the postmaster, inherited by its children

bool IsUnready(const char* name) {
  size_t size = strlen(name);
  constexpr size_t kEnd = sizeof(kSpoolUnready) - 1;
  return size > kEnd && strcmp(name + size - kEnd, kSpoolUnready) == 0;
}

bool ParseDatabase(const char* name, Oid* database) {
  char* end;
  if (name[0] < '1' || name[0] > '9') return false;
  unsigned long number = strtoul(name, &end, 10);
  *database = static_cast<Oid>(number);
  return *end == '\0' && number <= OID_MAX;
}

// Calls work(path, name) for all that a directory holds. Raises and allocates nothing of the
// server's: at start and in the launcher alike.
template <class Work>
void ForEach(const char* directory, Work work) {
  DIR* listing = opendir(directory);
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[MAXPGPATH];
    int size = snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
    if (size >= static_cast<int>(sizeof(path))) continue;
    work(path, entry->d_name);
  }
  closedir(listing);
}

int64 FileBytes(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

int64 CountDirectory(const char* directory) {
  int64 bytes = 0;
  ForEach(directory, [&](const char* path, const char* name) {
    if (IsUnready(name)) (void)unlink(path);  // its writer died before it could lock it
    bytes += FileBytes(path);
  });
  return bytes;
}

void RemoveDirectory(const char* directory) {
  ForEach(directory, [&](const char* path, const char*) {
    int64 bytes = FileBytes(path);
    if (unlink(path) == 0) SpoolFreed(bytes);
  });
  (void)rmdir(directory);
}

bool DatabaseExists(Oid database) {
  StartTransactionCommand();
  bool exists = SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
  CommitTransactionCommand();
  return exists;
}

}  // namespace

void SpoolDirectory(char* path, Oid database) {
  snprintf(path, kSpoolPathBytes, "%s/%u", kSpoolRoot, database);
}

void SpoolPath(char* path, const SpoolFile& file) {
  snprintf(path, kSpoolPathBytes, "%s/%u/%d.%llx.%u", kSpoolRoot, file.database, file.pid,
           static_cast<unsigned long long>(file.started), file.segment);
}

bool ParseSpoolName(const char* name, Oid database, SpoolFile* file) {
  unsigned long long started;
  *file = {database, 0, 0, 0};
  if (sscanf(name, "%d.%llx.%u", &file->pid, &started, &file->segment) != 3) return false;
  file->started = static_cast<int64>(started);
  char path[kSpoolPathBytes];  // one spelling only
  SpoolPath(path, *file);
  return file->pid > 0 && strcmp(strrchr(path, '/') + 1, name) == 0;
}

uint64 NodeOf(TimeLineID timeline) {
  uint64 system = GetSystemIdentifier();
  uint64 node = 0;
  Failure failure{};
  bool ok = Catch(failure, [&] {
    std::string message;
    Fields fields(message);
    fields.Number(system, 8);
    fields.Text(data_path);
    fields.Number(timeline, 4);
    Hash hash = Sha256().Of(message);
    for (int i = 0; i < 8; i++) node = node << 8 | hash[static_cast<size_t>(i)];
  });
  if (!ok) Report(failure);
  return node;
}

void SpoolFreed(int64 bytes) {
  if (spool_shared == nullptr) return;
  // What an operator put there or took away by hand was never counted: not below zero
  uint64 before = pg_atomic_read_u64(&spool_shared->bytes);
  uint64 after;
  do {
    after = before > static_cast<uint64>(bytes) ? before - static_cast<uint64>(bytes) : 0;
  } while (!pg_atomic_compare_exchange_u64(&spool_shared->bytes, &before, after));
}

bool SpoolFileIsLive(int fd) {
  return flock(fd, LOCK_EX | LOCK_NB) != 0;
}

void OpenSpool() {
  char path[PATH_MAX];
  if (realpath(".", path) != nullptr) strlcpy(data_path, path, sizeof(data_path));
  if (mkdir(kSpoolRoot, S_IRWXU) != 0 && errno != EEXIST) {
    ereport(LOG,
            (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", kSpoolRoot),
             errdetail("Reads of audited tables cannot be recorded.")));
  }
  (void)fsync_fname_ext(".", true, true, LOG);
  int64 bytes = 0;
  ForEach(kSpoolRoot, [&](const char* directory, const char* name) {
    Oid database;
    if (ParseDatabase(name, &database)) bytes += CountDirectory(directory);
  });
  pg_atomic_write_u64(&spool_shared->bytes, static_cast<uint64>(bytes));
  OpenReserve();
}

void SweepSpool() {
  ForEach(kSpoolRoot, [&](const char* directory, const char* name) {
    Oid database;
    // It was there before we look: its database was committed, unless it is dropped
    if (!ParseDatabase(name, &database) || DatabaseExists(database)) return;
    RemoveDirectory(directory);
    ForgetLost(database);
  });
}

}  // namespace gdpr::pg
