// SPDX-License-Identifier: PostgreSQL
// What exports and proofs of the audit log need of core.
#include <algorithm>
#include <vector>

#include "core/merkle.hpp"
#include "extension/src/anchor.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/event_scan.hpp"
#include "extension/src/rows.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

struct Proof {
  int32 place;  // -1: the event is none of the leaves
  Datum leaf;
  Datum* hashes;
  int count;
};

Datum BytesOf(const Hash& hash) {
  return PointerGetDatum(TextOf(AsText(hash)));
}

// Within Catch.
void Prove(const Event& event, std::string_view leaves, Proof* proof) {
  LeafMaker maker;
  Hash statement{};
  Hash leaf{};
  proof->place = -1;
  if (!maker.StatementDigest(event.statement, statement) ||
      !maker.Leaf(statement, event.change, leaf)) {
    return;
  }
  std::vector<Hash> all(leaves.size() / kHashBytes);
  memcpy(all.data(), leaves.data(), all.size() * kHashBytes);
  auto found = std::find(all.begin(), all.end(), leaf);
  if (found == all.end()) return;
  std::vector<Hash> hashes = ProofOf(maker.Hasher(), all, static_cast<uint64>(found - all.begin()));
  proof->leaf = BytesOf(leaf);
  proof->hashes = static_cast<Datum*>(Allocate(sizeof(Datum) * (hashes.size() + 1)));
  for (const Hash& hash : hashes) proof->hashes[proof->count++] = BytesOf(hash);
  proof->place = static_cast<int32>(found - all.begin());
}

// Reads the one event, and proves it. False: it is not there.
bool ReadAndProve(int64 system_id, EventPlace place, std::string_view leaves, Proof* proof) {
  place.n -= 1;
  EventCursor* cursor = BeginEvents(system_id, place, place.xid + 1, true);
  const Event* event = NextEvent(cursor);
  bool found = event != nullptr && event->statement.statement == place.statement &&
               event->change.n == place.n + 1;
  Failure failure;
  if (found && !Catch(failure, [&] { Prove(*event, leaves, proof); })) Report(failure);
  EndEvents(cursor);
  return found && proof->place >= 0;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.anchor_database() -> text
GDPR_FUNCTION(gdpr_anchor_database) {
  PG_RETURN_TEXT_P(cstring_to_text(AnchorDatabase()));
}

// gdpr_internal.export_text(value text) -> jsonb
GDPR_FUNCTION(gdpr_export_text) {
  text* value = PG_GETARG_TEXT_PP(0);
  JsonbValue string;
  string.type = jbvString;
  string.val.string.val = VARDATA_ANY(value);
  string.val.string.len = VARSIZE_ANY_EXHDR(value);
  if (GetDatabaseEncoding() == PG_UTF8) PG_RETURN_JSONB_P(JsonbValueToJsonb(&string));
  std::string_view bytes = TextViewAnyway(PG_GETARG_DATUM(0));
  JsonbParseState* state = nullptr;
  JsonbValue name;
  name.type = jbvString;
  name.val.string.val = const_cast<char*>("hex");
  name.val.string.len = 3;
  string.val.string.len = static_cast<int>(2 * bytes.size());
  string.val.string.val = static_cast<char*>(palloc(2 * bytes.size() + 1));
  hex_encode(bytes.data(), bytes.size(), string.val.string.val);
  pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
  pushJsonbValue(&state, WJB_KEY, &name);
  pushJsonbValue(&state, WJB_VALUE, &string);
  PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

// gdpr_internal.proof_of_event(system_id bigint, xid xid8, statement bigint, n int, leaves bytea)
//   -> setof (place int, leaf bytea, proof bytea[])
GDPR_FUNCTION(gdpr_proof_of_event) {
  EventPlace place{U64FromFullTransactionId(PG_GETARG_FULLTRANSACTIONID(1)), PG_GETARG_INT64(2),
                   PG_GETARG_INT32(3)};
  bytea* leaves = PG_GETARG_BYTEA_PP(4);
  Rows rows = BeginRows(fcinfo);
  MemoryContext home = CurrentMemoryContext;
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  Proof proof{};
  bool found =
      ReadAndProve(PG_GETARG_INT64(0), place,
                   {VARDATA_ANY(leaves), static_cast<size_t>(VARSIZE_ANY_EXHDR(leaves))}, &proof);
  if (found) {
    ArrayType* hashes =
        construct_array(proof.hashes, proof.count, BYTEAOID, -1, false, TYPALIGN_INT);
    Datum values[] = {Int32GetDatum(proof.place), proof.leaf, PointerGetDatum(hashes)};
    bool nulls[] = {false, false, false};
    AddRow(rows, values, nulls);
  }
  SPI_finish();
  MemoryContextSwitchTo(home);
  PG_RETURN_NULL();
}
