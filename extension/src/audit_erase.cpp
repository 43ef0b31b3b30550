// SPDX-License-Identifier: PostgreSQL
// What takes the place of an event's values once they are erased: salted digests, so that the leaf
// stays what was sealed. Which rows, and what stays readable, is decided in 88-audit_erase.api.sql.
#include <optional>
#include <span>
#include <string>

#include "core/audit_leaf.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Kept for the call site: it holds OpenSSL's contexts.
struct Maker {
  MemoryContextCallback callback;
  LeafMaker* leaves;
};

void DeleteMaker(void* argument) {
  delete static_cast<Maker*>(argument)->leaves;
}

LeafMaker* MakerOf(FunctionCallInfo fcinfo) {
  auto* maker = static_cast<Maker*>(fcinfo->flinfo->fn_extra);
  if (maker != nullptr) return maker->leaves;
  maker = static_cast<Maker*>(MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Maker)));
  Failure failure;
  if (!Catch(failure, [&] { maker->leaves = new LeafMaker(); })) Report(failure);
  maker->callback.func = DeleteMaker;
  maker->callback.arg = maker;
  MemoryContextRegisterResetCallback(fcinfo->flinfo->fn_mcxt, &maker->callback);
  fcinfo->flinfo->fn_extra = maker;
  return maker->leaves;
}

// Bytes of an argument: plain data, so that it may live across a backend call.
struct Piece {
  const char* data;
  std::size_t size;
  bool isnull;

  std::optional<std::string_view> View() const {
    if (isnull) return std::nullopt;
    return std::string_view(data, size);
  }
};

Piece BytesArgument(FunctionCallInfo fcinfo, int number) {
  if (PG_ARGISNULL(number)) return Piece{nullptr, 0, true};
  bytea* value = PG_GETARG_BYTEA_PP(number);
  return Piece{VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), false};
}

// Leaves are made of UTF-8.
Piece TextArgument(FunctionCallInfo fcinfo, int number) {
  Piece piece = BytesArgument(fcinfo, number);
  if (piece.isnull) return piece;
  std::string_view utf8 = ToCoreAnyway(piece.data, piece.size);
  return Piece{utf8.data(), utf8.size(), false};
}

[[noreturn]] void NotOurs() {
  ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                  errmsg("an event of the audit log is not as it was written"),
                  errhint("gdpr.verify_audit() names the event.")));
  pg_unreachable();
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr_internal.erased_body(subject_key text, row_key text, seed bytea, body bytea,
//   readable int2[], hide_subject_key boolean, hide_row_key boolean) -> bytea
GDPR_FUNCTION(gdpr_erased_body) {
  Piece subject_key = TextArgument(fcinfo, 0);
  Piece row_key = TextArgument(fcinfo, 1);
  Piece seed = BytesArgument(fcinfo, 2);
  Piece body = BytesArgument(fcinfo, 3);
  ArrayType* readable = PG_GETARG_ARRAYTYPE_P(4);
  bool hide_subject_key = PG_GETARG_BOOL(5);
  bool hide_row_key = PG_GETARG_BOOL(6);
  auto* numbers = reinterpret_cast<std::int16_t*>(ARR_DATA_PTR(readable));
  std::size_t count = ArrayGetNItems(ARR_NDIM(readable), ARR_DIMS(readable));
  LeafMaker* maker = MakerOf(fcinfo);
  varlena* result = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    AuditChange change;
    change.subject_key = subject_key.View();
    change.row_key = row_key.View();
    change.seed = seed.View();
    change.body = body.View().value_or("");
    std::optional<std::string> erased =
        maker->ErasedBody(change, {numbers, count}, hide_subject_key, hide_row_key);
    if (erased.has_value()) result = TextOf(*erased);
  });
  if (!ok) Report(failure);
  if (result == nullptr) NotOurs();
  PG_RETURN_BYTEA_P(result);
}

// gdpr_internal.actor_digests(seed bytea, app_user text, client_address inet) -> bytea
GDPR_FUNCTION(gdpr_actor_digests) {
  Piece seed = BytesArgument(fcinfo, 0);
  Piece app_user = TextArgument(fcinfo, 1);
  Piece address{nullptr, 0, true};
  if (!PG_ARGISNULL(2)) {
    const char* text = OidOutputFunctionCall(F_INET_OUT, PG_GETARG_DATUM(2));
    address = Piece{text, strlen(text), false};
  }
  LeafMaker* maker = MakerOf(fcinfo);
  varlena* result = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    AuditStatement statement;
    statement.seed = seed.View();
    statement.app_user = app_user.View();
    statement.client_address = address.View();
    std::optional<std::string> digests = maker->ActorDigests(statement);
    if (digests.has_value()) result = TextOf(*digests);
  });
  if (!ok) Report(failure);
  if (result == nullptr) NotOurs();
  PG_RETURN_BYTEA_P(result);
}

// gdpr_internal.subject_digest(salt bytea, subject_key text) -> bytea
GDPR_FUNCTION(gdpr_subject_digest) {
  Piece salt = BytesArgument(fcinfo, 0);
  Piece key = TextArgument(fcinfo, 1);
  LeafMaker* maker = MakerOf(fcinfo);
  varlena* result = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    gdpr::Hash digest = maker->SubjectDigest(salt.View().value_or(""), key.View().value_or(""));
    result = TextOf({reinterpret_cast<const char*>(digest.data()), digest.size()});
  });
  if (!ok) Report(failure);
  PG_RETURN_BYTEA_P(result);
}
