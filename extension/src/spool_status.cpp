// SPDX-License-Identifier: PostgreSQL
// What gdpr.unaudited() tells of the spool: files that wait, and whether reads are recorded.
#include <dirent.h>
#include <sys/stat.h>

#include "extension/src/rows.hpp"
#include "extension/src/spool_files.hpp"
#include "extension/src/spool_memory.hpp"
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int64 kNoLimit = PG_INT64_MAX;
constexpr int64 kShortRecord = 1024;  // of a new session: header, who, where and one statement

// Why a read would not be recorded at this moment; NULL: it would.
const char* WhyNot(uint64 lost) {
  if (spool_shared == nullptr) return "pg_gdpr is not in shared_preload_libraries";
  if (!audit_reads) return "gdpr.audit_reads is off";
  int64 limit = spool_limit == 0 ? kNoLimit : static_cast<int64>(spool_limit) * 1024 * 1024;
  if (static_cast<int64>(pg_atomic_read_u64(&spool_shared->bytes)) + kShortRecord > limit) {
    return "the spool holds as much as gdpr.spool_limit allows";
  }
  if (lost > 0) return "the last read could not be recorded";
  return nullptr;
}

}  // namespace
}  // namespace gdpr::pg

// gdpr_internal.spool_state(OUT capturing, OUT reason, OUT dropped, OUT refused, OUT since)
GDPR_FUNCTION(gdpr_spool_state) {
  using namespace gdpr::pg;
  TupleDesc columns;
  if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  uint64 dropped = 0;
  uint64 refused = 0;
  uint64 since = 0;
  if (spool_shared != nullptr) ReadLost(&dropped, &refused, &since);
  const char* reason = WhyNot(dropped + refused);
  Datum values[] = {
      BoolGetDatum(reason == nullptr), reason == nullptr ? Datum{0} : CStringGetTextDatum(reason),
      Int64GetDatum(static_cast<int64>(dropped)), Int64GetDatum(static_cast<int64>(refused)),
      TimestampTzGetDatum(static_cast<TimestampTz>(since))};
  bool nulls[] = {false, reason == nullptr, false, false, since == 0};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

// gdpr_internal.spool_files() -> setof (pid, started, segment, bytes, modified_at)
GDPR_FUNCTION(gdpr_spool_files) {
  using namespace gdpr::pg;
  Rows rows = BeginRows(fcinfo);
  char directory[kSpoolPathBytes];
  SpoolDirectory(directory, MyDatabaseId);
  DIR* listing = AllocateDir(directory);
  if (listing == nullptr) return Datum{0};  // nobody has read yet
  while (const dirent* entry = ReadDir(listing, directory)) {
    SpoolFile file;
    char path[kSpoolPathBytes];
    struct stat status;
    if (!ParseSpoolName(entry->d_name, MyDatabaseId, &file)) continue;
    SpoolPath(path, file);
    if (stat(path, &status) != 0) continue;  // just drained
    TimestampTz modified = time_t_to_timestamptz(status.st_mtime);
    Datum values[] = {Int32GetDatum(file.pid), TimestampTzGetDatum(file.started),
                      Int32GetDatum(static_cast<int32>(file.segment)),
                      Int64GetDatum(status.st_size), TimestampTzGetDatum(modified)};
    bool nulls[lengthof(values)] = {};
    AddRow(rows, values, nulls);
  }
  FreeDir(listing);
  return Datum{0};
}
