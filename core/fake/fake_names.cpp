// SPDX-License-Identifier: PostgreSQL
// A person's names and what goes with them.
#include <array>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_person.hpp"
#include "../fold.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

constexpr unsigned kNameBits = 20;
constexpr std::uint32_t kNameMask = (1U << kNameBits) - 1;

// The bits as the upper ones of 32, which is what a list takes.
std::uint32_t Slice(std::uint64_t bits, unsigned from) {
  return static_cast<std::uint32_t>(bits >> from & kNameMask) << (32U - kNameBits);
}

// Names drawn from the value must not be the value's own; by a seed they are the person's,
// whatever the value is.
std::string_view Name(const List& list, std::uint32_t bits, const Call& call) {
  std::size_t index = list.IndexAt(bits);
  constexpr int kTries = 8;
  for (int i = 0; !call.seeded && i < kTries && Holds(call.text, list[index]); ++i) {
    index = (index + 1) % list.size();
  }
  return list[index];
}

// The name, or another one that fits.
void EmitName(const Call& call, std::string_view name, const List& list, std::uint32_t bits) {
  if (Emit(call, {name})) return;
  const std::string_view shorter = list.At(bits, call.room);
  if (!Emit(call, {shorter})) EmitCut(call, shorter);
}

std::size_t WordCount(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (!blank && !inside) ++words;
    inside = !blank;
  }
  return words;
}

std::string_view Initial(std::string_view name) {
  return name.substr(0, PrefixBytes(name, 1));
}

void EmitFullName(const Call& call) {
  const Person person(call);
  const std::string_view second = person.first_names().At(person.other_bits, kLongestEntry);
  if (call.text.find(", ") != std::string_view::npos) {
    if (Emit(call, {person.last, ", ", person.first})) return;
  } else if (WordCount(call.text) > 2 && second != person.first) {
    if (Emit(call, {person.first, " ", second, " ", person.last})) return;
  }
  if (Emit(call, {person.first, " ", person.last})) return;
  if (Emit(call, {Initial(person.first), ". ", person.last})) return;
  EmitName(call, person.last, person.last_names(), person.last_bits);
}

// How a column says "female" and "male". What stands in it tells which pair it is of; the pairs of
// a locale come before those of others, because "m" is in many.
struct Pair {
  Locale locale;
  std::string_view female;
  std::string_view male;
};

using enum Locale;
constexpr auto kPairs = std::to_array<Pair>({
    {kEn, "f", "m"},
    {kEn, "female", "male"},
    {kEn, "woman", "man"},
    {kEn, "girl", "boy"},
    {kDe, "w", "m"},
    {kDe, "weiblich", "männlich"},
    {kDe, "Frau", "Mann"},
    {kDe, "Frau", "Herr"},
    {kFr, "f", "m"},
    {kFr, "f", "h"},
    {kFr, "féminin", "masculin"},
    {kFr, "femme", "homme"},
    {kEs, "m", "h"},
    {kEs, "f", "m"},
    {kEs, "femenino", "masculino"},
    {kEs, "mujer", "hombre"},
    {kIt, "f", "m"},
    {kIt, "femmina", "maschio"},
    {kIt, "donna", "uomo"},
    {kNl, "v", "m"},
    {kNl, "vrouwelijk", "mannelijk"},
    {kNl, "vrouw", "man"},
    {kPt, "f", "m"},
    {kPt, "feminino", "masculino"},
    {kPt, "mulher", "homem"},
    {kPl, "k", "m"},
    {kPl, "kobieta", "mężczyzna"},
    {kPl, "żeńska", "męska"},
    {kNone, "2", "1"},
    {kNone, "mrs", "mr"},
});

bool Same(std::string_view text, std::string_view word) {
  return text.size() == word.size() && Holds(text, word);
}

const Pair& PairFor(std::string_view text, Locale locale) {
  const Pair* other = nullptr;
  const Pair* letters = nullptr;
  const Pair* words = nullptr;
  for (const Pair& pair : kPairs) {
    const bool has = Same(text, pair.female) || Same(text, pair.male);
    if (has && pair.locale == locale) return pair;
    if (has && other == nullptr) other = &pair;
    if (pair.locale != locale) continue;
    (pair.male.size() == 1 ? letters : words) = &pair;
  }
  if (other != nullptr) return *other;
  return text.size() == 1 ? *letters : *words;
}

}  // namespace

Person::Person(const Call& call)
    : draw(call.Person("person")), lists(ListsOf(call.LocaleOr(Locale::kNone))) {
  const std::uint64_t bits = draw.Bits();
  female = (bits >> 63U) != 0;
  first_bits = Slice(bits, 43);
  last_bits = Slice(bits, 23);
  other_bits = Slice(bits, 3);
  first = Name(first_names(), first_bits, call);
  last = Name(last_names(), last_bits, call);
}

Identity IdentityOf(const Call& call) {
  const Person person(call);
  return {person.first, person.last, person.female};
}

void FirstName(const Call& call) {
  Unique(call, [](const Call& own) {
    const Person person(own);
    EmitName(own, person.first, person.first_names(), person.first_bits);
  });
}

void MiddleName(const Call& call) {
  Unique(call, [](const Call& own) {
    const Person person(own);
    const std::string_view name = Name(person.first_names(), person.other_bits, own);
    const std::size_t letters = CountChars(own.text);
    if (letters == 1) return EmitCut(own, Initial(name));
    if (letters == 2 && own.text.ends_with('.') && Emit(own, {Initial(name), "."})) return;
    EmitName(own, name, person.first_names(), person.other_bits);
  });
}

void LastName(const Call& call) {
  Unique(call, [](const Call& own) {
    const Person person(own);
    EmitName(own, person.last, person.last_names(), person.last_bits);
  });
}

void FullName(const Call& call) {
  Unique(call, EmitFullName);
}

void Title(const Call& call) {
  Unique(call, [](const Call& own) {
    const Person person(own);
    const List& titles = person.female ? person.lists.titles_female : person.lists.titles_male;
    EmitName(own, titles.At(person.other_bits, kLongestEntry), titles, person.other_bits);
  });
}

void Gender(const Call& call) {
  Unique(call, [](const Call& own) {
    const Person person(own);
    const Pair& pair = PairFor(own.text, own.LocaleOr(Locale::kNone));
    const std::string_view word = person.female ? pair.female : pair.male;
    if (!Emit(own, {word}, Letters::kCodes)) EmitCut(own, word, Letters::kCodes);
  });
}

void Nationality(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).nationalities, Letters::kCommon);
}

void MaritalStatus(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).marital_states, Letters::kCommon);
}

}  // namespace gdpr::fake
