/* SPDX-License-Identifier: PostgreSQL
 *
 * A disk that fails, for the spool only: preloaded (LD_PRELOAD) into the server by test/access/full. What fails, and
 * how often, stands in the file that FAULTY_DISK names, as words and shares, read at each call:
 *   eio 0.2  short 0.3  eintr 0.3  torn 0.1  truncate 0.5  sync 1  full 500000 (bytes in all files)
 * torn: half is written and the next call fails. Each fault adds a byte to FAULTY_DISK.count. With "told 1" it writes
 * to FAULTY_DISK.synced what a power cut would leave: "file PATH BYTES" and "entry PATH", as they were synced.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char kSpool[] = "/pgsql_tmp_gdpr/";
static int fail_next = 0;

#define REAL(result, name, ...)                                    \
  static result (*real)(__VA_ARGS__) = NULL;                       \
  if (real == NULL) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void* data, size_t length) {
  REAL(ssize_t, "write", int, const void*, size_t);
  return real(fd, data, length);
}

/* The path of fd if it is a file of the spool. */
static int is_spool(int fd, char* path, size_t size) {
  char link[64];
  ssize_t n;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink(link, path, size - 1);
  if (n <= 0) return 0;
  path[n] = '\0';
  return strstr(path, kSpool) != NULL;
}

/* The share (or amount) behind a word in the control file; 0 where it is not there. */
static double asked(const char* word) {
  char text[256], *at;
  const char* file = getenv("FAULTY_DISK");
  int fd;
  ssize_t n;
  if (file == NULL || (fd = open(file, O_RDONLY | O_CLOEXEC)) < 0) return 0;
  n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = '\0';
  at = strstr(text, word);
  return at == NULL ? 0 : atof(at + strlen(word));
}

static double chance(void) {
  static unsigned state = 0;
  static pid_t owner = 0; /* a forked process has chances of its own */
  if (owner != getpid()) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    owner = getpid();
    state = (((unsigned)owner * 2654435761u) ^ (unsigned)t.tv_nsec) | 1u;
  }
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state / 4294967296.0;
}

static int fault(int error) {
  char path[4096];
  const char* file = getenv("FAULTY_DISK");
  int fd;
  snprintf(path, sizeof path, "%s.count", file);
  if ((fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) >= 0) {
    real_write(fd, "x", 1);
    close(fd);
  }
  errno = error;
  return -1;
}

static void tell(const char* what, const char* path, long long bytes) {
  char name[4096], line[4096 + 64];
  int fd, n;
  snprintf(name, sizeof name, "%s.synced", getenv("FAULTY_DISK"));
  n = snprintf(line, sizeof line, "%s %s %lld\n", what, path, bytes);
  if ((fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) >= 0) {
    real_write(fd, line, (size_t)n);
    close(fd);
  }
}

/* What is certain to be on the disk now that fd is synced. */
static void synced(int fd, const char* path) {
  struct stat st;
  if (asked("told ") == 0 || fstat(fd, &st) != 0) return;
  if (S_ISREG(st.st_mode)) tell("file", path, (long long)st.st_size);
  if (S_ISDIR(st.st_mode)) {
    char entry[4096 + 256];
    DIR* d = opendir(path);
    struct dirent* e;
    if (d == NULL) return;
    while ((e = readdir(d)) != NULL) {
      snprintf(entry, sizeof entry, "%s/%s", path, e->d_name);
      tell("entry", entry, 0);
    }
    closedir(d);
  }
}

/* Bytes of all files in the folder of this file and beside it. */
static double used(const char* path) {
  char root[4096], inner[4096 + 256], leaf[4096 + 512];
  DIR *d, *s;
  struct dirent *e, *f;
  struct stat st;
  double sum = 0;
  snprintf(root, sizeof root, "%s", path);
  strstr(root, kSpool)[strlen(kSpool)] = '\0';
  if ((d = opendir(root)) == NULL) return 0;
  while ((e = readdir(d)) != NULL) {
    if (e->d_name[0] == '.') continue;
    snprintf(inner, sizeof inner, "%s%s", root, e->d_name);
    if ((s = opendir(inner)) == NULL) continue;
    while ((f = readdir(s)) != NULL) {
      snprintf(leaf, sizeof leaf, "%s/%s", inner, f->d_name);
      if (stat(leaf, &st) == 0 && S_ISREG(st.st_mode)) sum += (double)st.st_size;
    }
    closedir(s);
  }
  closedir(d);
  return sum;
}

/* What is to happen to a write of that length: -1 and errno, or how much of it is written. */
static ssize_t planned(const char* path, size_t length) {
  double limit = asked("full ");
  if (limit > 0 && used(path) + (double)length > limit) return fault(ENOSPC);
  if (fail_next) {
    fail_next = 0;
    return fault(EIO);
  }
  if (chance() < asked("eintr ")) return fault(EINTR);
  if (chance() < asked("eio ")) return fault(EIO);
  if (length > 1 && chance() < asked("torn ")) {
    fail_next = 1;
    fault(0);
    return (ssize_t)(length / 2);
  }
  if (length > 1 && chance() < asked("short ")) {
    fault(0);
    return (ssize_t)(1 + length / 2);
  }
  return (ssize_t)length;
}

ssize_t write(int fd, const void* data, size_t length) {
  char path[4096];
  ssize_t n = (ssize_t)length;
  if (fd > 2 && getenv("FAULTY_DISK") != NULL && is_spool(fd, path, sizeof path)) {
    n = planned(path, length);
    if (n < 0) return -1;
  }
  return real_write(fd, data, (size_t)n);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec*, int);
  char path[4096];
  if (fd > 2 && getenv("FAULTY_DISK") != NULL && is_spool(fd, path, sizeof path)) {
    ssize_t n = planned(path, parts[0].iov_len);
    if (n < 0) return -1;
    return real_write(fd, parts[0].iov_base, (size_t)n);
  }
  return real(fd, parts, count);
}

int ftruncate(int fd, off_t length) {
  REAL(int, "ftruncate", int, off_t);
  char path[4096];
  if (getenv("FAULTY_DISK") != NULL && is_spool(fd, path, sizeof path) && chance() < asked("truncate ")) return fault(EIO);
  return real(fd, length);
}

/* The size is taken before: what is written meanwhile by others is not promised. */
static int sync_by(int (*real)(int), int fd) {
  char path[4096];
  if (getenv("FAULTY_DISK") == NULL || !is_spool(fd, path, sizeof path)) return real(fd);
  if (chance() < asked("sync ")) return fault(EIO);
  synced(fd, path);
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return sync_by(real, fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return sync_by(real, fd);
}
