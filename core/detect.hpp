// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What identifies people by its form alone. Every detector looks at a bounded stretch from one
// place, or remembers how far it looked, so that a pass over a text is linear. No regular
// expressions: std::regex recurses for each character of its input. Internal to core.
namespace gdpr::detect {

/// Digits of a number that may be written with separators, as far as one number can go.
struct DigitRun {
  static constexpr std::size_t kMost = 20;

  /// One group of digits: how many digits there are up to its end, and where that is.
  struct Group {
    std::uint8_t digits;
    std::uint8_t length;
    std::size_t end;
    char separator;  ///< before the group: 0 for the first; '(' if a bracket is among several
  };

  bool plus = false;
  std::array<char, kMost> digits{};
  std::array<Group, kMost> groups{};
  std::size_t count = 0;  ///< groups

  std::string_view Digits(std::size_t group) const {
    return std::string_view(digits.data(), groups[group].digits);
  }
};

/// Reads the run at `at`: an optional "+", digits, and up to three separators between groups. The
/// trunk zero of "+44 (0)20" is left out. False if no digit is there.
bool ReadDigits(std::string_view text, std::size_t at, DigitRun& run);

enum class Found : std::uint8_t { kNothing, kEmail, kIban, kCard, kIp, kPhone, kUserInfo };

/// What was found: text[start, end).
struct Match {
  Found found = Found::kNothing;
  std::size_t start = 0;
  std::size_t end = 0;
};

/// Looks for everything at one place after another, from left to right.
class Detector {
 public:
  explicit Detector(std::string_view text) : text_(text) {}

  /// What starts at `at`. `in_word`: the character before belongs to a word.
  Match At(std::size_t at, bool in_word);

  /// The run of digits read by the last At(), or nullptr: own numbers are compared with it.
  const DigitRun* Run() const { return has_run_ ? &run_ : nullptr; }

 private:
  std::size_t Email(std::size_t at);
  std::size_t Domain(std::size_t at) const;
  std::size_t Iban(std::size_t at) const;
  std::size_t Ip(std::size_t at) const;
  std::size_t Card() const;
  std::size_t Phone(std::size_t at);
  bool FindUserInfo(std::size_t at, Match& match) const;
  bool EndsWord(std::size_t at) const;

  std::string_view text_;
  std::size_t no_email_before_ = 0;
  std::size_t no_phone_before_ = 0;
  bool has_run_ = false;
  DigitRun run_;
};

/// Luhn's check of a digit string.
bool PassesLuhn(std::string_view digits);

/// ISO 7064 mod 97-10 of an IBAN without separators; letters in either case.
bool PassesMod97(std::string_view iban);

}  // namespace gdpr::detect
