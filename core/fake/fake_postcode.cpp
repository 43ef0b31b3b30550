// SPDX-License-Identifier: PostgreSQL
// Postal codes. A person's code belongs to the person's city; a code by itself is permuted within
// the codes of its country's form.
#include "fake_makers.hpp"
#include "fake_place.hpp"
#include "fake_plans.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

constexpr std::string_view kAreas =
    "ABALBABBBDBHBLBNBRBSBTCACBCFCHCMCOCRCTCVCWDADDDEDGDHDLDNDTDYECEHENEXFKFYGLGUHAHDHGHPHRHSHUHXIG"
    "IPIVKAKTKWKYLALDLELLLNLSLUMEMKMLNENGNNNPNRNWOLOXPAPEPHPLPOPRRGRHRMSASESGSKSLSMSNSOSPSRSSSTSWSY"
    "TATDTFTNTQTRTSTWUBWAWCWDWFWNWRWSWVYOZE";
constexpr Part kArea = OneOf(2, kAreas);

// GB: area, district, and the inward code, which has none of C I K M O V.
constexpr Plan kGbTwoOne("gb post aa9", kInEn, "spd[ABDEFGHJLNPQRSTUWXYZ]*2", nullptr, "___ ___",
                         &kArea);
constexpr Plan kGbTwoTwo("gb post aa99", kInEn, "spdd[ABDEFGHJLNPQRSTUWXYZ]*2", nullptr, {},
                         &kArea);
constexpr Plan kGbTwoLetter("gb post aa9a", kInEn, "sp[ABEHMNPRVWXY]d[ABDEFGHJLNPQRSTUWXYZ]*2",
                            nullptr, {}, &kArea);
constexpr Plan kGbOneOne("gb post a9", kInEn, "[BEGLMNSW]pd[ABDEFGHJLNPQRSTUWXYZ]*2");
constexpr Plan kGbOneTwo("gb post a99", kInEn, "[BEGLMNSW]pdd[ABDEFGHJLNPQRSTUWXYZ]*2");
constexpr Plan kGbOneLetter("gb post a9a", kInEn,
                            "[BEGLMNSW]p[ABCDEFGHJKPSTUW]d[ABDEFGHJLNPQRSTUWXYZ]*2");
// What is outside of the bounds has never been given out.
constexpr Plan kUs("us zip", kInEn, "s", nullptr, "_____", &part::Number<5, 501, 99950>::kPart);
constexpr Plan kUsPlus("us zip 4", kInEn, "sdddd", nullptr, "_____-____",
                       &part::Number<5, 501, 99950>::kPart);
constexpr Plan kDe("de post", kInDe, "s", nullptr, "_____", &part::Number<5, 1067, 99998>::kPart);
constexpr Plan kFour("post of four", kInDe | kInNl | kInFr, "pddd");  // AT BE CH DK LU and others
constexpr Plan kFr("fr post", kInFr, "s", nullptr, "_____", &part::Number<5, 1000, 98890>::kPart);
constexpr Plan kEs("es post", kInEs, "s", nullptr, "_____", &part::Number<5, 1001, 52080>::kPart);
constexpr Plan kIt("it post", kInIt, "s", nullptr, "_____", &part::Number<5, 10, 98168>::kPart);
constexpr Plan kNl(
    "nl post", kInNl, "NL:pddd[ABCDEGHJKLMNPRSTVWXZ]*2",
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
