// SPDX-License-Identifier: PostgreSQL
// gdpr.verify_audit(): reads the audit log with one snapshot and feeds core's verifier with it,
// seal by seal.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit_chain.hpp"
#include "extension/src/anchor.hpp"
#include "extension/src/audit_records.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/event_scan.hpp"
#include "extension/src/rows.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

constexpr size_t kAnchorBlock = 1024 * 1024;

// A verdict as plain data.
struct PlainVerdict {
  bool has_seal;
  int64 seal;
  text* first_event;
  text* last_event;
  text* status;
};

struct Verification {
  AuditChain* chain;
  int64 from_seal;
  MemoryContextCallback forget;
  Rows rows;
  MemoryContext home;     // of all that lives as long as the verification
  MemoryContext portion;  // of verdicts on their way to the rows
};

void ForgetChain(void* argument) {
  delete static_cast<Verification*>(argument)->chain;
}

text* MaybeText(std::string_view bytes) {
  return bytes.empty() ? nullptr : TextOf(bytes);
}

void AddVerdict(const Rows& rows, const PlainVerdict& verdict) {
  Datum values[] = {Int64GetDatum(verdict.seal), PointerGetDatum(verdict.first_event),
                    PointerGetDatum(verdict.last_event), PointerGetDatum(verdict.status)};
  bool nulls[] = {!verdict.has_seal, verdict.first_event == nullptr, verdict.last_event == nullptr,
                  false};
  AddRow(rows, values, nulls);
}

// Hands the verifier something, and the verdicts that follow to the rows.
template <class Work>
void Feed(Verification& v, Work work) {
  Failure failure;
  PlainVerdict* plain = nullptr;
  size_t count = 0;
  MemoryContext outer = MemoryContextSwitchTo(v.portion);
  bool ok = Catch(failure, [&] {
    work(*v.chain);
    if (!v.chain->HasVerdicts()) return;
    std::vector<Verdict> verdicts = v.chain->Take();
    plain = static_cast<PlainVerdict*>(Allocate(sizeof(PlainVerdict) * verdicts.size()));
    for (const Verdict& verdict : verdicts) {
      plain[count++] = {verdict.seal.has_value(), verdict.seal.value_or(0),
                        MaybeText(verdict.first_event), MaybeText(verdict.last_event),
                        TextOf(verdict.status)};
    }
  });
  MemoryContextSwitchTo(outer);
  if (!ok) Report(failure);
  for (size_t i = 0; i < count; i++) AddVerdict(v.rows, plain[i]);
  if (count > 0) MemoryContextReset(v.portion);
}

// --- what is known beforehand

void FeedKeys(Verification& v, int32 key_id, std::string_view public_key) {
  // A key that the database was never made with is nobody's
  ReadRecords(
      "SELECT k.key_id, k.public_key FROM gdpr_internal.audit_key AS k"
      " JOIN gdpr_internal.key_fingerprint AS f USING (key_id)",
      [&](const Record& row) {
        std::string_view key = row.Bytes(2).value_or("");
        int32 id = row.Int(1);
        // The key file knows better than the table
        bool same = id != key_id || public_key.empty() || key == public_key;
        Feed(v, [&](AuditChain& chain) {
          chain.AddKey(id, same ? key : public_key);
          if (!same) chain.AddFinding("public key " + std::to_string(id) + " was changed");
        });
      });
}

void FeedConfigurations(Verification& v) {
  ReadRecords("SELECT digest, body FROM gdpr_internal.audit_configuration", [&](const Record& row) {
    std::string_view digest = row.Bytes(1).value_or("");
    std::string_view body = row.Text(2).value_or("");
    Feed(v, [&](AuditChain& chain) { chain.AddConfiguration(digest, body); });
  });
}

void FeedShapes(Verification& v) {
  ReadRecords(
      "SELECT digest, relation_schema::text, relation_name::text, numbers, names::text[], types,"
      " key_columns FROM gdpr_internal.audit_shape",
      [&](const Record& row) {
        AuditShape shape = ReadShape(row);
        std::string_view digest = row.Bytes(1).value_or("");
        Feed(v, [&](AuditChain& chain) { chain.AddShape(shape, digest); });
      });
}

// --- the anchor

struct AnchorNames {
  std::string_view database;
  std::string_view instance;
};

// Feeds whole lines; returns how many bytes that were, and counts lines of this database.
size_t FeedLines(Verification& v, std::string_view lines, const AnchorNames& names, size_t* count) {
  size_t end = lines.rfind('\n');
  if (end == std::string_view::npos) return 0;
  Feed(v, [&](AuditChain& chain) {
    *count += chain.AddAnchors(lines.substr(0, end), names.database, names.instance);
  });
  return end + 1;
}

// False: the file cannot be read.
bool FeedAnchorFile(Verification& v, const char* path, const AnchorNames& names, size_t* count) {
  int file = OpenTransientFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  struct stat facts;
  bool good = fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
  char* block = static_cast<char*>(palloc(kAnchorBlock));
  size_t held = 0;
  while (good) {
    CHECK_FOR_INTERRUPTS();
    ssize_t got = read(file, block + held, kAnchorBlock - held);
    good = got >= 0;
    if (got <= 0) break;
    held += static_cast<size_t>(got);
    size_t used = FeedLines(v, {block, held}, names, count);
    if (used == 0 && held == kAnchorBlock) used = held;  // no line of ours is as long
    memmove(block, block + used, held - used);
    held -= used;
  }
  pfree(block);
  CloseTransientFile(file);
  return good;
}

void FeedAnchor(Verification& v, const text* given, std::string_view instance) {
  const char* path = AnchorFile();
  const AnchorNames names{AnchorDatabase(), instance};
  size_t count = 0;
  if (given != nullptr) {
    StringInfoData lines;
    initStringInfo(&lines);
    appendBinaryStringInfo(&lines, VARDATA_ANY(given), static_cast<int>(VARSIZE_ANY_EXHDR(given)));
    appendStringInfoChar(&lines, '\n');
    FeedLines(v, {lines.data, static_cast<size_t>(lines.len)}, names, &count);
    if (count == 0) {
      Feed(v, [](AuditChain& chain) {
        chain.AddFinding("the anchor names no seal of this database");
      });
    }
  } else if (path != nullptr && !FeedAnchorFile(v, path, names, &count)) {
    ereport(WARNING,
            (errmsg("the audit's anchor could not be read, seals are not compared with it"),
             errhint("Give its lines to gdpr.verify_audit(), or use gdpr-batch verify --anchor.")));
  }
}

// --- seals and events

// The events of one server: read once, in the order of its seals.
struct System {
  int64 id;
  EventCursor* cursor;
  const Event* next;  // not fed yet
  System* other;
};

void Advance(System* system) {
  system->next = NextEvent(system->cursor);
}

// Where the events of a server begin that seals from `from_seal` on cover.
EventPlace PlaceBefore(int64 from_seal, int64 system) {
  EventPlace place{0, PG_INT64_MIN, PG_INT32_MIN};
  ReadRecords(
      psprintf("SELECT b.xid, b.statement, b.n FROM gdpr_internal.sealed_before(" INT64_FORMAT
               ", " INT64_FORMAT ") AS b",
               from_seal, system),
      [&](const Record& row) {
        place = {static_cast<uint64>(row.Number(1)), row.Number(2), row.Int(3)};
      });
  return place;
}

System* SystemOf(const Verification& v, System** systems, int64 id) {
  for (System* system = *systems; system != nullptr; system = system->other) {
    if (system->id == id) return system;
  }
  MemoryContext outer = MemoryContextSwitchTo(v.home);
  auto* system = static_cast<System*>(palloc0(sizeof(System)));
  system->id = id;
  system->cursor = BeginEvents(id, PlaceBefore(v.from_seal, id), kNoXid, true);
  system->other = *systems;
  *systems = system;
  Advance(system);
  MemoryContextSwitchTo(outer);
  return system;
}

bool IsAfter(const Event& event, const AuditSeal& upto) {
  const AuditStatement& statement = event.statement;
  if (statement.xid != upto.upto_xid) return statement.xid > *upto.upto_xid;
  if (statement.statement != upto.upto_statement) {
    return statement.statement > upto.upto_statement.value_or(PG_INT64_MIN);
  }
  return event.change.n > upto.upto_n.value_or(PG_INT32_MIN);
}

// Feeds events of a server up to the end of a seal, or all.
void FeedEvents(Verification& v, System* system, const AuditSeal* upto) {
  bool begun = false;
  for (; system->next != nullptr; Advance(system)) {
    const Event& event = *system->next;
    if (upto != nullptr && IsAfter(event, *upto)) return;
    Feed(v, [&](AuditChain& chain) {
      if (!begun || !event.same_statement) {
        chain.BeginStatement(event.statement, event.actor_tombstone);
      }
      chain.AddChange(event.change, event.tombstone);
    });
    begun = true;
  }
}

void FeedSeals(Verification& v, System** systems) {
  ReadRecords(psprintf(kSealQuery, v.from_seal), [&](const Record& row) {
    SealRecord record = ReadSeal(row);
    Feed(v, [&](AuditChain& chain) { chain.BeginSeal(record); });
    if (record.seal.kind != 'S' || !record.seal.upto_xid) return;
    FeedEvents(v, SystemOf(v, systems, record.seal.system_id), &record.seal);
  });
}

void FeedUnsealed(Verification& v, System** systems) {
  ReadRecords("SELECT id FROM gdpr_internal.audit_systems() AS s(id)",
              [&](const Record& row) { (void)SystemOf(v, systems, row.Number(1)); });
  for (System* system = *systems; system != nullptr; system = system->other) {
    Feed(v, [](AuditChain& chain) { chain.BeginUnsealed(); });
    FeedEvents(v, system, nullptr);
    EndEvents(system->cursor);
  }
}

// What the scan of events passes over: rows that belong to nothing.
void FeedStrays(Verification& v) {
  ReadRecords(
      "SELECT format('statement %s has lost its events', s.statement)"
      " FROM gdpr_internal.audit_statement AS s WHERE NOT EXISTS"
      " (SELECT FROM gdpr_internal.audit_change AS c WHERE c.statement = s.statement)"
      " UNION ALL SELECT format('statement %s is missing, which has %s rows', c.statement, "
      "count(*))"
      " FROM gdpr_internal.audit_change AS c WHERE NOT EXISTS"
      " (SELECT FROM gdpr_internal.audit_statement AS s WHERE s.statement = c.statement)"
      " GROUP BY c.statement"
      " UNION ALL SELECT format('event %s:%s is missing, which has a person', u.statement, u.n)"
      " FROM gdpr_internal.audit_subject AS u WHERE NOT EXISTS"
      " (SELECT FROM gdpr_internal.audit_change AS c WHERE c.statement = u.statement AND c.n = "
      "u.n)",
      [&](const Record& row) {
        std::string_view finding = row.Text(1).value_or("");
        Feed(v, [&](AuditChain& chain) { chain.AddFinding(std::string(finding)); });
      });
}

// Not for the verifier to decide: a copy of the database, or a log that was written anew and
// renamed.
void TellOtherHistory(Verification& v) {
  const auto& other = v.chain->OtherHistory();
  if (!other) return;
  ereport(NOTICE, (errmsg("the anchor has another history of this log, of a database \"%s\", from "
                          "seal " INT64_FORMAT " on",
                          other->database.c_str(), other->from_seal),
                   errhint("That is a copy of this database, or this database was renamed.")));
}

std::string_view ViewOf(const varlena* bytes) {
  if (bytes == nullptr) return "";
  return {VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.verify_audit(anchor text, instance text, key_id int, public_key bytea,
//   from_seal bigint)
//   -> setof (seal bigint, first_event text, last_event text, status text)
GDPR_FUNCTION(gdpr_verify_audit) {
  text* anchor = PG_ARGISNULL(0) ? nullptr : PG_GETARG_TEXT_PP(0);
  text* instance = PG_ARGISNULL(1) ? nullptr : PG_GETARG_TEXT_PP(1);
  int32 key_id = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
  bytea* public_key = PG_ARGISNULL(3) ? nullptr : PG_GETARG_BYTEA_PP(3);
  auto* v = static_cast<Verification*>(palloc0(sizeof(Verification)));
  v->from_seal = PG_ARGISNULL(4) ? 1 : PG_GETARG_INT64(4);
  const bool whole = v->from_seal <= 1;
  v->rows = BeginRows(fcinfo);
  v->home = CurrentMemoryContext;
  v->portion =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr verdicts", ALLOCSET_DEFAULT_SIZES);
  v->forget.func = ForgetChain;
  v->forget.arg = v;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, &v->forget);
  Failure failure;
  if (!Catch(failure, [&] { v->chain = new gdpr::AuditChain(whole); })) Report(failure);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  FeedKeys(*v, key_id, ViewOf(public_key));
  FeedConfigurations(*v);
  FeedShapes(*v);
  FeedAnchor(*v, anchor, ViewOf(instance));
  System* systems = nullptr;
  FeedSeals(*v, &systems);
  FeedUnsealed(*v, &systems);
  if (whole) FeedStrays(*v);
  Feed(*v, [](gdpr::AuditChain& chain) { chain.Finish(); });
  TellOtherHistory(*v);
  SPI_finish();
  PG_RETURN_NULL();
}
