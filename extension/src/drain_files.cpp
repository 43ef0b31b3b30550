// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int64 kMostBytes = 64 * kSegmentBytes;  // no process ever wrote such a file

bool IsBefore(const SpoolFile& left, const SpoolFile& right) noexcept {
  return std::tie(left.started, left.pid, left.segment) <
         std::tie(right.started, right.pid, right.segment);
}

bool SizeOf(int fd, int64* size) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  *size = status.st_size;
  return true;
}

const char* LastPart(const char* path) {
  return strrchr(path, '/') + 1;
}

}  // namespace

SpoolList ListSpool() {
  char directory[kSpoolPathBytes];
  SpoolDirectory(directory, MyDatabaseId);
  SpoolList list{nullptr, 0};
  DIR* dir = AllocateDir(directory);
  if (dir == nullptr && errno == ENOENT) return list;
  int room = 64;
  list.files = static_cast<SpoolFile*>(palloc(sizeof(SpoolFile) * room));
  while (dirent* entry = ReadDir(dir, directory)) {
    if (list.count == room) {
      room *= 2;
      list.files = static_cast<SpoolFile*>(repalloc_huge(list.files, sizeof(SpoolFile) * room));
    }
    if (ParseSpoolName(entry->d_name, MyDatabaseId, &list.files[list.count])) list.count++;
  }
  FreeDir(dir);
  std::sort(list.files, list.files + list.count, IsBefore);
  return list;
}

OpenSpoolFile OpenSpool(const SpoolFile& file, bool last) {
  char path[kSpoolPathBytes];
  SpoolPath(path, file);
  OpenSpoolFile open{OpenTransientFile(path, O_RDONLY | PG_BINARY | O_NOFOLLOW | O_NONBLOCK), 0,
                     false, nullptr};
  if (open.fd < 0) return open;
  // The size after the look at the lock: what a process wrote before it went is in the file
  open.live = last && SpoolFileIsLive(open.fd) && !HasNextSegment(file);
  if (!SizeOf(open.fd, &open.size)) CloseSpoolFile(open);
  return open;
}

bool ReadSpoolFile(OpenSpoolFile& open) {
  if (open.size > kMostBytes) return false;
  open.data = static_cast<char*>(palloc(static_cast<Size>(open.size) + 1));
  int64 done = 0;
  while (done < open.size) {
    ssize_t got = pg_pread(open.fd, open.data + done, static_cast<Size>(open.size - done), done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;  // it was cut meanwhile: a torn frame at its end
    done += got;
  }
  open.size = done;
  return true;
}

void CloseSpoolFile(OpenSpoolFile& open) {
  if (open.fd >= 0) CloseTransientFile(open.fd);
  open.fd = -1;
}

int64 SpoolFileSize(const SpoolFile& file) {
  char path[kSpoolPathBytes];
  SpoolPath(path, file);
  struct stat status;
  return stat(path, &status) == 0 ? status.st_size : 0;
}

bool HasNextSegment(const SpoolFile& file) {
  SpoolFile next = file;
  next.segment++;
  char path[kSpoolPathBytes];
  SpoolPath(path, next);
  return access(path, F_OK) == 0;
}

void RemoveSpoolFile(const SpoolFile& file) {
  char path[kSpoolPathBytes];
  SpoolPath(path, file);
  int64 size = SpoolFileSize(file);
  if (unlink(path) == 0) {
    SpoolFreed(size);
  } else if (errno != ENOENT) {
    ereport(WARNING, (errcode_for_file_access(), errmsg("could not remove file \"%s\": %m", path)));
  }
}

void QuarantineSpoolFile(const SpoolFile& file) {
  char path[kSpoolPathBytes];
  char place[kSpoolPathBytes * 2];
  SpoolPath(path, file);
  snprintf(place, sizeof(place), "%s/%u.%s", kSpoolQuarantine, file.database, LastPart(path));
  int64 size = SpoolFileSize(file);
  (void)mkdir(kSpoolQuarantine, S_IRWXU);
  if (rename(path, place) == 0) {
    SpoolFreed(size);
    ereport(LOG, (errmsg("file \"%s\" of the spool was put into quarantine", place)));
  } else if (errno != ENOENT) {
    ereport(WARNING, (errcode_for_file_access(),
                      errmsg("could not rename file \"%s\" to \"%s\": %m", path, place)));
  }
}

}  // namespace gdpr::pg
