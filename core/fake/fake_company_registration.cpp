// SPDX-License-Identifier: PostgreSQL
// Numbers of companies in their registers.
#include <algorithm>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_plans.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

using namespace plans;

// GB: companies of England and Wales have eight digits, the other registers two letters and six.
constexpr Plan kHouse("gb company", kInEn, "[01]ddddddd", nullptr, "________");
constexpr Part kRegister = OneOf(2, "FCGENCNINLNPOCSCSLSOSP");
constexpr Plan kHouseOf("gb company of", kInEn, "sdddddd", nullptr, {}, &kRegister);
// AT: Firmenbuch, with a letter that is a check nobody publishes.
constexpr Plan kFirmenbuch6("at fn 6", kInDe, "FN:dddddd[ABDFGHIKMPSTVWXYZ]");
constexpr Plan kFirmenbuch5("at fn 5", kInDe, "FN:ddddd[ABDFGHIKMPSTVWXYZ]");
constexpr Plan kUid("ch uid", kInDe, "CHEdddddddd#", [](char* id) { return checks::Uid(id + 3); });
constexpr Plan kKvk("nl kvk", kInNl, "pddddddd", nullptr, "________");
constexpr Plan kKbo("be vat", kInNl | kInFr, "BE:[01]ddddddd##", checks::Kbo, "____.___.___");
constexpr Plan kRegon9("pl regon", kInPl, "dddddddd#", checks::Regon9, "_________");
constexpr Plan kRegon14("pl regon 14", kInPl, "dddddddd#dddd#", checks::Regon14, "______________");
constexpr Plan kKrs("pl krs", kInPl, "000ddddddd", nullptr, "__________");

constexpr auto kCompanies = std::to_array<const Plan*>(
    {&kHouse, &kHouseOf,  &kEin,       &kFirmenbuch6,    &kFirmenbuch5,   &kUid,     &kSiren,
     &kSiret, &kCifDigit, &kCifLetter, &kCifOtherLetter, &kCifOtherDigit, &kDni,     &kIva,
     &kCf,    &kKvk,      &kKbo,       &kNifOther,       &kRegon9,        &kRegon14, &kKrs,
     &kNip,   &kLei});

// DE: the court, the register, a number of up to six digits: "Aachen HRA 11223", "HRB 4711".
constexpr auto kCourts = std::to_array<std::string_view>(
    {"Aachen",      "Arnsberg",  "Augsburg",     "Bielefeld",
     "Bochum",      "Bonn",      "Braunschweig", "Bremen",
     "Chemnitz",    "Coburg",    "Cottbus",      "Darmstadt",
     "Dortmund",    "Dresden",   "Duisburg",     "Düsseldorf",
     "Essen",       "Freiburg",  "Göttingen",    "Hagen",
     "Hamburg",     "Hannover",  "Jena",         "Kiel",
     "Köln",        "Leipzig",   "Lübeck",       "Mainz",
     "Mannheim",    "München",   "Münster",      "Nürnberg",
     "Paderborn",   "Potsdam",   "Regensburg",   "Rostock",
     "Saarbrücken", "Stendal",   "Stuttgart",    "Ulm",
     "Wiesbaden",   "Wuppertal", "Würzburg",     "Frankfurt am Main"});
constexpr auto kRegisters = std::to_array<std::string_view>({"HRA", "HRB", "GnR", "PR", "VR"});

struct Entry {
  std::string_view court;
  std::size_t number = 0;  // where it begins
  std::size_t digits = 0;
};

bool ReadEntry(std::string_view text, Entry& entry) {
  for (const std::string_view name : kRegisters) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos || (at != 0 && text[at - 1] != ' ')) continue;
    entry.court = text.substr(0, at == 0 ? 0 : at - 1);
    std::size_t end = at + name.size();
    while (end < text.size() && text[end] == ' ') ++end;
    entry.number = end;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    entry.digits = end - entry.number;
    return end == text.size() && entry.digits >= 1 && entry.digits <= 6 &&
           text[entry.number] != '0' &&
           (entry.court.empty() ||
            std::find(kCourts.begin(), kCourts.end(), entry.court) != kCourts.end());
  }
  return false;
}

bool IsEntry(std::string_view text) {
  Entry entry;
  return ReadEntry(text, entry);
}

// The courts whose names are as long as this one, so that the column takes what it took before.
std::size_t CourtsLike(std::string_view court, std::array<std::string_view, kCourts.size()>& out) {
  std::size_t count = 0;
  for (const std::string_view one : kCourts) {
    if (one.size() == court.size() && CountChars(one) == CountChars(court)) out[count++] = one;
  }
  return count;
}

void MakeEntry(const Call& call, const Entry& entry) {
  std::array<std::string_view, kCourts.size()> courts;
  const std::size_t count = entry.court.empty() ? 1 : CourtsLike(entry.court, courts);
  std::uint64_t numbers = 9;
  for (std::size_t i = 1; i < entry.digits; ++i) numbers *= 10;
  const std::uint64_t first = numbers / 9;
  const std::uint64_t size = numbers * count;
  std::uint64_t index = 0;
  if (call.Permutes()) {
    const std::string_view digits = call.text.substr(entry.number);
    for (const char c : digits) index = index * 10 + static_cast<std::uint64_t>(c - '0');
    index -= first;
    auto* const end = courts.begin() + count;
    if (!entry.court.empty()) {
      const auto court = std::find(courts.begin(), end, entry.court) - courts.begin();
      index += numbers * static_cast<std::uint64_t>(court);
    }
    index = static_cast<std::uint64_t>(call.Permute("de register", size, index));
  } else {
    index = call.Value("de register").Below(size);
  }
  if (!entry.court.empty()) call.out.append(courts[index / numbers]);
  call.out.append(call.text.substr(entry.court.size(), entry.number - entry.court.size()));
  index = index % numbers + first;
  const std::size_t start = call.out.size();
  call.out.append(entry.digits, '0');
  for (std::size_t i = entry.digits; i-- > 0; index /= 10) {
    call.out[start + i] = static_cast<char>('0' + index % 10);
  }
}

}  // namespace

void CompanyRegistration(const Call& call) {
  Entry entry;
  if ((call.locale == Locale::kNone || call.locale == Locale::kDe) && ReadEntry(call.text, entry)) {
    return MakeEntry(call, entry);
  }
  const bool german = call.LocaleOr(Locale::kNone) == Locale::kDe;
  if (german && !call.unique && call.room >= 9 && Written(call.text).Id().size() != 9) {
    Draw draw = call.Value("de register");
    call.out.append("HRB ").append(1, static_cast<char>('1' + draw.Below(9)));
    for (int i = 0; i < 4; ++i) call.out += draw.Digit();
    return;
  }
  MakeId(call, kCompanies,
         call.locale == Locale::kNone || call.locale == Locale::kDe ? IsEntry : nullptr);
}

}  // namespace gdpr::fake
