// SPDX-License-Identifier: PostgreSQL
// Rules and kinds as SQL sees them.
#include "extension/src/rule.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "core/kind.hpp"
#include "core/rule.hpp"
#include "core/treat.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/rows.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// A text that fits a fixed place of a row; core's texts are ASCII.
Datum TextDatum(std::string_view text) {
  return PointerGetDatum(TextOf(text));
}

}  // namespace

const char* CanonicalRule(const char* rule, std::size_t size) {
  Failure failure;
  char* canonical = nullptr;
  std::string_view utf8 = ToCore(rule, size);
  bool ok = Catch(failure, [&] {
    std::string text = FormatRule(ParseRule(utf8));
    canonical = static_cast<char*>(Allocate(text.size() + 1));
    text.copy(canonical, text.size());
    canonical[text.size()] = '\0';
  });
  if (!ok) Report(failure);
  return FromUtf8(canonical);
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.check_rule(rule text) -> text: the canonical rule, or the parser's error
GDPR_FUNCTION(gdpr_check_rule) {
  text* rule = PG_GETARG_TEXT_PP(0);
  const char* canonical = CanonicalRule(VARDATA_ANY(rule), VARSIZE_ANY_EXHDR(rule));
  PG_RETURN_TEXT_P(cstring_to_text(canonical));
}

// gdpr_internal.kinds() -> kind, category, description, special, one column per profile, remark
GDPR_FUNCTION(gdpr_kinds) {
  Rows rows = BeginRows(fcinfo);
  constexpr int kColumns = 5 + gdpr::kProfiles;
  for (std::size_t i = 0; i < gdpr::Kinds().size(); i++) {
    Datum values[kColumns];
    bool nulls[kColumns] = {};
    Failure failure;
    bool ok = Catch(failure, [&] {
      const gdpr::Kind& kind = gdpr::Kinds()[i];
      values[0] = TextDatum(kind.name);
      values[1] = TextDatum(kind.category);
      values[2] = TextDatum(kind.description);
      values[3] = BoolGetDatum(kind.special);
      for (int p = 0; p < gdpr::kProfiles; p++) {
        values[4 + p] = TextDatum(gdpr::DefaultTreatment(kind, static_cast<gdpr::Profile>(p)));
      }
      values[4 + gdpr::kProfiles] = TextDatum(kind.remark);
      nulls[4 + gdpr::kProfiles] = kind.remark.empty();
    });
    if (!ok) Report(failure);
    AddRow(rows, values, nulls);
  }
  return static_cast<Datum>(0);
}

// gdpr_internal.candidates(rule text, data_type regtype, typmod int) -> setof text: what erase may
// try on a column of that type, in order
GDPR_FUNCTION(gdpr_candidates) {
  std::string_view rule = TextView(PG_GETARG_DATUM(0));
  TypeInfo* type = ReadType(PG_GETARG_OID(1), CurrentMemoryContext);
  int length = LengthOfTypmod(type->base, PG_GETARG_INT32(2));
  Rows rows = BeginRows(fcinfo);
  Failure failure;
  Datum* found = nullptr;
  std::size_t count = 0;
  bool ok = Catch(failure, [&] {
    gdpr::Rule parsed = gdpr::ParseRule(rule);
    if (parsed.facts.length == 0) parsed.facts.length = length;
    gdpr::TypeFacts facts = MakeFacts(*type);
    std::vector<gdpr::Rule> candidates = gdpr::Candidates(parsed, facts);
    found = static_cast<Datum*>(Allocate((candidates.size() + 1) * sizeof(Datum)));
    for (const gdpr::Rule& candidate : candidates) {
      found[count++] = TextDatum(gdpr::FormatRule(candidate));
    }
  });
  if (!ok) Report(failure);
  for (std::size_t i = 0; i < count; i++) {
    bool isnull = false;
    found[i] = CStringGetTextDatum(FromUtf8(TextDatumGetCString(found[i])));
    AddRow(rows, &found[i], &isnull);
  }
  return static_cast<Datum>(0);
}
