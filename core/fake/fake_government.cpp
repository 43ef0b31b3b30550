// SPDX-License-Identifier: PostgreSQL
// Ids that states give to people: which plans a kind may hold, by locale; the first one of a locale
// is what is drawn where a value follows none.
#include "fake_makers.hpp"
#include "fake_plans.hpp"

namespace gdpr::fake {
namespace {

using namespace plans;

// Characters of German documents: no vowels but none of their look-alikes either.

constexpr Plan kGermanCard("de card", kInDe, "[LMNPRTVWXY][0123456789CFGHJKLMNPRTVWXYZ]*8#",
                           checks::German731, "__________");
constexpr Plan kGermanCardNine("de card", kInDe, "[LMNPRTVWXY][0123456789CFGHJKLMNPRTVWXYZ]*8",
                               nullptr, "_________");
constexpr Plan kGermanPass("de pass", kInDe, "[CFGHJK][0123456789CFGHJKLMNPRTVWXYZ]*8#",
                           checks::German731);
constexpr Plan kGermanPassNine("de pass", kInDe, "[CFGHJK][0123456789CFGHJKLMNPRTVWXYZ]*8", nullptr,
                               "_________");

constexpr Part kPensionArea =
    OneOf(2,
          "0203040809101112131415161718192021232425262829383940424344484950515253545657585960616364"
          "6566686970717273747778798081828486878889");
constexpr Plan kPension("de pension", kInDe, "ssadd#", checks::PensionNumber, "__ ______ _ ___",
                        &kPensionArea, &part::kDdmmyy);

constexpr Plan kCartao("pt cc", kInPt, "dddddddd#[Z][VWXYZ]#", checks::CartaoCidadao,
                       "________ _ ___");
constexpr Plan kCartaoLoose("pt cc loose", kInPt, "dddddddddxx#", checks::CartaoLoose);
constexpr Plan kBilhete("pt bi", kInPt, "pddddddd", nullptr, "________");
constexpr Plan kDowod("pl dowod", kInPl, "aaa#ddddd", checks::Dowod, "___ ______");

constexpr auto kNational =
    std::to_array<const Plan*>({&kNino,    &kSsn,         &kGermanCard, &kGermanCardNine, &kIdNr,
                                &kPension, &kVnr,         &kNir15,      &kNir13,          &kDni,
                                &kNie,     &kKlm,         &kCf,         &kCfLoose,        &kBsn,
                                &kCartao,  &kCartaoLoose, &kNifPerson,  &kBilhete,        &kPesel19,
                                &kPesel20, &kPeselOld,    &kPeselYoung, &kDowod,          &kNn19,
                                &kNn20,    &kNnOld,       &kNnYoung});

// GB
constexpr Plan kUtr("gb utr", kInEn, "#ddddddddd", checks::Utr, "_____ _____");
constexpr Plan kItin("us itin", kInEn, "9dddddddd", checks::Itin, "___-__-____");
constexpr Plan kPtin("us ptin", kInEn, "Pdddddddd", nullptr, "_________");
// DE: Steuernummer. Its check differs by state and is not part of the plan.
constexpr Part kState = OneOf(2, "1011212223242627283031324041");
constexpr Plan kSteuerTen("de stnr 10", kInDe, "dddddddddd", nullptr, "__/___/_____");
constexpr Plan kSteuerEleven("de stnr 11", kInDe, "ddddddddddd", nullptr, "___/___/_____");
constexpr Plan kSteuerState("de stnr 13", kInDe, "sdd0dddddddd", nullptr, "_____________", &kState);
constexpr Plan kSteuerLand("de stnr 13 by nw", kInDe, "[59]ddd0dddddddd", nullptr);
// AT: the first two digits are the tax office.
constexpr Part kOffice =
    OneOf(2, "03040607080910121516182223293338414651525354575961656768697172818283849091939798");
constexpr Plan kAustrianTax("at tin", kInDe, "sdddddd#", checks::LuhnNine, "__-___/____", &kOffice);
// FR: numéro fiscal, with the check of today or without
constexpr Plan kSpi("fr spi", kInFr, "[0123]ddddddddd###", checks::Spi, "__ __ ___ ___ ___");
constexpr Plan kSpiLoose("fr spi loose", kInFr, "[0123]dddddddddddd");

constexpr auto kTax = std::to_array<const Plan*>({&kUtr,           &kSsn,        &kEin,
                                                  &kItin,          &kPtin,       &kNino,
                                                  &kIdNr,          &kSteuerTen,  &kSteuerEleven,
                                                  &kSteuerState,   &kSteuerLand, &kAustrianTax,
                                                  &kSpi,           &kSpiLoose,   &kSiren,
                                                  &kDni,           &kNie,        &kKlm,
                                                  &kCifDigit,      &kCifLetter,  &kCifOtherLetter,
                                                  &kCifOtherDigit, &kCf,         &kCfLoose,
                                                  &kIva,           &kBsn,        &kNifPerson,
                                                  &kNifOther,      &kPesel19,    &kPesel20,
                                                  &kPeselOld,      &kPeselYoung, &kNip,
                                                  &kNn19,          &kNn20,       &kNnOld,
                                                  &kNnYoung});

constexpr Plan kPassNine("gb passport", kInEn, "ddddddddd", nullptr, "_________");
constexpr Plan kPassLetter("us passport", kInEn, "adddddddd", nullptr, "_________");
constexpr Plan kPassFr("fr passport", kInFr, "ddaaddddd", nullptr, "_________");
constexpr Plan kPassEs("es passport", kInEs, "aaadddddd", nullptr, "_________");
constexpr Plan kPassIt("it passport", kInIt, "aaddddddd", nullptr, "_________");
constexpr Plan kPassNl("nl passport", kInNl,
                       "[ABCDEFGHIJKLMNPQRSTUVWXYZ]*2[0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ]*6d",
                       nullptr, "_________");
constexpr Plan kPassPt("pt passport", kInPt, "adddddd", nullptr, "_______");
constexpr Plan kPassPtNew("pt passport 2", kInPt, "aadddddd", nullptr, "________");
constexpr Plan kPassPl("pl passport", kInPl, "aa#dddddd", checks::PolishPass, "_________");
constexpr Plan kPassBe("be passport", kInNl | kInFr, "aadddddd", nullptr);
constexpr Plan kPassAt("at passport", kInDe, "addddddd", nullptr);

constexpr auto kPassports = std::to_array<const Plan*>(
    {&kPassNine, &kPassLetter, &kGermanPassNine, &kGermanPass, &kPassFr, &kPassEs, &kPassIt,
     &kPassNl, &kPassPt, &kPassPtNew, &kPassPl, &kPassBe, &kPassAt});

// GB: surname (five letters, or filled up with 9), birth, initials, and three of the agency's own.
constexpr Plan kDriverGb("gb driver", kInEn, "aaaaas[ABCDEFGHIJKLMNOPQRSTUVWXYZ9]*2dxx", nullptr,
                         "_____ ______ _____", &part::kBritishBirth);
constexpr Plan kDriverGbShort("gb driver 4", kInEn, "aaaa9s[ABCDEFGHIJKLMNOPQRSTUVWXYZ9]*2dxx",
                              nullptr, {}, &part::kBritishBirth);
constexpr Plan kDriverGbShorter("gb driver 3", kInEn, "aaa99s[ABCDEFGHIJKLMNOPQRSTUVWXYZ9]*2dxx",
                                nullptr, {}, &part::kBritishBirth);
constexpr Plan kDriverUs("us driver", kInEn, "addddddd", nullptr, "________");
constexpr Plan kDriverDe("de driver", kInDe, "addxddddxdd", nullptr, "___________");
constexpr Plan kDriverDeAny("de driver any", kInDe, "axxxxxxxxxx", nullptr);
constexpr Plan kDriverFr("fr driver", kInFr, "dddddddddddd", nullptr, "____________");
constexpr Plan kDriverFrNew("fr driver 2013", kInFr, "ddaaddddd", nullptr);
constexpr Plan kDriverIt("it driver", kInIt, "aaddddddda", nullptr, "__________");
constexpr Plan kDriverItNew("it driver 2013", kInIt, "U1xxxxxxxa", nullptr);
constexpr Plan kDriverNl("nl driver", kInNl, "dddddddddd", nullptr, "__________");
constexpr Plan kDriverPt("pt driver", kInPt, "aaddddddd", nullptr, "__-______ _");
constexpr Plan kDriverPtOne("pt driver 1", kInPt, "adddddddd", nullptr);
constexpr Plan kDriverPl("pl driver", kInPl, "dddddsdddd", nullptr, "_____/__/____",
                         &part::Number<2, 0, 99>::kPart);

constexpr auto kDrivers = std::to_array<const Plan*>(
    {&kDriverGb, &kDriverGbShort, &kDriverGbShorter, &kDriverUs, &kDriverDe, &kDriverDeAny,
     &kDriverFr, &kDriverFrNew, &kDni, &kNie, &kDriverIt, &kDriverItNew, &kDriverNl, &kDriverPt,
     &kDriverPtOne, &kDriverPl});

constexpr Plan kNhs("gb nhs", kInEn, "ddddddddd#", checks::Nhs, "___ ___ ____");
// US: Medicare beneficiary identifier; no S L O I B Z.
constexpr Plan kMbi("us mbi", kInEn,
                    "u=ACDEFGHJKMNPQRTUVWXY;pu[0123456789ACDEFGHJKMNPQRTUVWXY]du["
                    "0123456789ACDEFGHJKMNPQRTUVWXY]duudd",
                    nullptr, "____-___-____");
constexpr Plan kKvnr("de kvnr", kInDe, "adddddddd#", checks::Kvnr, "__________");
constexpr Part kProvince = OneOf(2,
                                 "01020304050607080910111213141516171819202122232425262728293031323"
                                 "33435363738394041424344454647484950515253");
constexpr Plan kNss("es nss", kInEs, "sdddddddd##", checks::Nss, "__/________/__", &kProvince);
constexpr Plan kTeam("it team", kInIt, "80380000dddddddddddd", nullptr, {});
constexpr Plan kUtente("pt utente", kInPt, "pdddddddd", nullptr, "_________");

constexpr auto kHealth = std::to_array<const Plan*>(
    {&kNhs,     &kMbi,      &kKvnr,       &kPension, &kVnr,  &kNir15,  &kNir13,
     &kNss,     &kCf,       &kCfLoose,    &kTeam,    &kBsn,  &kUtente, &kPesel19,
     &kPesel20, &kPeselOld, &kPeselYoung, &kNn19,    &kNn20, &kNnOld,  &kNnYoung});

}  // namespace

void NationalId(const Call& call) {
  MakeId(call, kNational);
}

void TaxId(const Call& call) {
  MakeId(call, kTax);
}

void Passport(const Call& call) {
  MakeId(call, kPassports);
}

void DriverLicence(const Call& call) {
  MakeId(call, kDrivers);
}

void HealthId(const Call& call) {
  MakeId(call, kHealth);
}

}  // namespace gdpr::fake
