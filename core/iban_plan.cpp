// SPDX-License-Identifier: PostgreSQL
#include "iban_plan.hpp"

#include <algorithm>
#include <array>

#include "check_digit.hpp"

namespace gdpr::iban {
namespace {

using enum National;
using check::DigitOf;
using check::Missing;
using check::ValueOf;
using check::WeightedSum;

constexpr std::uint32_t Place(unsigned i) {
  return 1U << i;
}

// The places of a structure that hold what `wanted` says, a bit for each, and how many there are.
struct Places {
  std::uint32_t bits = 0;
  std::uint8_t size = 0;
};
constexpr Places PlacesOf(std::string_view structure, char wanted) {
  Places places;
  unsigned count = 0;
  for (const char c : structure) {
    if (c >= '0' && c <= '9') {
      count = count * 10 + static_cast<unsigned>(c - '0');
      continue;
    }
    for (; count > 0; --count, ++places.size) {
      if (c == wanted) places.bits |= Place(places.size);
    }
  }
  return places;
}

constexpr std::uint32_t ChecksOf(National national, unsigned size) {
  switch (national) {
    case kNone:
      return 0;
    case kMod97:
    case kBelgium:
    case kRib:
      return Place(size - 1) | Place(size - 2);
    case kCin:
      return Place(0);
    case kCcc:
      return Place(8) | Place(9);
    case kElfproef:
    case kNorway:
    case kFinland:
    case kEstonia:
      return Place(size - 1);
    case kPoland:
    case kAlbania:
      return Place(7);
    case kHungary:
      return Place(7) | Place(23);
    case kCroatia:
      return Place(6) | Place(16);
    case kCzechoslovak:
      return Place(9) | Place(19);
  }
  return 0;
}

constexpr Plan Make(const char (&country)[3], std::string_view structure, National national = kNone,
                    std::uint8_t kept = 0) {
  const Places digits = PlacesOf(structure, 'n');
  return {{country[0], country[1], 0},
          structure,
          digits.size,
          kept,
          national,
          ChecksOf(national, digits.size),
          digits.bits,
          PlacesOf(structure, 'a').bits};
}

// By code. Belgium: which of the banks' first three digits exist is a list of the National Bank's.
constexpr auto kPlans = std::to_array<Plan>({
    Make("AD", "8n12c"),
    Make("AE", "19n"),
    Make("AL", "8n16c", kAlbania),
    Make("AT", "16n"),
    Make("AZ", "4a20c"),
    Make("BA", "16n", kMod97),
    Make("BE", "12n", kBelgium, 3),
    Make("BG", "4a6n8c"),
    Make("BH", "4a14c"),
    Make("BI", "23n"),
    Make("BR", "23n1a1c"),
    Make("BY", "4c4n16c"),
    Make("CH", "5n12c"),
    Make("CR", "18n"),
    Make("CY", "8n16c"),
    Make("CZ", "20n", kCzechoslovak),
    Make("DE", "18n"),
    Make("DJ", "23n"),
    Make("DK", "14n"),
    Make("DO", "4c20n"),
    Make("EE", "16n", kEstonia),
    Make("EG", "25n"),
    Make("ES", "20n", kCcc),
    Make("FI", "14n", kFinland),
    Make("FK", "2a12n"),
    Make("FO", "14n"),
    Make("FR", "10n11c2n", kRib),
    Make("GB", "4a14n"),
    Make("GE", "2a16n"),
    Make("GI", "4a15c"),
    Make("GL", "14n"),
    Make("GR", "7n16c"),
    Make("GT", "24c"),
    Make("HN", "4a20n"),
    Make("HR", "17n", kCroatia),
    Make("HU", "24n", kHungary),
    Make("IE", "4a14n"),
    Make("IL", "19n"),
    Make("IQ", "4a15n"),
    Make("IS", "22n"),
    Make("IT", "1a10n12c", kCin),
    Make("JO", "4a4n18c"),
    Make("KW", "4a22c"),
    Make("KZ", "3n13c"),
    Make("LB", "4n20c"),
    Make("LC", "4a24c"),
    Make("LI", "5n12c"),
    Make("LT", "16n"),
    Make("LU", "3n13c"),
    Make("LV", "4a13c"),
    Make("LY", "21n"),
    Make("MC", "10n11c2n", kRib),
    Make("MD", "20c"),
    Make("ME", "18n", kMod97),
    Make("MK", "3n10c2n", kMod97),
    Make("MN", "16n"),
    Make("MR", "23n"),
    Make("MT", "4a5n18c"),
    Make("MU", "4a19n3a"),
    Make("NI", "4a20n"),
    Make("NL", "4a10n", kElfproef),
    Make("NO", "11n", kNorway),
    Make("OM", "3n16c"),
    Make("PK", "4a16c"),
    Make("PL", "24n", kPoland),
    Make("PS", "4a21c"),
    Make("PT", "21n", kMod97),
    Make("QA", "4a21c"),
    Make("RO", "4a16c"),
    Make("RS", "18n", kMod97),
    Make("RU", "14n15c"),
    Make("SA", "2n18c"),
    Make("SC", "4a20n3a"),
    Make("SD", "14n"),
    Make("SE", "20n"),
    Make("SI", "15n", kMod97),
    Make("SK", "20n", kCzechoslovak),
    Make("SM", "1a10n12c", kCin),
    Make("SO", "19n"),
    Make("ST", "21n"),
    Make("SV", "4a20n"),
    Make("TL", "19n", kMod97),
    Make("TN", "20n"),
    Make("TR", "6n16c"),
    Make("UA", "6n19c"),
    Make("VA", "18n"),
    Make("VG", "4a16n"),
    Make("XK", "16n", kMod97),
    Make("YE", "4a4n18c"),
});

static_assert(std::all_of(kPlans.begin(), kPlans.end(),
                          [](const Plan& plan) { return plan.size <= kMostBban; }));
static_assert(std::is_sorted(kPlans.begin(), kPlans.end(), [](const Plan& a, const Plan& b) {
  return std::string_view(a.country) < std::string_view(b.country);
}));

constexpr bool Tells(const Plan& plan) {
  if (plan.national == kNone || plan.national == kAlbania) return false;
  const auto* first = std::find_if(kPlans.begin(), kPlans.end(), [&](const Plan& other) {
    return other.national == plan.national && other.structure == plan.structure;
  });
  return first == &plan;
}
constexpr std::size_t kTells =
    static_cast<std::size_t>(std::count_if(kPlans.begin(), kPlans.end(), Tells));
constexpr std::array<Plan, kTells> kTellingPlans = [] {
  std::array<Plan, kTells> plans{};
  std::copy_if(kPlans.begin(), kPlans.end(), plans.begin(), Tells);
  return plans;
}();

// The digit that makes the sum a multiple; false where it would be ten.
bool SetDigit(char& at, unsigned sum, unsigned modulus) {
  const unsigned digit = Missing(sum, modulus);
  at = DigitOf(digit % 10);
  return digit < 10;
}

void SetTwo(std::span<char> bban, unsigned number) {
  bban[bban.size() - 2] = DigitOf(number / 10);
  bban[bban.size() - 1] = DigitOf(number % 10);
}

constexpr std::array<std::uint8_t, 4> kMod10 = {9, 7, 3, 1};
constexpr std::array<std::uint8_t, 10> kPowers = {6, 3, 7, 9, 10, 5, 8, 4, 2, 1};

// Letters count 1 … 9, 1 … 9, 2 … 9.
unsigned RibOf(std::string_view bban) {
  const auto number = [&](std::size_t at, std::size_t count) {
    std::uint64_t sum = 0;
    for (const char c : bban.substr(at, count)) {
      const unsigned value = ValueOf(c);
      sum = sum * 10 + (value < 10 ? value : value < 28 ? (value - 10) % 9 + 1 : value - 26);
    }
    return sum;
  };
  const std::uint64_t sum = 89 * number(0, 5) + 15 * number(5, 5) + 3 * number(10, 11);
  return 97 - static_cast<unsigned>(sum % 97);
}

char CinOf(std::string_view bban) {
  // What a character at an odd place counts; letters as digits, A as 0.
  static constexpr std::array<std::uint8_t, 26> kOdd = {
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  unsigned sum = 0;
  for (std::size_t i = 1; i < bban.size(); ++i) {
    const unsigned value = ValueOf(bban[i]);
    const unsigned place = value < 10 ? value : value - 10;
    sum += i % 2 == 1 ? kOdd[place] : place;
  }
  return static_cast<char>('A' + sum % 26);
}

bool SetCcc(std::span<char> bban) {
  static constexpr std::array<std::uint8_t, 10> kWeights = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
  const std::string_view text(bban.data(), bban.size());
  const auto digit = [](unsigned sum) { return DigitOf(sum % 11 < 2 ? sum % 11 : 11 - sum % 11); };
  bban[8] = digit(WeightedSum(text.substr(0, 8), std::span(kWeights).subspan(2)));
  bban[9] = digit(WeightedSum(text.substr(10), kWeights));
  return true;
}

}  // namespace

std::span<const Plan> Plans() {
  return kPlans;
}

std::span<const Plan> TellingPlans() {
  return kTellingPlans;
}

const Plan* FindPlan(std::string_view country) {
  const auto* at = std::lower_bound(kPlans.begin(), kPlans.end(), country,
                                    [](const Plan& plan, std::string_view code) {
                                      return std::string_view(plan.country, 2) < code;
                                    });
  return at != kPlans.end() && std::string_view(at->country, 2) == country ? at : nullptr;
}

bool Fits(const Plan& plan, std::string_view bban) {
  if (bban.size() != plan.size) return false;
  std::uint32_t digits = 0;
  std::uint32_t letters = 0;
  for (std::size_t i = 0; i < bban.size(); ++i) {
    digits |= static_cast<std::uint32_t>(bban[i] >= '0' && bban[i] <= '9') << i;
    letters |= static_cast<std::uint32_t>(bban[i] >= 'A' && bban[i] <= 'Z') << i;
  }
  return (digits | letters) == Place(plan.size) - 1 && (plan.digits & ~digits) == 0 &&
         (plan.letters & ~letters) == 0;
}

bool SetNational(const Plan& plan, std::span<char> bban) {
  static constexpr std::array<std::uint8_t, 9> kTens = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  static constexpr std::array<std::uint8_t, 10> kNorwegian = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  static constexpr std::array<std::uint8_t, 7> kPolish = {3, 9, 7, 1, 3, 9, 7};
  static constexpr std::array<std::uint8_t, 3> kEstonian = {7, 1, 3};
  const std::string_view text(bban.data(), bban.size());
  const std::size_t last = bban.size() - 1;
  switch (plan.national) {
    case kNone:
      return true;
    case kMod97:
      SetTwo(bban, check::Mod97Digits(text.substr(0, last - 1)));
      return true;
    case kBelgium: {
      const unsigned number = check::Modulo(text.substr(0, 10), 97);
      SetTwo(bban, number == 0 ? 97 : number);
      return true;
    }
    case kRib:
      SetTwo(bban, RibOf(text));
      return true;
    case kCin:
      bban[0] = CinOf(text);
      return true;
    case kCcc:
      return SetCcc(bban);
    case kElfproef:
      return SetDigit(bban[last], WeightedSum(text.substr(4, 9), kTens), 11);
    case kNorway:
      return SetDigit(bban[last], WeightedSum(text.substr(0, 10), kNorwegian), 11);
    case kFinland:
      bban[last] = check::LuhnDigit(text.substr(0, last));
      return true;
    case kPoland:
      return SetDigit(bban[7], WeightedSum(text.substr(0, 7), kPolish), 10);
    case kAlbania:
      return SetDigit(bban[7], WeightedSum(text.substr(0, 7), kMod10), 10);
    case kHungary:
      return SetDigit(bban[7], WeightedSum(text.substr(0, 7), kMod10), 10) &&
             SetDigit(bban[23], WeightedSum(text.substr(8, 15), kMod10), 10);
    case kEstonia:
      // Thirteen digits: the first of them takes the weight of the last.
      return SetDigit(bban[last], WeightedSum(text.substr(2, 13), kEstonian), 10);
    case kCroatia:
      bban[6] = check::Mod11_10Digit(text.substr(0, 6));
      bban[16] = check::Mod11_10Digit(text.substr(7, 9));
      return true;
    case kCzechoslovak:
      return SetDigit(bban[9], WeightedSum(text.substr(4, 5), std::span(kPowers).subspan(4)), 11) &&
             SetDigit(bban[19], WeightedSum(text.substr(10, 9), kPowers), 11);
  }
  return true;
}

bool PassesNational(const Plan& plan, std::string_view bban) {
  if (plan.national == kNone) return true;
  std::array<char, kMostBban> copy;
  std::copy(bban.begin(), bban.end(), copy.begin());
  const std::span<char> set(copy.data(), bban.size());
  return SetNational(plan, set) && std::equal(bban.begin(), bban.end(), set.begin());
}

unsigned CheckDigits(const Plan& plan, std::string_view bban) {
  return 98 - check::Mod97("00", check::Mod97({plan.country, 2}, check::Mod97(bban)));
}

}  // namespace gdpr::iban
