// SPDX-License-Identifier: PostgreSQL
// Tokens are made and opened here; what they are good for is decided in 76-tokens.api.sql.
#include "core/token.hpp"

#include <string>

#include "extension/src/bridge.hpp"
#include "extension/src/key.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// The box of this backend: whose it is, and the context that it dies with.
struct Keeper {
  MemoryContextCallback callback;
  MemoryContext context;
  TokenBox* box;
  KnownKey known;
  uint64 generation;
};

Keeper* keeper = nullptr;

void DeleteBox(void* argument) {
  delete static_cast<Keeper*>(argument)->box;
}

bool IsCurrent(const KnownKey& known) {
  return keeper != nullptr && keeper->generation == key_generation &&
         keeper->known.id == known.id &&
         strcmp(keeper->known.fingerprint, known.fingerprint) == 0 &&
         memcmp(&keeper->known.instance, &known.instance, sizeof(known.instance)) == 0;
}

// The box of this database's key. The row that names the key is read each time: it may have been
// made, or rolled back, since the last token.
TokenBox* Box() {
  KnownKey known = RequireKnownKey();
  if (IsCurrent(known)) return keeper->box;
  if (keeper != nullptr) MemoryContextDelete(keeper->context);
  keeper = nullptr;
  Master master;
  LoadMaster(known, &master);
  char* instance = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&known.instance)));
  MemoryContext context =
      AllocSetContextCreate(TopMemoryContext, "pg_gdpr tokens", ALLOCSET_SMALL_SIZES);
  auto* fresh = static_cast<Keeper*>(MemoryContextAllocZero(context, sizeof(Keeper)));
  fresh->context = context;
  fresh->known = known;
  fresh->generation = key_generation;
  Failure failure;
  bool ok = Catch(failure, [&] {
    fresh->box = new TokenBox({master.bytes, kKeyBytes}, instance, static_cast<uint32>(known.id));
  });
  explicit_bzero(&master, sizeof(master));
  if (!ok) {
    MemoryContextDelete(context);
    Report(failure);
  }
  fresh->callback.func = DeleteBox;
  fresh->callback.arg = fresh;
  MemoryContextRegisterResetCallback(context, &fresh->callback);
  keeper = fresh;
  return fresh->box;
}

std::string_view Argument(FunctionCallInfo fcinfo, int number) {
  text* argument = PG_GETARG_TEXT_PP(number);
  return ToCore(VARDATA_ANY(argument), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(argument)));
}

[[noreturn]] void RefuseToken() {
  Failure failure;
  if (Catch(failure, [] { throw TokenNotValid(); })) pg_unreachable();
  Report(failure);
}

// A text of core, as it comes out of Catch: NUL-terminated, in the current context.
char* CopyOf(const std::string& from) {
  auto* copy = static_cast<char*>(Allocate(from.size() + 1));
  memcpy(copy, from.c_str(), from.size() + 1);
  return copy;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr_internal.make_token(subject_type text, subject_key text, purpose text, form text,
//   form_version integer, issued_at timestamptz, expires_at timestamptz) -> text
GDPR_FUNCTION(gdpr_make_token) {
  TokenBox* box = Box();
  const std::string_view subject_type = Argument(fcinfo, 0);
  const std::string_view subject_key = Argument(fcinfo, 1);
  const std::string_view purpose = Argument(fcinfo, 2);
  const std::string_view form = Argument(fcinfo, 3);
  const int32 form_version = PG_GETARG_INT32(4);
  const TimestampTz issued_at = PG_GETARG_TIMESTAMPTZ(5);
  const TimestampTz expires_at = PG_GETARG_TIMESTAMPTZ(6);
  text* token = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    token =
        TextOf(box->Seal({std::string(subject_type), std::string(subject_key), std::string(purpose),
                          std::string(form), form_version, issued_at, expires_at}));
  });
  if (!ok) Report(failure);
  PG_RETURN_TEXT_P(token);
}

// gdpr_internal.open_token(token text) -> record (digest bytea, subject_type text, subject_key
// text,
//   purpose text, form text, form_version integer, issued_at timestamptz, expires_at timestamptz)
GDPR_FUNCTION(gdpr_open_token) {
  TokenBox* box = Box();
  // Whatever is too long is not even read. A NULL is no token, either.
  if (PG_ARGISNULL(0) || toast_raw_datum_size(PG_GETARG_DATUM(0)) > kTokenChars + VARHDRSZ) {
    RefuseToken();
  }
  text* argument = PG_GETARG_TEXT_PP(0);
  const std::string_view token(VARDATA_ANY(argument),
                               static_cast<std::size_t>(VARSIZE_ANY_EXHDR(argument)));
  bytea* digest = nullptr;
  const char* texts[4] = {};
  int32 form_version = 0;
  TimestampTz issued_at = 0;
  TimestampTz expires_at = 0;
  Failure failure;
  bool ok = Catch(failure, [&] {
    TokenTag tag;
    const std::optional<TokenContent> content = box->Open(token, &tag);
    if (!content) throw TokenNotValid();
    digest = TextOf({reinterpret_cast<const char*>(tag.data()), tag.size()});
    texts[0] = CopyOf(content->subject_type);
    texts[1] = CopyOf(content->subject_key);
    texts[2] = CopyOf(content->purpose);
    texts[3] = CopyOf(content->form);
    form_version = content->form_version;
    issued_at = content->issued_at;
    expires_at = content->expires_at;
  });
  if (!ok) Report(failure);
  TupleDesc columns;
  if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "open_token must return a row");
  }
  Datum values[8] = {PointerGetDatum(digest)};
  for (int i = 0; i < 4; i++) values[i + 1] = CStringGetTextDatum(FromUtf8(texts[i]));
  values[5] = Int32GetDatum(form_version);
  values[6] = TimestampTzGetDatum(issued_at);
  values[7] = TimestampTzGetDatum(expires_at);
  bool nulls[8] = {};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}
