// SPDX-License-Identifier: PostgreSQL
// Postal codes. A person's code belongs to the person's city; a code by itself is permuted within
// the codes of its country's form.
#include "fake_makers.hpp"
#include "fake_place.hpp"
#include "fake_plans.hpp"
#include "utf8.hpp"

namespace gdpr::fake {
namespace {

constexpr std::string_view kAreas =
    "ABALBABBBDBHBLBNBRBSBTCACBCFCHCMCOCRCTCVCWDADDDEDGDHDLDNDTDYECEHENEXFKFYGLGUHAHDHGHPHRHSHUHXIG"
    "IPIVKAKTKWKYLALDLELLLNLSLUMEMKMLNENGNNNPNRNWOLOXPAPEPHPLPOPRRGRHRMSASESGSKSLSMSNSOSPSRSSSTSWSY"
    "TATDTFTNTQTRTSTWUBWAWCWDWFWNWRWSWVYOZE";
constexpr Part kArea = OneOf(2, kAreas);

// GB: area, district, and the inward code, which has none of C I K M O V.
#define GDPR_AREA1 "[BEGLMNSW]"
#define GDPR_IN "d[ABDEFGHJLNPQRSTUWXYZ][ABDEFGHJLNPQRSTUWXYZ]"
constexpr Plan kGbTwoOne("gb post aa9", kInEn, "sp" GDPR_IN, nullptr, "___ ___", &kArea);
constexpr Plan kGbTwoTwo("gb post aa99", kInEn, "spd" GDPR_IN, nullptr, {}, &kArea);
constexpr Plan kGbTwoLetter("gb post aa9a", kInEn, "sp[ABEHMNPRVWXY]" GDPR_IN, nullptr, {}, &kArea);
constexpr Plan kGbOneOne("gb post a9", kInEn, GDPR_AREA1 "p" GDPR_IN);
constexpr Plan kGbOneTwo("gb post a99", kInEn, GDPR_AREA1 "pd" GDPR_IN);
constexpr Plan kGbOneLetter("gb post a9a", kInEn, GDPR_AREA1 "p[ABCDEFGHJKPSTUW]" GDPR_IN);
// What is outside of the bounds has never been given out.
constexpr Plan kUs("us zip", kInEn, "s", nullptr, "_____", &part::Number<5, 501, 99950>::kPart);
constexpr Plan kUsPlus("us zip 4", kInEn, "sdddd", nullptr, "_____-____",
                       &part::Number<5, 501, 99950>::kPart);
constexpr Plan kDe("de post", kInDe, "s", nullptr, "_____", &part::Number<5, 1067, 99998>::kPart);
constexpr Plan kFour("post of four", kInDe | kInNl | kInFr, "pddd");  // AT BE CH DK LU and others
constexpr Plan kFr("fr post", kInFr, "s", nullptr, "_____", &part::Number<5, 1000, 98890>::kPart);
constexpr Plan kEs("es post", kInEs, "s", nullptr, "_____", &part::Number<5, 1001, 52080>::kPart);
constexpr Plan kIt("it post", kInIt, "s", nullptr, "_____", &part::Number<5, 10, 98168>::kPart);
#define GDPR_NL "[ABCDEGHJKLMNPRSTVWXZ]"
constexpr Plan kNl(
    "nl post", kInNl, "NL:pddd" GDPR_NL GDPR_NL,
    [](char* id) { return id[4] != 'S' || (id[5] != 'A' && id[5] != 'D' && id[5] != 'S'); },
    "____ __");
constexpr Plan kPt("pt post", kInPt, "pdddddd", nullptr, "____-___");
constexpr Plan kPl("pl post", kInPl, "ddddd", nullptr, "__-___");

constexpr auto kPostcodes = std::to_array<const Plan*>(
    {&kGbTwoOne, &kGbTwoTwo, &kGbTwoLetter, &kGbOneOne, &kGbOneTwo, &kGbOneLetter, &kUs, &kUsPlus,
     &kDe, &kFr, &kEs, &kIt, &kNl, &kPt, &kPl, &kFour});

}  // namespace

void PostalCode(const Call& call) {
  if (!call.Permutes()) {
    AppendPostalCode(PlaceOf(call), call.out);
    if (CountChars(call.out) <= call.room) return;
    call.out.clear();
  }
  MakeId(call, kPostcodes);
}

}  // namespace gdpr::fake
