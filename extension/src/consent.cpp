// SPDX-License-Identifier: PostgreSQL
// The words of consent for SQL. A word that is wrong is never quoted: it may be a person's key that
// stands in the wrong place.
#include "core/consent.hpp"

#include "extension/src/bridge.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

std::string_view Word(FunctionCallInfo fcinfo, int number) {
  text* word = PG_GETARG_TEXT_PP(number);
  return {VARDATA_ANY(word), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(word))};
}

// What core makes of the first argument, as text.
template <class Read>
Datum Reading(FunctionCallInfo fcinfo, Read read) {
  const std::string_view word = Word(fcinfo, 0);
  text* result = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] { result = TextOf(read(word)); });
  if (!ok) Report(failure);
  PG_RETURN_TEXT_P(result);
}

// Runs `check` on the two states that the arguments name.
template <class Check>
void WithSteps(FunctionCallInfo fcinfo, Check check) {
  const std::string_view from = Word(fcinfo, 0);
  const std::string_view to = Word(fcinfo, 1);
  Failure failure;
  bool ok = Catch(failure, [&] { check(ParseConsentState(from), ParseConsentState(to)); });
  if (!ok) Report(failure);
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr.state_alias(state text) -> text
GDPR_FUNCTION(gdpr_state_alias) {
  return Reading(fcinfo, [](std::string_view word) { return StateAlias(ParseConsentState(word)); });
}

// gdpr_internal.consent_state(word text) -> text
GDPR_FUNCTION(gdpr_consent_state) {
  return Reading(fcinfo, [](std::string_view word) { return StateName(ParseConsentState(word)); });
}

// gdpr_internal.check_medium(word text) -> text
GDPR_FUNCTION(gdpr_check_medium) {
  return Reading(fcinfo, ParseMedium);
}

// gdpr_internal.check_channel(word text) -> text
GDPR_FUNCTION(gdpr_check_channel) {
  return Reading(fcinfo, ParseChannel);
}

// gdpr_internal.may_follow(from_state text, to_state text) -> boolean
GDPR_FUNCTION(gdpr_may_follow) {
  bool may = false;
  WithSteps(fcinfo, [&](ConsentState from, ConsentState to) { may = MayFollow(from, to); });
  PG_RETURN_BOOL(may);
}

// gdpr_internal.check_step(from_state text, to_state text)
GDPR_FUNCTION(gdpr_check_step) {
  WithSteps(fcinfo, CheckStep);
  PG_RETURN_VOID();
}

// gdpr_internal.check_action(state text, action text)
GDPR_FUNCTION(gdpr_check_action) {
  const std::string_view state = Word(fcinfo, 0);
  const std::string_view action = Word(fcinfo, 1);
  Failure failure;
  bool ok =
      Catch(failure, [&] { CheckAction(ParseConsentState(state), ParseConsentAction(action)); });
  if (!ok) Report(failure);
  PG_RETURN_VOID();
}
