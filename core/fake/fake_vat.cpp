// SPDX-License-Identifier: PostgreSQL
// VAT numbers of the European Union, the United Kingdom, Norway and Switzerland, with the checks
// that the member states give the Commission (VIES).
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "../check_digit.hpp"
#include "fake_makers.hpp"
#include "fake_plans.hpp"

namespace gdpr::fake {
namespace {

using check::DigitOf;
using check::Missing;
using check::ValueOf;
using namespace plans;

unsigned Sum(const char* digits, std::initializer_list<std::uint8_t> weights) {
  return check::WeightedSum({digits, weights.size()}, {weights.begin(), weights.size()});
}

bool Put(unsigned value, char* at) {
  *at = DigitOf(value % 10);
  return value < 10;
}

bool Austrian(char* id) {
  id[8] = DigitOf((16 - check::Luhn({id + 1, 7})) % 10);
  return true;
}

bool Bulgarian(char* id) {
  unsigned value = Sum(id, {1, 2, 3, 4, 5, 6, 7, 8}) % 11;
  if (value == 10) value = Sum(id, {3, 4, 5, 6, 7, 8, 9, 10}) % 11;
  return Put(value % 10, id + 8);
}

bool Cypriot(char* id) {
  static constexpr std::array<std::uint8_t, 10> kOdd = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
  if (id[0] == '1' && id[1] == '2') return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += i % 2 == 0 ? kOdd[ValueOf(id[i])] : ValueOf(id[i]);
  id[8] = static_cast<char>('A' + sum % 26);
  return true;
}

bool Czech(char* id) {
  const unsigned value = Missing(Sum(id, {8, 7, 6, 5, 4, 3, 2}), 11);
  return Put((value == 0 ? 1 : value) % 10, id + 7);
}

bool Danish(char* id) {
  return Put(Missing(Sum(id, {2, 7, 6, 5, 4, 3, 2}), 11), id + 7);
}

bool Estonian(char* id) {
  return Put(Missing(Sum(id, {3, 7, 1, 3, 7, 1, 3, 7}), 10), id + 8);
}

bool Finnish(char* id) {
  return Put(Missing(Sum(id, {7, 9, 10, 5, 8, 4, 2}), 11), id + 7);
}

// The key stands before the number it is of.
bool French(char* id) {
  checks::LuhnNine(id + 2);
  part::PutTwo((12 + 3 * check::Modulo({id + 2, 9}, 97)) % 97, id);
  return true;
}

// Numbers whose key has letters: the key says which numbers it goes with.
bool FrenchLetters(char* id) {
  static constexpr std::string_view kSet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  checks::LuhnNine(id + 2);
  const auto first = static_cast<unsigned>(kSet.find(id[0]));
  const auto second = static_cast<unsigned>(kSet.find(id[1]));
  if (first < 10 && second < 10) return false;
  const unsigned key = first < 10 ? first * 24 + second - 10 : first * 34 + second - 100;
  return (check::Modulo({id + 2, 9}, 11) + 1 + key / 11) % 11 == key % 11;
}

bool Greek(char* id) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum = sum * 2 + ValueOf(id[i]);
  return Put(sum * 2 % 11 % 10, id + 8);
}

bool Croatian(char* id) {
  id[10] = check::Mod11_10Digit({id, 10});
  return true;
}

bool Hungarian(char* id) {
  return Put(Missing(Sum(id, {9, 7, 3, 1, 9, 7, 3}), 10), id + 7);
}

constexpr std::string_view kIrish = "WABCDEFGHIJKLMNOPQRSTUV";

bool Irish(char* id) {
  id[7] = kIrish[Sum(id, {8, 7, 6, 5, 4, 3, 2}) % 23];
  return true;
}

bool IrishNine(char* id) {
  const auto last = static_cast<unsigned>(kIrish.find(id[8]));
  id[7] = kIrish[(Sum(id, {8, 7, 6, 5, 4, 3, 2}) + 9 * last) % 23];
  return true;
}

bool Lithuanian(char* id) {
  unsigned value = Sum(id, {1, 2, 3, 4, 5, 6, 7, 8}) % 11;
  if (value == 10) value = Sum(id, {3, 4, 5, 6, 7, 8, 9, 1}) % 11;
  return Put(value % 10, id + 8);
}

bool LithuanianTwelve(char* id) {
  unsigned value = Sum(id, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2}) % 11;
  if (value == 10) value = Sum(id, {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4}) % 11;
  return Put(value % 10, id + 11);
}

bool Luxembourgish(char* id) {
  part::PutTwo(check::Modulo({id, 6}, 89), id + 6);
  return true;
}

bool Latvian(char* id) {
  return Put((3 + Missing(Sum(id, {9, 1, 4, 8, 3, 10, 2, 5, 7, 6}), 11)) % 11, id + 10);
}

bool Maltese(char* id) {
  part::PutTwo(37 - Sum(id, {3, 4, 6, 7, 8, 9}) % 37, id + 6);
  return true;
}

// People since 2020: MOD 97-10 over all, with NL before it. (Companies' pass the eleven-test.)
bool DutchPerson(char* id) {
  const unsigned rest = check::Mod97({id, 10}, check::Mod97("NL"));
  part::PutTwo(98 - rest * 100 % 97, id + 10);
  return true;
}

// Written without the zeros in front.
template <std::size_t kZeros>
bool DutchShort(char* id) {
  static constexpr std::array<std::uint8_t, 8> kWeights = {9, 8, 7, 6, 5, 4, 3, 2};
  constexpr std::size_t kCount = 8 - kZeros;
  const unsigned sum = check::WeightedSum({id, kCount}, std::span(kWeights).subspan(kZeros));
  return Put(sum % 11, id + kCount);
}

bool Romanian(std::string_view digits, char* check) {
  static constexpr std::array<std::uint8_t, 9> kWeights = {7, 5, 3, 2, 1, 7, 5, 3, 2};
  const unsigned sum = check::WeightedSum(
      digits, std::span<const std::uint8_t>(kWeights).subspan(kWeights.size() - digits.size()));
  return Put(10 * sum % 11 % 10, check);
}

template <std::size_t kDigits>
bool RomanianOf(char* id) {
  return Romanian({id, kDigits - 1}, id + kDigits - 1);
}

bool Swedish(char* id) {
  id[9] = check::LuhnDigit({id, 9});
  return true;
}

bool Slovenian(char* id) {
  const unsigned value = 11 - Sum(id, {8, 7, 6, 5, 4, 3, 2}) % 11;
  return value != 11 && Put(value % 10, id + 7);
}

// A number that can be divided by 11.
bool Slovak(char* id) {
  return Put(Missing(10 * check::Modulo({id, 9}, 11), 11), id + 9);
}

template <unsigned kRest>
bool British(char* id) {
  const unsigned rest = Sum(id, {8, 7, 6, 5, 4, 3, 2}) % 97;
  part::PutTwo((97 + kRest - rest) % 97, id + 7);
  return true;
}

bool Norwegian(char* id) {
  return Put(Missing(Sum(id, {3, 2, 7, 6, 5, 4, 3, 2}), 11), id + 8);
}

constexpr Plan kGb("gb vat", kInEn, "GB:ddddddd##", British<0>, "GB_________");
constexpr Plan kGb55("gb vat 9755", kInEn, "GB:pdddddd##", British<42>);
constexpr Plan kGbOther("gb vat 55", kInEn, "GB:pdddddd##", British<55>);
constexpr Plan kXi("xi vat", kAnywhere, "XI:ddddddd##", British<0>);
constexpr Plan kDe(
    "de vat", kInDe, "DE:pddddddd#",
    [](char* id) {
      id[8] = check::Mod11_10Digit({id, 8});
      return true;
    },
    "DE_________");
constexpr Plan kAt("at vat", kInDe, "AT:Uddddddd#", Austrian, "AT_________");
constexpr Plan kFr("fr vat", kInFr, "FR:##dddddddd#", French, "FR___________");
constexpr Plan kFrLetters("fr vat letters", kInFr,
                          "FR:[0123456789ABCDEFGHJKLMNPQRSTUVWXYZ]"
                          "[0123456789ABCDEFGHJKLMNPQRSTUVWXYZ]dddddddd#",
                          FrenchLetters);
constexpr Plan kEsDigit("es cif digit", kInEs, "ES:[ABCDEFGHJUV]ddddddd#", checks::CifDigit,
                        "ES_________");
constexpr Plan kEsLetter("es cif letter", kInEs, "ES:[CDFGJNPQRSUVW]ddddddd#", checks::CifLetter);
constexpr Plan kEsOtherLetter("es cif other letter", kInEs, "ES:[ABEH]ddddddd#", checks::CifLetter);
constexpr Plan kEsOtherDigit("es cif other digit", kInEs, "ES:[NPQRSW]ddddddd#", checks::CifDigit);
constexpr Plan kEsDni("es dni", kInEs, "ES:dddddddd#", checks::Dni);
constexpr Plan kEsNie("es nie", kInEs, "ES:[XYZ]ddddddd#", checks::Dni);
constexpr Plan kEsKlm("es klm", kInEs, "ES:[KLM]ddddddd#", checks::Dni);
constexpr Plan kNl(
    "nl vat", kInNl, "NL:dddddddd#Bdd",
    [](char* id) { return checks::Bsn(id) && (id[10] != '0' || id[11] != '0'); }, "NL____________");
constexpr Plan kNlPerson("nl vat person", kInNl, "NL:dddddddddB##", DutchPerson);
constexpr Plan kNlEight("nl vat 8", kInNl, "NL:pdddddd#Bdd", [](char* id) {
  return DutchShort<1>(id) && (id[9] != '0' || id[10] != '0');
});
constexpr Plan kNlSeven("nl vat 7", kInNl, "NL:pddddd#Bdd", [](char* id) {
  return DutchShort<2>(id) && (id[8] != '0' || id[9] != '0');
});
constexpr Plan kBe("be vat", kInNl | kInFr, "BE:[01]ddddddd##", checks::Kbo, "BE__________");
constexpr Plan kBeNine("be vat 9", kInNl | kInFr, "BE:ddddddd##", [](char* id) {
  part::PutTwo(97 - check::Modulo({id, 7}, 97), id + 7);
  return true;
});
constexpr Plan kIt("it iva", kInIt, "IT:ddddddds#", checks::PartitaIva, "IT___________",
                   &ItalianOffice::kPart);
constexpr Plan kPt("pt nif", kInPt, "PT:[456789]ddddddd#", checks::Nif, "PT_________");
constexpr Plan kPl("pl nip", kInPl, "PL:pdddddddd#", checks::Nip, "PL__________");
constexpr Plan kBg("bg vat", kAnywhere, "BG:dddddddd#", Bulgarian);
constexpr Plan kCy("cy vat", kAnywhere, "CY:dddddddd#", Cypriot);
constexpr Plan kCz("cz vat", kAnywhere, "CZ:[012345678]dddddd#", Czech);
constexpr Plan kDk("dk vat", kAnywhere, "DK:pdddddd#", Danish);
constexpr Plan kEe("ee vat", kAnywhere, "EE:dddddddd#", Estonian);
constexpr Plan kFi("fi vat", kAnywhere, "FI:ddddddd#", Finnish);
constexpr Plan kGr("gr vat", kAnywhere, "EL:dddddddd#", Greek);
constexpr Plan kGrIso("gr vat", kAnywhere, "GR:dddddddd#", Greek);
constexpr Plan kHr("hr vat", kAnywhere, "HR:dddddddddd#", Croatian);
constexpr Plan kHu("hu vat", kAnywhere, "HU:ddddddd#", Hungarian);
constexpr Plan kIe("ie vat", kAnywhere, "IE:ddddddd#", Irish);
constexpr Plan kIeNine("ie vat 9", kAnywhere, "IE:ddddddd#[ABCDEFGHIW]", IrishNine);
constexpr Plan kLt("lt vat", kAnywhere, "LT:ddddddd1#", Lithuanian);
constexpr Plan kLtTwelve("lt vat 12", kAnywhere, "LT:dddddddddd1#", LithuanianTwelve);
constexpr Plan kLu("lu vat", kAnywhere, "LU:dddddd##", Luxembourgish);
constexpr Plan kLv("lv vat", kAnywhere, "LV:[456789]ddddddddd#", Latvian);
constexpr Plan kMt("mt vat", kAnywhere, "MT:pddddd##", Maltese);
constexpr Plan kRo6("ro vat 6", kAnywhere, "RO:pdddd#", RomanianOf<6>);
constexpr Plan kRo7("ro vat 7", kAnywhere, "RO:pddddd#", RomanianOf<7>);
constexpr Plan kRo8("ro vat 8", kAnywhere, "RO:pdddddd#", RomanianOf<8>);
constexpr Plan kRo9("ro vat 9", kAnywhere, "RO:pddddddd#", RomanianOf<9>);
constexpr Plan kRo10("ro vat 10", kAnywhere, "RO:pdddddddd#", RomanianOf<10>);
constexpr Plan kSe("se vat", kAnywhere, "SE:ddddddddd#01", Swedish);
constexpr Plan kSi("si vat", kAnywhere, "SI:pdddddd#", Slovenian);
constexpr Plan kSk("sk vat", kAnywhere, "SK:pd[234789]dddddd#", Slovak);
constexpr Plan kNo("no vat", kAnywhere, "NO:[89]ddddddd#MVA", Norwegian);
constexpr Plan kCh("ch uid", kInDe, "CHEdddddddd#", [](char* id) { return checks::Uid(id + 3); });
constexpr Plan kChMwst("ch uid", kInDe, "CHEdddddddd#MWST",
                       [](char* id) { return checks::Uid(id + 3); });
constexpr Plan kChTva("ch uid", kInFr, "CHEdddddddd#TVA",
                      [](char* id) { return checks::Uid(id + 3); });
constexpr Plan kChIva("ch uid", kInIt, "CHEdddddddd#IVA",
                      [](char* id) { return checks::Uid(id + 3); });

constexpr auto kVat = std::to_array<const Plan*>({&kGb,
                                                  &kGb55,
                                                  &kGbOther,
                                                  &kXi,
                                                  &kDe,
                                                  &kAt,
                                                  &kFr,
                                                  &kFrLetters,
                                                  &kEsDigit,
                                                  &kEsLetter,
                                                  &kEsOtherLetter,
                                                  &kEsOtherDigit,
                                                  &kEsDni,
                                                  &kEsNie,
                                                  &kEsKlm,
                                                  &kIt,
                                                  &kNl,
                                                  &kNlPerson,
                                                  &kNlEight,
                                                  &kNlSeven,
                                                  &kBe,
                                                  &kBeNine,
                                                  &kPt,
                                                  &kNifPerson,
                                                  &kPl,
                                                  &kBg,
                                                  &kCy,
                                                  &kCz,
                                                  &kDk,
                                                  &kEe,
                                                  &kFi,
                                                  &kGr,
                                                  &kGrIso,
                                                  &kHr,
                                                  &kHu,
                                                  &kIe,
                                                  &kIeNine,
                                                  &kLt,
                                                  &kLtTwelve,
                                                  &kLu,
                                                  &kLv,
                                                  &kMt,
                                                  &kRo6,
                                                  &kRo7,
                                                  &kRo8,
                                                  &kRo9,
                                                  &kRo10,
                                                  &kSe,
                                                  &kSi,
                                                  &kSk,
                                                  &kNo,
                                                  &kCh,
                                                  &kChMwst,
                                                  &kChTva,
                                                  &kChIva});

static_assert(kVat.size() <= 64);  // a bit each

}  // namespace

void VatId(const Call& call) {
  MakeId(call, kVat);
}

}  // namespace gdpr::fake
