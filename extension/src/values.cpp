// SPDX-License-Identifier: PostgreSQL
// One value: gdpr.anonymize, mask, generalize, redact, fits. The rule is parsed once per call site.
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "core/locale.hpp"
#include "core/redact.hpp"
#include "core/treat.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/keyed_values.hpp"
#include "extension/src/random.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// The C++ half of a call site, owned by the function's memory context.
struct Treatments {
  std::string rule_text;
  std::string profile_text;
  Rule rule;
  Profile profile = Profile::kErase;
  TypeFacts facts;
  Result result;
  std::string redacted;
};

// The plain half, in fn_extra.
struct Site {
  MemoryContextCallback callback;
  Treatments* core;
  TypeInfo* type;
  Oid allowed;    // who may use keyed profiles, asked last
  bool ready;     // core holds the parsed rule
  bool guarded;   // profile fake or pseudonym
  bool keyed;     // … and the treatment needs a key
  bool by_row;    // … and the row's country counts
  bool constant;  // one result for all values
  bool kept;      // … and it is known
  bool kept_null;
  Datum kept_value;
};

// What a call asks for, besides the value.
struct Request {
  std::string_view rule;
  std::string_view profile;
  const std::string_view* own;  // redact: the person's own values
  int own_count;
  bool redact;
  std::string_view seed;  // whose value it is, for keyed profiles
  bool seeded;
  const void* permit;  // the profile as an argument: what lets a statement of ours use keyed ones
  std::string_view country;  // the row's, as people write it; empty: unknown
};

void DeleteTreatments(void* argument) {
  delete static_cast<Site*>(argument)->core;
}

// What became text on its way here: a string type such as citext, of which equal values must stay
// equal.
Oid BeforeText(FunctionCallInfo fcinfo) {
  Node* call = fcinfo->flinfo->fn_expr;
  if (call == nullptr || !IsA(call, FuncExpr)) return TEXTOID;
  List* arguments = reinterpret_cast<FuncExpr*>(call)->args;
  if (arguments == NIL || !IsA(linitial(arguments), RelabelType)) return TEXTOID;
  Oid type = exprType(reinterpret_cast<Node*>(static_cast<RelabelType*>(linitial(arguments))->arg));
  return OidIsValid(type) && ReadType(type, CurrentMemoryContext)->any_case ? getBaseType(type)
                                                                            : TEXTOID;
}

Site* FindSite(FunctionCallInfo fcinfo, Oid type) {
  auto* site = static_cast<Site*>(fcinfo->flinfo->fn_extra);
  if (site != nullptr) return site;
  MemoryContext context = fcinfo->flinfo->fn_mcxt;
  if (!OidIsValid(type)) {
    ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
                    errmsg("could not determine the data type of the value")));
  }
  if (type == TEXTOID) type = BeforeText(fcinfo);
  site = static_cast<Site*>(MemoryContextAllocZero(context, sizeof(Site)));
  site->type = ReadType(type, context);
  site->callback.func = DeleteTreatments;
  site->callback.arg = site;
  MemoryContextRegisterResetCallback(context, &site->callback);
  fcinfo->flinfo->fn_extra = site;
  return site;
}

// Parses the rule unless the last call had the same.
void Prepare(Site* site, const Request& request) {
  if (site->ready && site->core->rule_text == request.rule &&
      site->core->profile_text == request.profile) {
    return;
  }
  site->ready = site->kept = false;
  std::string_view rule = ToCore(request.rule.data(), request.rule.size());
  Failure failure;
  bool ok = Catch(failure, [&] {
    if (site->core == nullptr) site->core = new Treatments;
    Treatments& core = *site->core;
    core.rule_text = request.rule;
    core.profile_text = request.profile;
    core.rule = ParseRule(rule);
    core.profile = ParseProfile(request.profile);
    core.facts = MakeFacts(*site->type);
    site->guarded = core.profile == Profile::kFake || core.profile == Profile::kPseudonym;
    site->keyed = NeedsKey(core.rule, core.profile);
    site->by_row = NeedsCountry(core.rule, core.profile);
    site->constant =
        site->type->element == nullptr && IsConstant(core.rule, core.profile, core.facts);
  });
  if (!ok) Report(failure);
  site->ready = true;
}

// Within Catch. True: the result is there; false: the value, perhaps changed, is still to be
// treated.
bool RedactOwn(Treatments& core, const Request& request, Value& value) {
  if (!request.redact || TreatmentFor(core.rule, core.profile).id != TreatmentId::kRedact) {
    return false;
  }
  std::span<const std::string_view> own(request.own, static_cast<std::size_t>(request.own_count));
  core.result.Clear();
  core.result.state = Result::State::kValue;
  switch (core.facts.cls) {
    case ValueClass::kText:
      core.redacted = Redact(value.text, own);
      if (core.rule.facts.length == 0 && core.facts.text_bytes == 0) {
        core.result.text.swap(core.redacted);
        return true;
      }
      // A placeholder may be longer than what it stands for: core cuts the text to the column
      value.text = core.redacted;
      return false;
    case ValueClass::kJson:
      core.result.text = RedactJson(value.text, own);
      return true;
    case ValueClass::kXml:
      core.result.text = RedactXml(value.text, own);
      return true;
    default:
      return false;
  }
}

// One value that is not an array. `type` is the site's, or its element's.
Datum TreatOne(Site* site, TypeInfo* type, const Request& request, Datum datum, bool* isnull) {
  Value value = ReadDatum(*type, datum);
  Keying keying;
  if (site->keyed) keying = {BackendKeys(), request.seed, request.seeded, Locale::kNone};
  if (site->by_row) keying.locale = LocaleOfCountry(request.country);
  Failure failure;
  bool ok = Catch(failure, [&] {
    Treatments& core = *site->core;
    // One huge value must not keep its memory for the rest of the query
    if (core.result.text.capacity() > (1U << 20)) std::string().swap(core.result.text);
    if (core.redacted.capacity() > (1U << 20)) std::string().swap(core.redacted);
    if (RedactOwn(core, request, value)) return;
    BackendRandom random;
    Treat(core.rule, core.profile, core.facts, value, random, core.result, keying);
  });
  if (!ok) Report(failure);
  *isnull = site->core->result.state == Result::State::kNull;
  if (*isnull) return static_cast<Datum>(0);
  if (site->core->result.state == Result::State::kSame) return datum;
  return MakeDatum(*type, site->core->result);
}

void CheckDomain(TypeInfo* type, Datum value, bool isnull, MemoryContext context) {
  if (type->domain) domain_check(value, isnull, type->type, &type->checked, context);
}

Datum TreatArray(FunctionCallInfo fcinfo, Site* site, const Request& request, Datum datum) {
  ArrayType* array = DatumGetArrayTypeP(datum);
  TypeInfo* element = site->type->element;
  if (ARR_NDIM(array) == 0) return datum;
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(array, ARR_ELEMTYPE(array), element->length, element->by_value, element->align,
                    &values, &nulls, &count);
  for (int i = 0; i < count; i++) {
    if (i % 1000 == 0) CHECK_FOR_INTERRUPTS();
    if (nulls[i]) continue;
    values[i] = TreatOne(site, element, request, values[i], &nulls[i]);
    CheckDomain(element, values[i], nulls[i], fcinfo->flinfo->fn_mcxt);
  }
  return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(array), ARR_DIMS(array),
                                            ARR_LBOUND(array), ARR_ELEMTYPE(array), element->length,
                                            element->by_value, element->align));
}

Datum TreatValue(FunctionCallInfo fcinfo, Oid type, const Request& request) {
  Site* site = FindSite(fcinfo, type);
  Prepare(site, request);
  if (site->guarded) CheckKeyedRights(&site->allowed, request.permit);
  if (site->kept) {
    if (site->kept_null) PG_RETURN_NULL();
    return site->kept_value;
  }
  Datum datum = PG_GETARG_DATUM(0);
  Datum result;
  bool isnull = false;
  if (site->type->element != nullptr) {
    result = TreatArray(fcinfo, site, request, datum);
  } else {
    result = TreatOne(site, site->type, request, datum, &isnull);
  }
  CheckDomain(site->type, result, isnull, fcinfo->flinfo->fn_mcxt);
  if (site->constant) {
    MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
    site->kept_null = isnull;
    site->kept_value = isnull ? 0 : datumCopy(result, site->type->by_value, site->type->length);
    site->kept = true;
    MemoryContextSwitchTo(old);
  }
  if (isnull) PG_RETURN_NULL();
  return result;
}

std::string_view TextArgument(FunctionCallInfo fcinfo, int number) {
  text* argument = PG_GETARG_TEXT_PP(number);
  return {VARDATA_ANY(argument), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(argument))};
}

// anonymize(value, rule, profile, seed [, country]): not declared STRICT, because the last ones may
// be NULL.
Datum Anonymize(FunctionCallInfo fcinfo, Oid type) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
  Request request{};
  request.rule = TextArgument(fcinfo, 1);
  request.profile = TextArgument(fcinfo, 2);
  request.permit = DatumGetPointer(PG_GETARG_DATUM(2));
  if (!PG_ARGISNULL(3)) {
    request.seed = TextView(PG_GETARG_DATUM(3));
    request.seeded = true;
  }
  if (PG_NARGS() > 4 && !PG_ARGISNULL(4)) request.country = TextView(PG_GETARG_DATUM(4));
  return TreatValue(fcinfo, type, request);
}

// Whether profile fake or pseudonym has room for a value. The key does not matter: nobody's is
// taken, so that everybody may ask.
Datum Fits(FunctionCallInfo fcinfo) {
  Request request{};
  request.rule = TextArgument(fcinfo, 1);
  request.profile = TextArgument(fcinfo, 2);
  Site* site = FindSite(fcinfo, TEXTOID);
  Prepare(site, request);
  Keying keying;
  if (site->keyed) keying.keys = NobodysKeys();
  Value value = ReadDatum(*site->type, PG_GETARG_DATUM(0));
  Failure failure;
  bool fits = Catch(failure, [&] {
    Treatments& core = *site->core;
    BackendRandom random;
    Treat(core.rule, core.profile, core.facts, value, random, core.result, keying);
  });
  if (!fits && strcmp(failure.sqlstate, "PD005") != 0) Report(failure);
  PG_RETURN_BOOL(fits);
}

Datum Keyless(FunctionCallInfo fcinfo, Oid type, std::string_view profile) {
  Request request{};
  request.rule = TextArgument(fcinfo, 1);
  request.profile = profile;
  return TreatValue(fcinfo, type, request);
}

// redact(value, rule, own): own values that are NULL are skipped; no list is an empty list.
Datum RedactValue(FunctionCallInfo fcinfo, Oid type) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) PG_RETURN_NULL();
  Request request{};
  request.rule = TextArgument(fcinfo, 1);
  request.profile = "erase";
  request.redact = true;
  if (!PG_ARGISNULL(2)) {
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
                      &count);
    auto* own = static_cast<std::string_view*>(palloc((count + 1) * sizeof(std::string_view)));
    for (int i = 0; i < count; i++) {
      if (!nulls[i]) new (&own[request.own_count++]) std::string_view(TextView(values[i]));
    }
    request.own = own;
  }
  return TreatValue(fcinfo, type, request);
}

Oid ValueType(FunctionCallInfo fcinfo) {
  return get_fn_expr_argtype(fcinfo->flinfo, 0);
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// Each function twice: for text (all string types come as text) and for anyelement.
GDPR_FUNCTION(gdpr_anonymize_text) {
  return Anonymize(fcinfo, TEXTOID);
}
GDPR_FUNCTION(gdpr_anonymize) {
  return Anonymize(fcinfo, ValueType(fcinfo));
}
GDPR_FUNCTION(gdpr_fits) {
  return Fits(fcinfo);
}
GDPR_FUNCTION(gdpr_mask_text) {
  return Keyless(fcinfo, TEXTOID, "mask");
}
GDPR_FUNCTION(gdpr_mask) {
  return Keyless(fcinfo, ValueType(fcinfo), "mask");
}
GDPR_FUNCTION(gdpr_generalize_text) {
  return Keyless(fcinfo, TEXTOID, "generalize");
}
GDPR_FUNCTION(gdpr_generalize) {
  return Keyless(fcinfo, ValueType(fcinfo), "generalize");
}
GDPR_FUNCTION(gdpr_redact_text) {
  return RedactValue(fcinfo, TEXTOID);
}
GDPR_FUNCTION(gdpr_redact) {
  return RedactValue(fcinfo, ValueType(fcinfo));
}
