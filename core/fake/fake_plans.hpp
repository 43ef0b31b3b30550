// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "fake_plan.hpp"
#include "fake_plan_checks.hpp"
#include "fake_plan_parts.hpp"

// The plans of ids that more than one kind may hold, by country. One number has one name in every
// kind, so that a PESEL that stands for a tax number becomes the same PESEL. Internal to core.
namespace gdpr::fake::plans {

// Great Britain and the United States
inline constexpr Plan kNino("gb nino", kInEn,
                            "[ABCEGHJKLMNOPRSTWXYZ][ABCEGHJKLMNPRSTWXYZ]dddddd[ABCD]", checks::Nino,
                            "__ __ __ __ _");
inline constexpr Plan kSsn("us ssn", kInEn, "ddddddddd", checks::Ssn, "___-__-____");
// Prefixes that the IRS gives out.
inline constexpr Part kEinPrefix = OneOf(
    2,
    "010203040506101112131415162021222324252627303132333435363738394041424344454647485051525354"
    "5556575859606162636465666768717273747576778081828384858687889091929394959899");
inline constexpr Plan kEin("us ein", kInEn, "sddddddd", nullptr, "__-_______", &kEinPrefix);

// Germany and Austria
inline constexpr Plan kIdNr("de idnr", kInDe, "s#", checks::IdNr, "__ ___ ___ ___",
                            &part::kGermanTen);
inline constexpr Plan kVnr("at vnr", kInDe, "pdd#s", checks::Vnr, "____ ______", &part::kDdmmyy);

// France
inline constexpr Part kDepartment = OneOf(
    2,
    "01020304050607080910111213141516171819202122232425262728292A2B3031323334353637383940414243"
    "444546474849505152535455565758596061626364656667686970717273747576777879808182838485868788"
    "8990919293949596979899");
inline constexpr Plan kNir15("fr nir", kInFr, "[12]ddssdddddd##", checks::Nir,
                             "_ __ __ __ ___ ___ __", &part::Number<2, 1, 12>::kPart, &kDepartment);
inline constexpr Plan kNir13("fr nir", kInFr, "[12]ddssdddddd", nullptr, "_ __ __ __ ___ ___",
                             &part::Number<2, 1, 12>::kPart, &kDepartment);
inline constexpr Plan kSiren("fr siren", kInFr, "dddddddd#", checks::LuhnNine, "___ ___ ___");
inline constexpr Plan kSiret("fr siret", kInFr, "dddddddd#dddd#", checks::Siret,
                             "___ ___ ___ _____");

// Spain
inline constexpr Plan kDni("es dni", kInEs, "dddddddd#", checks::Dni, "________-_");
inline constexpr Plan kNie("es nie", kInEs, "[XYZ]ddddddd#", checks::Dni, "_-_______-_");
inline constexpr Plan kKlm("es klm", kInEs, "[KLM]ddddddd#", checks::Dni, "_-_______-_");
inline constexpr Plan kCifDigit("es cif digit", kInEs, "[ABCDEFGHJUV]ddddddd#", checks::CifDigit,
                                "_-________");
inline constexpr Plan kCifLetter("es cif letter", kInEs, "[CDFGJNPQRSUVW]ddddddd#",
                                 checks::CifLetter, "_-_______-_");
// A few have the other form of the control.
inline constexpr Plan kCifOtherLetter("es cif other letter", kInEs, "[ABEH]ddddddd#",
                                      checks::CifLetter);
inline constexpr Plan kCifOtherDigit("es cif other digit", kInEs, "[NPQRSW]ddddddd#",
                                     checks::CifDigit);

// Italy
inline constexpr Plan kCf("it cf", kInIt, "ss[ABCDEFGHILMZ]ddd#", checks::CodiceFiscale,
                          "________________", &part::kItalianName, &part::kItalianBirth);
inline constexpr Plan kCfLoose("it cf loose", kInIt, "aaaaaasaddd#", checks::CodiceFiscale, {},
                               &part::kItalianBirth);
// Offices: the provinces, and those for companies from abroad and the state's.
struct ItalianOffice {
  static bool Rank(const char* text, std::uint32_t& index) {
    if (part::Number<3, 1, 100>::Rank(text, index)) return true;
    for (index = 0; index < 4; ++index) {
      if (kOthers.substr(index * 3, 3) == std::string_view(text, 3)) break;
    }
    index += 100;
    return index < 104;
  }
  static bool Unrank(std::uint32_t index, char* text) {
    if (index < 100) return part::Number<3, 1, 100>::Unrank(index, text);
    kOthers.copy(text, 3, (index - 100) * 3);
    return true;
  }
  static constexpr std::string_view kOthers = "120121888999";
  static constexpr Part kPart{3, 104, {}, Rank, Unrank};
};
inline constexpr Plan kIva("it iva", kInIt, "IT:ddddddds#", checks::PartitaIva, "___________",
                           &ItalianOffice::kPart);

// Netherlands, Belgium
inline constexpr Plan kBsn("nl bsn", kInNl, "dddddddd#", checks::Bsn, "_________");
inline constexpr Plan kNn19("be nn 1920", kInNl | kInFr, "sddd##", checks::Nn19, "__.__.__-___.__",
                            &part::Yymmdd<1920, 80, 0>::kPart);
inline constexpr Plan kNn20("be nn 2000", kInNl | kInFr, "sddd##", checks::Nn20, {},
                            &part::Yymmdd<2000, 10, 0>::kPart);
inline constexpr Plan kNnOld("be nn 1900", kInNl | kInFr, "sddd##", checks::Nn19, {},
                             &part::Yymmdd<1900, 20, 0>::kPart);
inline constexpr Plan kNnYoung("be nn 2010", kInNl | kInFr, "sddd##", checks::Nn20, {},
                               &part::Yymmdd<2010, 16, 0>::kPart);

// Portugal: people begin with 1 to 3
inline constexpr Plan kNifPerson("pt nif person", kInPt, "PT:[123]ddddddd#", checks::Nif,
                                 "_________");
inline constexpr Plan kNifOther("pt nif", kInPt, "PT:[456789]ddddddd#", checks::Nif, "_________");

// Poland: born in the nineteens, the two-thousands, and those of whom there are few
inline constexpr Plan kPesel19("pl pesel 1920", kInPl, "sdddd#", checks::Pesel, "___________",
                               &part::Yymmdd<1920, 80, 0>::kPart);
inline constexpr Plan kPesel20("pl pesel 2000", kInPl, "sdddd#", checks::Pesel, {},
                               &part::Yymmdd<2000, 10, 20>::kPart);
inline constexpr Plan kPeselOld("pl pesel 1900", kInPl, "sdddd#", checks::Pesel, {},
                                &part::Yymmdd<1900, 20, 0>::kPart);
inline constexpr Plan kPeselYoung("pl pesel 2010", kInPl, "sdddd#", checks::Pesel, {},
                                  &part::Yymmdd<2010, 16, 20>::kPart);
inline constexpr Plan kNip("pl nip", kInPl, "PL:pdddddddd#", checks::Nip, "___-___-__-__");

// Anywhere
inline constexpr Plan kLei("lei", kEverywhere, "ddddxxxxxxxxxxxxxx##", checks::Lei,
                           "____________________");

}  // namespace gdpr::fake::plans
