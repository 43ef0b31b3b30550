// SPDX-License-Identifier: PostgreSQL
// Addresses: real cities with codes of their own, streets that are in every town.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_place.hpp"
#include "fake_text.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

// The next of the fields that tabs divide.
std::string_view Field(std::string_view& entry) {
  const std::size_t end = std::min(entry.find('\t'), entry.size());
  const std::string_view field = entry.substr(0, end);
  entry.remove_prefix(std::min(end + 1, entry.size()));
  return field;
}

std::size_t Number(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// A number as text, without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  operator std::string_view() const {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, 20> text_{};
  const char* end_;
};

// What stands between street and number, and whether the number comes first.
struct Form {
  std::string_view between;
  bool number_first;
};

Form FormOf(Locale locale) {
  switch (locale) {
    case Locale::kEn:
    case Locale::kFr:
      return {" ", true};
    case Locale::kEs:
    case Locale::kIt:
    case Locale::kPt:
      return {", ", false};
    default:
      return {" ", false};
  }
}

bool EmitStreet(const Call& call, const Place& place, bool number) {
  if (!number) return Emit(call, {place.street});
  const Form form = FormOf(place.locale);
  const Digits digits(place.number);
  return form.number_first ? Emit(call, {digits, form.between, place.street})
                           : Emit(call, {place.street, form.between, digits});
}

// A line of street and number; what does not fit is a shorter street, and then the number.
void EmitLine(const Call& call, const Place& place, bool number) {
  if (EmitStreet(call, place, number)) return;
  const List& streets = ListsOf(place.locale).streets;
  Place shorter = place;
  constexpr std::size_t kNumberRoom = 5;
  if (number && call.room > kNumberRoom) {
    shorter.street = streets.At(place.street_bits, call.room - kNumberRoom);
    if (EmitStreet(call, shorter, true)) return;
  }
  shorter.street = streets.At(place.street_bits, call.room);
  if (!EmitStreet(call, shorter, false)) EmitCut(call, shorter.street);
}

// Street, code and city in one text, divided as in the input.
bool EmitWhole(const Call& call, const Place& place) {
  const std::string_view between = call.text.find('\n') != std::string_view::npos ? "\n" : ", ";
  std::string code;  // at most nine characters: no allocation
  AppendPostalCode(place, code);
  const Form form = FormOf(place.locale);
  const Digits digits(place.number);
  const std::string_view first = form.number_first ? std::string_view(digits) : place.street;
  const std::string_view second = form.number_first ? place.street : std::string_view(digits);
  if (place.locale == Locale::kEn) {
    return Emit(call, {first, form.between, second, between, place.city, between, code});
  }
  return Emit(call, {first, form.between, second, between, code, " ", place.city});
}

bool IsWhole(std::string_view text) {
  return text.find_first_of(",\n;") != std::string_view::npos && HasDigit(text);
}

// A city, or one with a shorter name.
void EmitCity(const Call& call, const Place& place) {
  if (Emit(call, {place.city})) return;
  std::string_view entry = ListsOf(place.locale).cities.At(place.city_bits, call.room);
  const std::string_view city = Field(entry);
  if (!Emit(call, {city})) EmitCut(call, city);
}

// ISO 3166-1, alpha-2 and alpha-3, for columns that hold codes.
constexpr std::string_view kCountryCodes =
    "ARARG AUAUS ATAUT BEBEL BRBRA BGBGR CACAN CLCHL CNCHN COCOL HRHRV CYCYP CZCZE DKDNK EGEGY "
    "EEEST FIFIN FRFRA DEDEU GRGRC HUHUN ISISL ININD IDIDN IEIRL ILISR ITITA JPJPN KEKEN LVLVA "
    "LTLTU LULUX MTMLT MXMEX MAMAR NLNLD NZNZL NGNGA NONOR PEPER PLPOL PTPRT ROROU RSSRB SGSGP "
    "SKSVK SISVN ZAZAF ESESP SESWE CHCHE THTHA TNTUN TRTUR UAUKR GBGBR USUSA UYURY VNVNM ";

std::string_view CountryCode(std::uint32_t bits, bool three) {
  constexpr std::size_t kEach = 6;
  constexpr std::size_t kCount = kCountryCodes.size() / kEach;
  static_assert(kCountryCodes.size() % kEach == 0);
  const std::size_t index = static_cast<std::size_t>(std::uint64_t{bits} * kCount >> 32U);
  return kCountryCodes.substr(index * kEach + (three ? 2 : 0), three ? 3 : 2);
}

bool IsLetters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::string_view PoBoxWord(Locale locale) {
  constexpr std::array<std::string_view, kLocales + 1> kWords = {
      "PO Box ", "PO Box ",  "Postfach ", "BP ",         "Apdo. ",
      "C.P. ",   "Postbus ", "Apartado ", "skr. poczt. "};
  return kWords[static_cast<std::size_t>(locale)];
}

void EmitPoBox(const Call& call) {
  const std::uint32_t bits = call.Person("po_box").Bits32();
  std::size_t places = static_cast<std::size_t>(std::count_if(
      call.text.begin(), call.text.end(), [](char c) { return c >= '0' && c <= '9'; }));
  places = std::min(std::clamp<std::size_t>(places, 2, 6), call.room);
  std::uint64_t least = 1;
  for (std::size_t i = 1; i < places; ++i) least *= 10;
  const Digits number(least + (std::uint64_t{bits} * 9 * least >> 32U));
  const bool bare = call.text.front() >= '0' && call.text.front() <= '9';
  if (!bare && Emit(call, {PoBoxWord(call.LocaleOr(Locale::kNone)), number})) return;
  Emit(call, {number});
}

}  // namespace

Place PlaceOf(const Call& call) {
  Draw draw = call.Person("place");
  Place place{};
  place.locale = call.LocaleOr(Locale::kNone);
  const Lists& lists = ListsOf(place.locale);
  place.city_bits = draw.Bits32();
  place.street_bits = draw.Bits32();
  const std::uint64_t skewed = draw.Bits32() >> 16U;
  constexpr std::uint64_t kNumbers = 149;
  place.number = 1 + static_cast<unsigned>(skewed * skewed * kNumbers >> 32U);
  place.code_bits = draw.Bits();

  std::string_view entry = lists.cities[lists.cities.IndexAt(place.city_bits)];
  place.city = Field(entry);
  place.region = lists.regions[Number(Field(entry))];
  place.latitude = Field(entry);
  place.longitude = Field(entry);
  place.codes = entry;
  place.street = lists.streets[lists.streets.IndexAt(place.street_bits)];
  return place;
}

void AppendPostalCode(const Place& place, std::string& out) {
  std::uint64_t bits = place.code_bits;
  const auto below = [&bits](std::uint64_t n) {
    const std::uint64_t chosen = bits % n;
    bits /= n;
    return static_cast<std::size_t>(chosen);
  };
  const auto count =
      static_cast<std::size_t>(1 + std::count(place.codes.begin(), place.codes.end(), ' '));
  std::string_view codes = place.codes;
  for (std::size_t skip = below(count); skip > 0; --skip) codes.remove_prefix(codes.find(' ') + 1);
  out.append(codes.substr(0, codes.find(' ')));
  if (place.locale == Locale::kEn) {
    constexpr std::string_view kInward = "ABDEFGHJLNPQRSTUWXYZ";  // C I K M O V are not used
    out.push_back(' ');
    out.push_back(static_cast<char>('0' + below(10)));
    for (int i = 0; i < 2; ++i) out.push_back(kInward[below(kInward.size())]);
  }
  if (place.locale == Locale::kNl) {
    constexpr std::string_view kLetters = "ABCDEGHJKLMNPRSTVWXZ";  // F I O Q U Y are not used
    out.push_back(' ');
    const std::size_t first = below(kLetters.size());
    out.push_back(kLetters[first]);
    // SA, SD and SS are never given out; B to E are enough for a second letter after S.
    constexpr std::string_view kAfterS = "BCEG";
    out.push_back(kLetters[first] == 'S' ? kAfterS[below(4)] : kLetters[below(kLetters.size())]);
  }
}

void Street(const Call& call) {
  Unique(call, [](const Call& own) { EmitLine(own, PlaceOf(own), HasDigit(own.text)); });
}

void StreetNumber(const Call& call) {
  Unique(call, [](const Call& own) {
    const Place place = PlaceOf(own);
    const char last = own.text.back();
    const bool letter = HasDigit(own.text) && own.text.size() <= 5 && IsLetters({&last, 1});
    const char suffix = static_cast<char>('a' + place.code_bits % 4);
    const Digits number(place.number);
    if (letter && Emit(own, {number, {&suffix, 1}})) return;
    if (!Emit(own, {number})) Emit(own, {Digits(1 + place.number % 9)});
  });
}

void AddressLine(const Call& call) {
  Unique(call, [](const Call& own) {
    const Place place = PlaceOf(own);
    if (IsWhole(own.text) && EmitWhole(own, place)) return;
    EmitLine(own, place, HasDigit(own.text));
  });
}

void City(const Call& call) {
  Unique(call, [](const Call& own) { EmitCity(own, PlaceOf(own)); });
}

void BirthPlace(const Call& call) {
  Unique(call, [](const Call& own) {
    Place place{};
    place.locale = own.LocaleOr(Locale::kNone);
    place.city_bits = own.Person("birth_place").Bits32();
    const List& cities = ListsOf(place.locale).cities;
    std::string_view entry = cities[cities.IndexAt(place.city_bits)];
    place.city = Field(entry);
    EmitCity(own, place);
  });
}

void Region(const Call& call) {
  Unique(call, [](const Call& own) {
    const Place place = PlaceOf(own);
    if (Emit(own, {place.region}, Letters::kCommon)) return;
    const std::string_view region = ListsOf(place.locale).regions.At(place.city_bits, own.room);
    if (!Emit(own, {region}, Letters::kCommon)) EmitCut(own, region, Letters::kCommon);
  });
}

void Country(const Call& call) {
  Unique(call, [](const Call& own) {
    const std::uint32_t bits = own.Person("country").Bits32();
    const std::size_t size = own.text.size();
    if ((size == 2 || size == 3) && IsLetters(own.text)) {
      const std::string_view code = CountryCode(bits, size == 3);
      if (Emit(own, {code})) return;
    }
    const List& countries = ListsOf(own.LocaleOr(Locale::kNone)).countries;
    const std::string_view country = countries.At(bits, own.room);
    if (!Emit(own, {country})) EmitCut(own, country);
  });
}

void PoBox(const Call& call) {
  Unique(call, EmitPoBox);
}

}  // namespace gdpr::fake
