// SPDX-License-Identifier: PostgreSQL
#include "extension/src/anchor.hpp"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "extension/src/key.hpp"
#include "extension/src/seal_settings.hpp"
#include "extension/src/seal_work.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr long kPortion = 1000;          // seals between two fsyncs
constexpr off_t kFirstTail = 64 * 1024;  // how much of the file is read to find the last line
constexpr off_t kLongestTail = 64 * 1024 * 1024;

// What tells this database's lines from the others' in the same file.
struct Origin {
  char* database;
  char* instance;
};

Origin FindOrigin() {
  KnownKey known = RequireKnownKey();
  char* instance = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&known.instance)));
  return {AnchorDatabase(), instance};
}

[[noreturn]] void FailOnAnchor(const char* what) {
  ereport(ERROR, (errcode_for_file_access(), errmsg("could not %s the audit's anchor: %m", what),
                  errhint("See gdpr.audit_anchor; seals are appended once it can be written.")));
  pg_unreachable();
}

void CheckPlace(const char* path) {
  char parent[MAXPGPATH];
  char directory[PATH_MAX];
  strlcpy(parent, path, sizeof(parent));
  get_parent_directory(parent);
  if (realpath(parent, directory) == nullptr) FailOnAnchor("use the directory of");
  if (InServerFiles(directory)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("gdpr.audit_anchor must lie outside the data directory"),
                    errdetail("An anchor inside would be replaced together with the database.")));
  }
}

// The seal that a line is about; 0: another database's line, or none (a crash may have torn it).
int64 SealOfLine(char* line, const Origin& origin) {
  char* fields[6];
  char* rest = line;
  for (char*& field : fields) {
    field = strsep(&rest, " ");
    if (field == nullptr) return 0;
  }
  if (rest != nullptr || strlen(fields[5]) != 64) return 0;
  if (strcmp(fields[3], origin.database) != 0 || strcmp(fields[4], origin.instance) != 0) return 0;
  return strtoll(fields[0], nullptr, 10);
}

// Looks for the last line of ours in the text, which it takes to pieces from its end.
int64 LastOf(char* text, size_t size, bool whole, const Origin& origin) {
  while (size > 0) {
    text[--size] = '\0';  // a newline, or what has none is torn
    size_t start = size;
    while (start > 0 && text[start - 1] != '\n') start--;
    if (start == 0 && !whole) return 0;
    int64 seal = SealOfLine(text + start, origin);
    if (seal > 0) return seal;
    size = start;
  }
  return 0;
}

// The newest seal that the file has; 0: none. `torn`: the file does not end with a newline.
int64 LastAnchored(const char* path, const Origin& origin, bool* torn) {
  *torn = false;
  int file = OpenTransientFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0 && errno == ENOENT) return 0;
  if (file < 0) FailOnAnchor("read");
  struct stat facts;
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("the audit's anchor is no file")));
  }
  int64 seal = 0;
  for (off_t tail = kFirstTail; seal == 0 && facts.st_size > 0; tail *= 8) {
    size_t size = static_cast<size_t>(Min(tail, facts.st_size));
    auto* text = static_cast<char*>(palloc(size));
    if (pg_pread(file, text, size, facts.st_size - static_cast<off_t>(size)) !=
        static_cast<ssize_t>(size)) {
      FailOnAnchor("read");
    }
    *torn = text[size - 1] != '\n';
    bool whole = static_cast<off_t>(size) == facts.st_size;
    if (*torn) {
      while (size > 0 && text[size - 1] != '\n') size--;
    }
    seal = LastOf(text, size, whole, origin);
    pfree(text);
    if (whole || tail >= kLongestTail) break;
  }
  CloseTransientFile(file);
  return seal;
}

void AppendLines(const char* path, const char* lines, size_t size) {
  int file =
      OpenTransientFilePerm(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0640);
  if (file < 0) FailOnAnchor("open");
  ssize_t written = write(file, lines, size);
  if (written != static_cast<ssize_t>(size)) {
    if (written >= 0) errno = ENOSPC;
    FailOnAnchor("write");
  }
  if (pg_fsync(file) != 0) FailOnAnchor("fsync");
  if (CloseTransientFile(file) != 0) FailOnAnchor("close");
}

// One line of SPI's result: seal, sealed_at as text, digest as hex.
void AddLine(StringInfo lines, HeapTuple tuple, TupleDesc columns, const Origin& origin) {
  appendStringInfo(lines, "%s %s " INT64_FORMAT " %s %s %s\n", SPI_getvalue(tuple, columns, 1),
                   SPI_getvalue(tuple, columns, 2), static_cast<int64>(GetSystemIdentifier()),
                   origin.database, origin.instance, SPI_getvalue(tuple, columns, 3));
}

// A seal of this very transaction may still be rolled back.
bool IsCommitted(HeapTuple tuple, TupleDesc columns) {
  bool isnull;
  Datum xmin = SPI_getbinval(tuple, columns, 4, &isnull);
  return !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
}

void Send(const char* path, StringInfo lines) {
  // What is anchored must not be lost in a crash: commits may be asynchronous
  XLogFlush(GetXLogInsertRecPtr());
  if (path != nullptr) {
    AppendLines(path, lines->data, static_cast<size_t>(lines->len));
    return;
  }
  char* rest = lines->data;
  while (char* line = strsep(&rest, "\n")) {
    if (*line != '\0') syslog(LOG_NOTICE | LOG_AUTHPRIV, "pg_gdpr seal %s", line);
  }
}

// 0: no line tells. Then the newest seal is enough to begin with.
int64 FirstMissing(int64 anchored) {
  if (SPI_execute("SELECT coalesce(max(seal), 0) FROM gdpr_internal.audit_seal", false, 1) !=
      SPI_OK_SELECT) {
    elog(ERROR, "could not read seals");
  }
  bool isnull;
  int64 newest =
      DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
  // Behind the anchor: an older state was restored, and its own seals go on
  return anchored == 0 || anchored > newest ? newest : anchored + 1;
}

int64 SendFrom(int64 first, const char* path, bool torn, const Origin& origin) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(first)};
  Portal portal = SPI_cursor_open_with_args(
      nullptr,
      "SELECT seal, to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
      " encode(digest, 'hex'), xmin FROM gdpr_internal.audit_seal WHERE seal >= $1 ORDER BY seal",
      1, types, values, nullptr, false, 0);
  int64 last = 0;
  bool more = true;
  while (more) {
    SPI_cursor_fetch(portal, true, kPortion);
    StringInfoData lines;
    initStringInfo(&lines);
    if (torn) appendStringInfoChar(&lines, '\n');
    int64 reached = 0;
    more = SPI_processed == kPortion;
    for (uint64 i = 0; i < SPI_processed; i++) {
      HeapTuple tuple = SPI_tuptable->vals[i];
      TupleDesc columns = SPI_tuptable->tupdesc;
      if (!IsCommitted(tuple, columns)) {
        more = false;
        break;
      }
      AddLine(&lines, tuple, columns, origin);
      bool isnull;
      reached = DatumGetInt64(SPI_getbinval(tuple, columns, 1, &isnull));
    }
    if (reached > 0) {
      Send(path, &lines);
      torn = false;
      last = reached;
    }
    SPI_freetuptable(SPI_tuptable);
    pfree(lines.data);
  }
  SPI_cursor_close(portal);
  return last;
}

}  // namespace

const char* AnchorFile() {
  constexpr char kFilePrefix[] = "file:";
  constexpr size_t kPrefixSize = sizeof(kFilePrefix) - 1;
  bool is_file = audit_anchor != nullptr && strncmp(audit_anchor, kFilePrefix, kPrefixSize) == 0;
  return is_file ? audit_anchor + kPrefixSize : nullptr;
}

char* AnchorDatabase() {
  StringInfoData name;
  initStringInfo(&name);
  const char* database = get_database_name(MyDatabaseId);
  for (const char* c = database == nullptr ? "" : database; *c != '\0'; c++) {
    auto byte = static_cast<unsigned char>(*c);
    if (byte <= ' ' || byte == '%' || byte == 0x7f) {
      appendStringInfo(&name, "%%%02X", byte);
    } else {
      appendStringInfoChar(&name, *c);
    }
  }
  return name.data;
}

int64 WriteAnchor() {
  if (audit_anchor == nullptr || audit_anchor[0] == '\0') return -1;
  Origin origin = FindOrigin();
  const char* path = AnchorFile();
  SealSlot* slot = FindSealSlot(MyDatabaseId, false);
  bool torn = false;
  int64 anchored = slot == nullptr ? 0 : slot->anchored;
  if (path != nullptr) {
    CheckPlace(path);
    anchored = LastAnchored(path, origin, &torn);
  }
  int64 last = SendFrom(FirstMissing(anchored), path, torn, origin);
  if (last == 0) return anchored;
  if (slot != nullptr) slot->anchored = last;
  return last;
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.write_anchor() -> bigint
GDPR_FUNCTION(gdpr_write_anchor) {
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int64 last = WriteAnchor();
  SPI_finish();
  if (last < 0) PG_RETURN_NULL();
  PG_RETURN_INT64(last);
}

// gdpr_internal.has_anchor() -> boolean
GDPR_FUNCTION(gdpr_has_anchor) {
  PG_RETURN_BOOL(audit_anchor != nullptr && audit_anchor[0] != '\0');
}

// gdpr_internal.has_launcher() -> boolean
GDPR_FUNCTION(gdpr_has_launcher) {
  PG_RETURN_BOOL(seal_shared != nullptr && pg_atomic_read_u64(&seal_shared->launcher) != 0);
}
