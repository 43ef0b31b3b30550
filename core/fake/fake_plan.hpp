// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "fake.hpp"

// Plans of ids: which characters stand where, which of them are checks, how many ids there are.
// An id that follows a plan is ranked in it, so that a keyed permutation gives another one of the
// same plan. Internal to core.
namespace gdpr::fake {

/// Fills in the check characters of an id whose other characters are there. False: the plan gives
/// no such id out (a check digit of ten, a number that is excluded).
using Check = bool (*)(char* id);

/// Characters of an id that belong together (a date, an area), as a number 0 … size-1.
struct Part {
  std::uint8_t length;
  std::uint32_t size;
  std::string_view words;  ///< all there are, one after the other; else the two functions
  bool (*rank)(const char* text, std::uint32_t& index) = nullptr;
  bool (*unrank)(std::uint32_t index, char* text) = nullptr;  ///< false: there is a gap
};

/// A part that is one of a few words of the same length, which are given in their order.
consteval Part OneOf(std::uint8_t length, std::string_view words) {
  for (std::size_t i = length; i < words.size(); i += length) {
    if (words.substr(i - length, length) >= words.substr(i, length)) throw "not in order";
  }
  return {length, static_cast<std::uint32_t>(words.size() / length), words};
}

constexpr unsigned BitOf(Locale locale) {
  return 1U << static_cast<unsigned>(locale);
}
constexpr unsigned kInEn = BitOf(Locale::kEn);
constexpr unsigned kInDe = BitOf(Locale::kDe);
constexpr unsigned kInFr = BitOf(Locale::kFr);
constexpr unsigned kInEs = BitOf(Locale::kEs);
constexpr unsigned kInIt = BitOf(Locale::kIt);
constexpr unsigned kInNl = BitOf(Locale::kNl);
constexpr unsigned kInPt = BitOf(Locale::kPt);
constexpr unsigned kInPl = BitOf(Locale::kPl);
constexpr unsigned kEverywhere = ~0U;
constexpr unsigned kAnywhere = 0;  ///< a country of no locale: only where the value begins with it

/// The plan of one id. The pattern, without separators and in capitals:
/// `d` 0-9, `p` 1-9, `a` A-Z, `x` A-Z and 0-9, `[AB1]` one of these, `s` the next part, `#` a check
/// character; a capital or a digit stands for itself. `[AB1]*3`: three of them. "u=ABC;u…": `u` is
/// one of A B C. "DE:p…": may begin with the country.
struct Plan {
  static constexpr std::size_t kMostCells = 24;
  static constexpr std::size_t kMostLength = 24;

  enum class Form : std::uint8_t { kDigits, kSet, kPart, kCheck };
  struct Cell {
    Form form = Form::kCheck;
    std::uint8_t length = 1;
    std::uint32_t count = 1;
    const char* set = nullptr;
    const Part* part = nullptr;
  };

  std::string_view name;  ///< sets its permutation apart; one id with and without check: one name
  unsigned locales;
  std::string_view prefix;
  std::string_view spelling;  ///< where there is none to keep; '_' is a character of the id
  Check check;
  std::array<Cell, kMostCells> cells{};
  std::uint8_t cell_count = 0;
  std::uint8_t length = 0;
  U128 size = 1;

  consteval Plan(std::string_view its_name, unsigned its_locales, std::string_view pattern,
                 Check its_check = nullptr, std::string_view its_spelling = {},
                 const Part* first = nullptr, const Part* second = nullptr)
      : name(its_name), locales(its_locales), spelling(its_spelling), check(its_check) {
    const std::size_t colon = pattern.find(':');
    if (colon != std::string_view::npos) {
      prefix = pattern.substr(0, colon);
      pattern.remove_prefix(colon + 1);
    }
    std::string_view own;
    if (pattern.starts_with("u=")) {
      const std::size_t end = pattern.find(';');
      own = pattern.substr(2, end - 2);
      pattern.remove_prefix(end + 1);
    }
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == '[') {
        const std::size_t end = pattern.find(']', i);
        const std::string_view set = pattern.substr(i + 1, end - i - 1);
        i = end;
        const bool repeated = pattern.substr(i + 1).starts_with('*');
        for (int left = repeated ? pattern[i + 2] - '0' : 1; left > 0; --left) AddSet(set);
        if (repeated) i += 2;
      } else if (pattern[i] == 'u') {
        AddSet(own);
      } else if (pattern[i] == 's') {
        AddPart(first);
        first = second;
      } else {
        AddOne(pattern.data() + i);
      }
    }
    std::size_t places = 0;
    for (const char c : spelling) places += c == '_' ? 1U : 0U;
    if (!spelling.empty() && places != length) throw "a spelling with other places than the plan";
  }

 private:
  static constexpr std::uint32_t kMostRun = 100'000'000;  // times ten: a cell of nine digits

  consteval void Add(Form form, std::uint32_t count, const char* set) {
    cells.at(cell_count++) = {form, 1, count, set, nullptr};
    size *= count;
    ++length;
  }

  consteval void AddSet(std::string_view set) {
    Add(Form::kSet, static_cast<std::uint32_t>(set.size()), set.data());
  }

  consteval void AddPart(const Part* part) {
    cells.at(cell_count++) = {Form::kPart, part->length, part->size, nullptr, part};
    size *= part->size;
    length = static_cast<std::uint8_t>(length + part->length);
  }

  consteval void AddOne(const char* c) {
    constexpr const char* kAll = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (*c == '#') return Add(Form::kCheck, 1, nullptr);
    if (*c == 'p') return Add(Form::kSet, 9, kAll + 1);
    if (*c == 'a') return Add(Form::kSet, 26, kAll + 10);
    if (*c == 'x') return Add(Form::kSet, 36, kAll);
    if (*c != 'd') return Add(Form::kSet, 1, c);
    const bool goes_on = cell_count != 0 && cells.at(cell_count - 1U).form == Form::kDigits &&
                         cells.at(cell_count - 1U).count <= kMostRun;
    if (!goes_on) return Add(Form::kDigits, 10, {});
    cells.at(cell_count - 1U).count *= 10;
    ++cells.at(cell_count - 1U).length;
    size *= 10;
    ++length;
  }
};

using Plans = std::span<const Plan* const>;

/// The number of an id of plan.length characters; false if it does not follow the plan.
bool Rank(const Plan& plan, const char* id, U128& index);

/// The id of that number, with its checks; false if the plan gives none out for it.
bool Unrank(const Plan& plan, U128 index, char* id);

/// An id as it is written: its letters (as capitals) and digits.
struct Written {
  static constexpr std::size_t kMost = 40;

  explicit Written(std::string_view text);
  std::string_view Id() const { return {id.data(), size}; }

  std::array<char, kMost> id;
  std::uint8_t size = 0;
  bool lower = false;    ///< letters, and none of them a capital
  bool foreign = false;  ///< something that is not ASCII
  bool longer = false;   ///< more letters and digits than any plan has
};

/// Appends the text with these letters and digits in the places of its own.
void Spell(std::string_view text, const Written& written, std::string& out);

/// Replaces an id. One that follows plans of the kind becomes another that follows the very same
/// ones (permuted; drawn, where a person's seed asks for it). What follows none becomes a drawn id
/// of the locale's first plan that fits, or, where it must be unique, another text of its own shape
/// that follows none.
///
/// `taken`: texts of that spelling are another function's, and never come out here.
using Taken = bool (*)(std::string_view text);
void MakeId(const Call& call, Plans plans, Taken taken = nullptr);

/// Another text of the same shape (see fake_shape.hpp): of those that follow none of the plans.
void MakeShape(const Call& call, Plans plans, Taken taken = nullptr);

}  // namespace gdpr::fake
