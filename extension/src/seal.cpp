// SPDX-License-Identifier: PostgreSQL
// Sealing: the committed events that no seal covers yet become the leaves of a Merkle tree, whose
// root is chained to the seal before and signed. One at a time; a batch is one transaction's work
// or nothing.
#include <memory>
#include <new>
#include <string>

#include "core/audit_leaf.hpp"
#include "core/merkle.hpp"
#include "core/seal_sign.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/event_scan.hpp"
#include "extension/src/key.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/types.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr uint64 kEventsPerCheck = 1000;

// Objects of OpenSSL that many events need, owned by a memory context.
struct Tools {
  LeafMaker* leaves;
  SealSigner* signer;
  int32 key_id;
  MemoryContextCallback forget;
};

void ForgetTools(void* argument) {
  auto* tools = static_cast<Tools*>(argument);
  delete tools->leaves;
  delete tools->signer;
}

// errors  55000 no key
Tools* MakeTools() {
  KnownKey known = RequireKnownKey();
  Master master;
  LoadMaster(known, &master);
  auto* tools = static_cast<Tools*>(palloc0(sizeof(Tools)));
  tools->key_id = known.id;
  tools->forget.func = ForgetTools;
  tools->forget.arg = tools;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, &tools->forget);
  Failure failure;
  bool ok = Catch(failure, [&] {
    tools->leaves = new LeafMaker;
    tools->signer = new SealSigner({master.bytes, kKeyBytes});
  });
  explicit_bzero(&master, sizeof(master));
  if (!ok) Report(failure);
  return tools;
}

// --- small pieces of SPI

void Run(const char* query, int count, Oid* types, Datum* values, const char* nulls, int expected) {
  int code = SPI_execute_with_args(query, count, types, values, nulls, false, 0);
  if (code != expected) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
}

struct Field {
  Datum value;
  bool isnull;
};

Field Get(int column) {
  Field field{};
  field.value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &field.isnull);
  return field;
}

Hash HashOf(Field field) {
  varlena* bytes = PG_DETOAST_DATUM_PACKED(field.value);
  auto hash = HashFrom({VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))});
  if (!hash) ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a seal holds no digest")));
  return *hash;
}

Datum BytesOf(std::string_view bytes) {
  auto* result = static_cast<varlena*>(palloc_extended(VARHDRSZ + bytes.size(), MCXT_ALLOC_HUGE));
  SET_VARSIZE(result, VARHDRSZ + bytes.size());
  memcpy(VARDATA(result), bytes.data(), bytes.size());
  return PointerGetDatum(result);
}

int64 OwnSystem() {
  return static_cast<int64>(GetSystemIdentifier());
}

// --- the chain

// What the next seal follows.
struct Chain {
  int64 seal;
  Hash digest;
  Hash configuration;
};

// Takes the lock, so that nobody else seals until the end of the transaction.
Chain LastSeal() {
  Run("LOCK TABLE gdpr_internal.audit_seal IN SHARE ROW EXCLUSIVE MODE", 0, nullptr, nullptr,
      nullptr, SPI_OK_UTILITY);
  Run("SELECT seal, digest, configuration FROM gdpr_internal.audit_seal ORDER BY seal DESC LIMIT 1",
      0, nullptr, nullptr, nullptr, SPI_OK_SELECT);
  Chain chain{};
  if (SPI_processed == 0) return chain;
  chain.seal = DatumGetInt64(Get(1).value);
  chain.digest = HashOf(Get(2));
  chain.configuration = HashOf(Get(3));
  return chain;
}

// Where the seals of a system end.
EventPlace SealedUpTo(int64 system_id) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(system_id)};
  Run("SELECT upto_xid, upto_statement, upto_n FROM gdpr_internal.audit_seal"
      " WHERE system_id = $1 AND kind = 'S' AND upto_xid IS NOT NULL ORDER BY seal DESC LIMIT 1",
      1, types, values, nullptr, SPI_OK_SELECT);
  if (SPI_processed == 0) return {0, PG_INT64_MIN, PG_INT32_MIN};
  return {static_cast<uint64>(DatumGetInt64(Get(1).value)), DatumGetInt64(Get(2).value),
          DatumGetInt32(Get(3).value)};
}

// Transactions below it are over, and what they wrote is visible from now on.
uint64 Horizon() {
  Run("SELECT pg_snapshot_xmin(pg_current_snapshot())", 0, nullptr, nullptr, nullptr,
      SPI_OK_SELECT);
  return static_cast<uint64>(DatumGetInt64(Get(1).value));
}

// Another server's events that are not sealed: a restore brought them. False: there are none.
bool FindForeign(int64* system_id) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(OwnSystem())};
  Run("SELECT gdpr_internal.unsealed_system($1)", 1, types, values, nullptr, SPI_OK_SELECT);
  Field found = Get(1);
  *system_id = found.isnull ? 0 : DatumGetInt64(found.value);
  return !found.isnull;
}

// Stores what is audited now, unless it is known already. Returns its digest.
Hash StoreConfiguration(Tools* tools) {
  Run("SELECT gdpr_internal.audit_configuration()", 0, nullptr, nullptr, nullptr, SPI_OK_SELECT);
  Field body = Get(1);
  if (body.isnull) elog(ERROR, "the audit has no configuration");
  std::string_view text = TextViewAnyway(body.value);
  Hash digest{};
  Failure failure;
  bool ok = Catch(failure, [&] { digest = tools->leaves->ConfigurationDigest(text); });
  if (!ok) Report(failure);
  Oid types[] = {BYTEAOID, TEXTOID};
  Datum values[] = {BytesOf(AsText(digest)), body.value};
  Run("INSERT INTO gdpr_internal.audit_configuration (digest, body) VALUES ($1, $2)"
      " ON CONFLICT (digest) DO NOTHING",
      2, types, values, nullptr, SPI_OK_INSERT);
  return digest;
}

void StoreKey(const Tools* tools) {
  const PublicKey& key = tools->signer->Public();
  Oid types[] = {INT4OID, BYTEAOID};
  Datum values[] = {Int32GetDatum(tools->key_id),
                    BytesOf({reinterpret_cast<const char*>(key.data()), key.size()})};
  Run("INSERT INTO gdpr_internal.audit_key (key_id, public_key) VALUES ($1, $2)"
      " ON CONFLICT (key_id) DO NOTHING",
      2, types, values, nullptr, SPI_OK_INSERT);
}

// While a restore loads the log, it has no indexes yet: what is there is not all, and its own seals
// are still to come.
void RefuseRestore() {
  Run("SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
      " WHERE i.inhparent = 'gdpr_internal.audit_change'::regclass AND NOT c.relhasindex",
      0, nullptr, nullptr, nullptr, SPI_OK_SELECT);
  if (SPI_processed == 0) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE), errmsg("the audit log is being restored"),
                  errhint("It is sealed once its indexes are there.")));
}

// Signs a seal that is complete but for its place in the chain, and stores it.
void StoreSeal(Tools* tools, const Chain& last, AuditSeal& seal) {
  seal.seal = last.seal + 1;
  seal.previous = last.digest;
  seal.sealed_at = GetCurrentTimestamp();
  seal.key_id = tools->key_id;
  Hash digest{};
  Signature signature{};
  Failure failure;
  bool ok = Catch(failure, [&] {
    digest = SealDigest(tools->leaves->Hasher(), seal);
    signature = tools->signer->Sign(digest);
  });
  if (!ok) Report(failure);
  Oid types[] = {INT8OID, CHAROID,  BYTEAOID, TIMESTAMPTZOID, INT8OID, XID8OID,  INT8OID, INT4OID,
                 INT4OID, BYTEAOID, INT8OID,  BYTEAOID,       INT4OID, BYTEAOID, BYTEAOID};
  uint64 xid = seal.upto_xid.value_or(0);
  Datum values[] = {Int64GetDatum(seal.seal),
                    CharGetDatum(seal.kind),
                    BytesOf(AsText(seal.previous)),
                    TimestampTzGetDatum(seal.sealed_at),
                    Int64GetDatum(seal.system_id),
                    FullTransactionIdGetDatum(FullTransactionIdFromU64(xid)),
                    Int64GetDatum(seal.upto_statement.value_or(0)),
                    Int32GetDatum(seal.upto_n.value_or(0)),
                    Int32GetDatum(seal.events),
                    BytesOf(AsText(seal.root)),
                    Int64GetDatum(seal.dropped_before.value_or(0)),
                    BytesOf(AsText(seal.configuration)),
                    Int32GetDatum(seal.key_id),
                    BytesOf(AsText(digest)),
                    BytesOf({reinterpret_cast<const char*>(signature.data()), signature.size()})};
  char nulls[] = "               ";
  if (!seal.upto_xid) nulls[5] = nulls[6] = nulls[7] = 'n';
  if (!seal.dropped_before) nulls[10] = 'n';
  Run("INSERT INTO gdpr_internal.audit_seal (seal, kind, previous, sealed_at, system_id, upto_xid,"
      " upto_statement, upto_n, events, root, dropped_before, configuration, key_id, digest,"
      " signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      lengthof(types), types, values, nulls, SPI_OK_INSERT);
  StoreKey(tools);
  // The worker writes it to the anchor once it is committed
  if (!IsBackgroundWorker) NoteAuditWork();
}

void StoreLeaves(int64 seal, const Hash* leaves, size_t count) {
  Oid types[] = {INT8OID, BYTEAOID};
  Datum values[] = {Int64GetDatum(seal),
                    BytesOf({reinterpret_cast<const char*>(leaves), count * kHashBytes})};
  Run("INSERT INTO gdpr_internal.audit_leaves (seal, leaves) VALUES ($1, $2)", 2, types, values,
      nullptr, SPI_OK_INSERT);
}

// --- a batch

struct Batch {
  Hash* leaves;
  size_t count;
  EventPlace upto;
};

[[noreturn]] void RefuseEvent(const Event& event) {
  ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                  errmsg("event " INT64_FORMAT ":%d of the audit log is not as it was ever written",
                         event.statement.statement, event.change.n),
                  errhint("Find out who changed it; nothing after it is sealed.")));
  pg_unreachable();
}

void MakeLeaf(Tools* tools, const Event& event, Hash* statement, Hash* leaf) {
  Failure failure;
  bool sound = false;
  bool ok = Catch(failure, [&] {
    sound = (event.same_statement || tools->leaves->StatementDigest(event.statement, *statement)) &&
            tools->leaves->Leaf(*statement, event.change, *leaf);
  });
  if (!ok) Report(failure);
  if (!sound) RefuseEvent(event);
}

Batch ReadBatch(Tools* tools, int64 system_id, uint64 before_xid) {
  Batch batch{};
  batch.leaves = static_cast<Hash*>(palloc(sizeof(Hash) * kSealEvents));
  EventCursor* cursor = BeginEvents(system_id, SealedUpTo(system_id), before_xid, false);
  Hash statement{};
  while (batch.count < kSealEvents) {
    const Event* event = NextEvent(cursor);
    if (event == nullptr) break;
    MakeLeaf(tools, *event, &statement, &batch.leaves[batch.count++]);
    batch.upto = {event->statement.xid, event->statement.statement, event->change.n};
    if (batch.count % kEventsPerCheck == 0) CHECK_FOR_INTERRUPTS();
  }
  EndEvents(cursor);
  return batch;
}

AuditSeal SealOf(Tools* tools, int64 system_id, const Batch& batch, const Hash& configuration) {
  AuditSeal seal;
  seal.system_id = system_id;
  seal.events = static_cast<std::int32_t>(batch.count);
  seal.configuration = configuration;
  if (batch.count > 0) {
    seal.upto_xid = batch.upto.xid;
    seal.upto_statement = batch.upto.statement;
    seal.upto_n = batch.upto.n;
  }
  Failure failure;
  bool ok = Catch(failure, [&] {
    seal.root = RootOf(tools->leaves->Hasher(), {batch.leaves, batch.count});
  });
  if (!ok) Report(failure);
  return seal;
}

// Seals one batch. Returns its events.
int SealBatch(bool foreign) {
  // First of all: without a key nothing is looked at
  Tools* tools = MakeTools();
  Chain last = LastSeal();
  RefuseRestore();
  int64 system_id = OwnSystem();
  uint64 before_xid = kNoXid;
  if (!foreign || !FindForeign(&system_id)) {
    system_id = OwnSystem();
    before_xid = Horizon();
  }
  Batch batch = ReadBatch(tools, system_id, before_xid);
  if (batch.count == 0 && last.seal == 0) return 0;
  // Without events: a seal only where what is audited is not what the last seal says
  Hash configuration = StoreConfiguration(tools);
  if (batch.count == 0 && configuration == last.configuration) return 0;
  AuditSeal seal = SealOf(tools, system_id, batch, configuration);
  StoreSeal(tools, last, seal);
  StoreLeaves(seal.seal, batch.leaves, batch.count);
  return static_cast<int>(batch.count);
}

void BeginWork(const char* what) {
  PreventCommandIfReadOnly(what);
  // A snapshot that is older than the lock could miss seals
  if (IsolationUsesXactSnapshot()) {
    ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                    errmsg("the audit log is sealed in isolation level READ COMMITTED"),
                    errhint("Use BEGIN ISOLATION LEVEL READ COMMITTED.")));
  }
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
}

// --- what was dropped

void AddDropped(DroppedDigest* digest, int64 seal, Field ranges) {
  Failure failure;
  bool ok;
  if (ranges.isnull) {
    ok = Catch(failure, [&] { digest->Whole(seal); });
    if (!ok) Report(failure);
    return;
  }
  ArrayType* bounds = DatumGetArrayTypeP(ranges.value);
  auto* places = reinterpret_cast<int32*>(ARR_DATA_PTR(bounds));
  int count = ArrayGetNItems(ARR_NDIM(bounds), ARR_DIMS(bounds));
  for (int i = 0; i + 1 < count; i += 2) {
    ok = Catch(failure, [&] { digest->Range(seal, places[i], places[i + 1]); });
    if (!ok) Report(failure);
  }
}

void DeleteDigest(void* argument) {
  delete static_cast<DroppedDigest*>(argument);
}

Hash DroppedRoot() {
  DroppedDigest* digest = nullptr;
  auto* callback = static_cast<MemoryContextCallback*>(palloc0(sizeof(MemoryContextCallback)));
  Failure failure;
  bool ok = Catch(failure, [&] { digest = new DroppedDigest; });
  if (!ok) Report(failure);
  callback->func = DeleteDigest;
  callback->arg = digest;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
  // NULL: the whole seal; otherwise from, to, from, to …
  Portal portal = SPI_cursor_open_with_args(
      nullptr,
      "SELECT l.seal, CASE WHEN l.leaves IS NOT NULL THEN (SELECT array_agg(b.place ORDER BY"
      " b.place) FROM unnest(l.dropped) AS r, LATERAL (VALUES (lower(r)), (upper(r))) AS b(place))"
      " END FROM gdpr_internal.audit_leaves AS l JOIN gdpr_internal.audit_seal AS s"
      " ON s.seal = l.seal WHERE s.events > 0 AND (l.leaves IS NULL OR l.dropped IS NOT NULL)"
      " ORDER BY l.seal",
      0, nullptr, nullptr, nullptr, false, 0);
  for (;;) {
    SPI_cursor_fetch(portal, true, 1);
    if (SPI_processed == 0) break;
    AddDropped(digest, DatumGetInt64(Get(1).value), Get(2));
    SPI_freetuptable(SPI_tuptable);
  }
  SPI_cursor_close(portal);
  Hash root{};
  ok = Catch(failure, [&] { root = digest->Finish(); });
  if (!ok) Report(failure);
  return root;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.seal_batch(foreign boolean) -> int
GDPR_FUNCTION(gdpr_seal_batch) {
  BeginWork("gdpr_internal.seal_batch()");
  int events = SealBatch(PG_GETARG_BOOL(0));
  SPI_finish();
  PG_RETURN_INT32(events);
}

// gdpr_internal.seal_dropped(dropped_before bigint): after audit_leaves says what goes
GDPR_FUNCTION(gdpr_seal_dropped) {
  BeginWork("gdpr_internal.seal_dropped()");
  Tools* tools = MakeTools();
  Chain last = LastSeal();
  gdpr::AuditSeal seal;
  seal.kind = 'D';
  seal.system_id = OwnSystem();
  seal.dropped_before = PG_GETARG_INT64(0);
  seal.configuration = StoreConfiguration(tools);
  seal.root = DroppedRoot();
  StoreSeal(tools, last, seal);
  SPI_finish();
  PG_RETURN_VOID();
}

// gdpr.audit_public_key() -> bytea
GDPR_FUNCTION(gdpr_audit_public_key) {
  Tools* tools = MakeTools();
  const gdpr::PublicKey& key = tools->signer->Public();
  PG_RETURN_DATUM(BytesOf({reinterpret_cast<const char*>(key.data()), key.size()}));
}

// gdpr_internal.system_id() -> bigint
GDPR_FUNCTION(gdpr_system_id) {
  PG_RETURN_INT64(OwnSystem());
}
