// SPDX-License-Identifier: PostgreSQL
// The keys of profiles fake and pseudonym, gdpr.reveal(), gdpr.locale_of().
#include "extension/src/keyed_values.hpp"

#include <string>
#include <string_view>

#include "core/fake/fake_room.hpp"
#include "core/locale.hpp"
#include "core/pseudonym.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/key.hpp"
#include "extension/src/owner.hpp"
#include "extension/src/rows.hpp"
#include "extension/src/types.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

Keyed* keys = nullptr;

// gdpr.reveal(text, text): EXECUTE on it is what bundle operator gives.
Oid RevealFunction() {
  Oid schema = get_namespace_oid("gdpr", false);
  Oid types[2] = {TEXTOID, TEXTOID};
  oidvector* arguments = buildoidvector(types, 2);
  return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("reveal"),
                         PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

bool IsOperator(Oid role) {
  if (superuser_arg(role)) return true;
  Oid reveal = RevealFunction();
  return OidIsValid(reveal) && MayExecute(reveal, role);
}

}  // namespace

void CheckKeyedRights(Oid* allowed, const void* profile) {
  Oid role = GetUserId();
  if (role == *allowed) return;
  if (KeyedWork(profile)) return;
  if (!IsOperator(role)) {
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("profiles \"fake\" and \"pseudonym\" need bundle \"operator\""),
             errdetail("Whoever gets an answer for every guess can find out who is behind one."),
             errhint("Ask for gdpr.grant_bundle('operator', 'role'), or use mask or generalize.")));
  }
  *allowed = role;
}

Keyed* BackendKeys() {
  if (keys != nullptr) return keys;
  Master master;
  LoadMaster(RequireKnownKey(), &master);
  Failure failure;
  bool ok = Catch(failure, [&] { keys = new Keyed({master.bytes, kKeyBytes}); });
  explicit_bzero(&master, sizeof(master));
  if (!ok) Report(failure);
  return keys;
}

Keyed* NobodysKeys() {
  static Keyed* nobodys = nullptr;
  if (nobodys != nullptr) return nobodys;
  Failure failure;
  bool ok = Catch(failure, [&] {
    constexpr uint8 kNobody[kKeyBytes] = {};
    nobodys = new Keyed({kNobody, kKeyBytes});
  });
  if (!ok) Report(failure);
  return nobodys;
}

void ForgetKeyedValues() {
  delete keys;
  keys = nullptr;
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.reveal(value text, rule text) -> text
GDPR_FUNCTION(gdpr_reveal) {
  Oid allowed = InvalidOid;
  CheckKeyedRights(&allowed, nullptr);
  std::string_view value = TextView(PG_GETARG_DATUM(0));
  std::string_view rule = TextView(PG_GETARG_DATUM(1));
  gdpr::Keyed* master = BackendKeys();
  Failure failure;
  char* revealed = nullptr;
  bool ok = Catch(failure, [&] {
    std::string text = gdpr::Reveal(gdpr::ParseRule(rule), *master, value);
    revealed = static_cast<char*>(Allocate(text.size() + 1));
    text.copy(revealed, text.size());
    revealed[text.size()] = '\0';
  });
  if (!ok) Report(failure);
  PG_RETURN_TEXT_P(cstring_to_text(FromUtf8(revealed)));
}

// gdpr.locale_of(country text) -> text, NULL where nothing is known
GDPR_FUNCTION(gdpr_locale_of) {
  gdpr::Locale locale = gdpr::LocaleOfCountry(TextView(PG_GETARG_DATUM(0)));
  if (locale == gdpr::Locale::kNone) PG_RETURN_NULL();
  std::string_view name = gdpr::LocaleName(locale);
  PG_RETURN_TEXT_P(cstring_to_text_with_len(name.data(), static_cast<int>(name.size())));
}

// gdpr_internal.fake_room(rule text, data_type regtype, typmod int) -> how text, bits float8: what
// makes fakes differ in a column of that type
GDPR_FUNCTION(gdpr_fake_room) {
  std::string_view rule = TextView(PG_GETARG_DATUM(0));
  TypeInfo* type = ReadType(PG_GETARG_OID(1), CurrentMemoryContext);
  int length = LengthOfTypmod(type->base, PG_GETARG_INT32(2));
  Rows rows = BeginRows(fcinfo);
  Failure failure;
  const char* how = nullptr;
  double bits = 0;
  bool ok = Catch(failure, [&] {
    gdpr::Rule parsed = gdpr::ParseRule(rule);
    if (parsed.facts.length == 0) parsed.facts.length = length;
    gdpr::FakeRoom room = gdpr::RoomOf(parsed, gdpr::Profile::kFake, MakeFacts(*type));
    constexpr const char* kHow[] = {"permutation", "bits", "too small", "not unique"};
    how = kHow[static_cast<int>(room.how)];
    bits = room.bits;
  });
  if (!ok) Report(failure);
  Datum values[2] = {CStringGetTextDatum(how), Float8GetDatum(bits)};
  bool nulls[2] = {};
  AddRow(rows, values, nulls);
  return static_cast<Datum>(0);
}
