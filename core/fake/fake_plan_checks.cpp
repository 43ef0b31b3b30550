// SPDX-License-Identifier: PostgreSQL
// The sums behind ids. Each is checked against python-stdnum or the authority's own examples.
#include "fake_plan_checks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "../check_digit.hpp"
#include "fake_plan_parts.hpp"

namespace gdpr::fake::checks {
namespace {

using check::DigitOf;
using check::ValueOf;

unsigned Sum(const char* digits, std::initializer_list<std::uint8_t> weights) {
  return check::WeightedSum({digits, weights.size()}, {weights.begin(), weights.size()});
}

// Puts a check digit; ten has none.
bool Put(unsigned value, char* at) {
  *at = DigitOf(value % 10);
  return value < 10;
}

bool PutTwo(unsigned value, char* at) {
  part::PutTwo(value, at);
  return true;
}

bool AllZero(const char* digits, std::size_t count) {
  return std::all_of(digits, digits + count, [](char c) { return c == '0'; });
}

}  // namespace

bool Nino(char* id) {
  static constexpr std::string_view kNever = "BG GB KN NK NT TN ZZ";
  return kNever.find(std::string_view(id, 2)) == std::string_view::npos;
}

bool Nhs(char* id) {
  return Put(check::Missing(Sum(id, {10, 9, 8, 7, 6, 5, 4, 3, 2}), 11), id + 9);
}

bool Utr(char* id) {
  *id = "21987654321"[Sum(id + 1, {6, 7, 8, 9, 10, 5, 4, 3, 2}) % 11];
  return true;
}

bool Ssn(char* id) {
  const std::string_view number(id, 9);
  // Used in advertisements; never anybody's since.
  static constexpr std::array<std::string_view, 3> kKnown = {"078051120", "457555462", "219099999"};
  for (const std::string_view known : kKnown) {
    if (number == known) return false;
  }
  return !number.starts_with("000") && !number.starts_with("666") && id[0] != '9' &&
         number.substr(3, 2) != "00" && number.substr(5) != "0000";
}

bool Itin(char* id) {
  const std::uint32_t group = part::Two(id + 3);
  return id[0] == '9' && group >= 70 && group != 89 && group != 93;
}

bool IdNr(char* id) {
  id[10] = check::Mod11_10Digit({id, 10});
  return true;
}

bool German731(char* id) {
  return Put(Sum(id, {7, 3, 1, 7, 3, 1, 7, 3, 1}) % 10, id + 9);
}

bool PensionNumber(char* id) {
  static constexpr std::array<std::uint8_t, 12> kWeights = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  std::array<char, 12> digits;
  std::memcpy(digits.data(), id, 8);
  part::PutTwo(ValueOf(id[8]) - 9, digits.data() + 8);
  std::memcpy(digits.data() + 10, id + 9, 2);
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const unsigned product = ValueOf(digits[i]) * kWeights[i];
    sum += product / 10 + product % 10;
  }
  return Put(sum % 10, id + 11);
}

bool Kvnr(char* id) {
  std::array<char, 10> digits;
  part::PutTwo(ValueOf(id[0]) - 9, digits.data());
  std::memcpy(digits.data() + 2, id + 1, 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const unsigned product = ValueOf(digits[i]) * (i % 2 + 1);
    sum += product / 10 + product % 10;
  }
  return Put(sum % 10, id + 9);
}

bool Vnr(char* id) {
  return Put((Sum(id, {3, 7, 9}) + Sum(id + 4, {5, 8, 4, 2, 1, 6})) % 11, id + 3);
}

bool LuhnNine(char* id) {
  id[8] = check::LuhnDigit({id, 8});
  return true;
}

bool Nir(char* id) {
  std::array<char, 13> digits;
  std::memcpy(digits.data(), id, digits.size());
  if (id[6] == 'A' || id[6] == 'B') {
    digits[5] = '1';
    digits[6] = id[6] == 'A' ? '9' : '8';
  }
  return PutTwo(97 - check::Modulo({digits.data(), digits.size()}, 97), id + 13);
}

bool Spi(char* id) {
  const unsigned key = check::Modulo({id, 10}, 511);
  id[10] = DigitOf(key / 100);
  return PutTwo(key % 100, id + 11);
}

bool Siret(char* id) {
  if (AllZero(id, 8)) return false;
  LuhnNine(id);
  id[13] = check::LuhnDigit({id, 13});
  return true;
}

bool Dni(char* id) {
  std::array<char, 8> digits;
  std::memcpy(digits.data(), id, digits.size());
  if (id[0] >= 'A') digits[0] = id[0] >= 'X' ? static_cast<char>('0' + (id[0] - 'X')) : '0';
  id[8] = "TRWAGMYFPDXBNJZSQVHLCKE"[check::Modulo({digits.data(), digits.size()}, 23)];
  return true;
}

bool CifDigit(char* id) {
  id[8] = check::LuhnDigit({id + 1, 7});
  return true;
}

bool CifLetter(char* id) {
  id[8] = "JABCDEFGHI"[ValueOf(check::LuhnDigit({id + 1, 7}))];
  return true;
}

// A number below ten million is written without its zero for the sum.
bool Nss(char* id) {
  std::array<char, 10> digits;
  std::memcpy(digits.data(), id, digits.size());
  std::size_t count = digits.size();
  if (id[2] == '0') {
    std::memmove(digits.data() + 2, digits.data() + 3, 7);
    --count;
  }
  return PutTwo(check::Modulo({digits.data(), count}, 97), id + 10);
}

bool CodiceFiscale(char* id) {
  // What a character counts in the first, third, … place (D.M. 23/12/1976); elsewhere its order.
  static constexpr std::array<std::uint8_t, 26> kOdd = {
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  unsigned sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const unsigned value = ValueOf(id[i]);
    const unsigned order = value < 10 ? value : value - 10;
    sum += i % 2 == 0 ? kOdd[order] : order;
  }
  id[15] = static_cast<char>('A' + sum % 26);
  return true;
}

bool PartitaIva(char* id) {
  if (AllZero(id, 7)) return false;
  id[10] = check::LuhnDigit({id, 10});
  return true;
}

bool Bsn(char* id) {
  return !AllZero(id, 8) && Put(Sum(id, {9, 8, 7, 6, 5, 4, 3, 2}) % 11, id + 8);
}

bool Nif(char* id) {
  const unsigned check = check::Missing(Sum(id, {9, 8, 7, 6, 5, 4, 3, 2}), 11);
  id[8] = DigitOf(check % 10);  // ten is written 0
  return true;
}

bool CartaoLoose(char* id) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < 11; ++i) {
    unsigned value = ValueOf(id[i]);
    if (i % 2 == 0) value = 2 * value - (2 * value > 9 ? 9 : 0);
    sum += value;
  }
  return Put(check::Missing(sum, 10), id + 11);
}

bool CartaoCidadao(char* id) {
  return Nif(id) && CartaoLoose(id);
}

bool Pesel(char* id) {
  return Put(check::Missing(Sum(id, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3}), 10), id + 10);
}

bool Dowod(char* id) {
  return Put((Sum(id, {7, 3, 1}) + Sum(id + 4, {7, 3, 1, 7, 3})) % 10, id + 3);
}

bool PolishPass(char* id) {
  return Put((Sum(id, {7, 3}) + Sum(id + 3, {1, 7, 3, 1, 7, 3})) % 10, id + 2);
}

bool Nip(char* id) {
  return Put(Sum(id, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11, id + 9);
}

bool Regon9(char* id) {
  id[8] = DigitOf(Sum(id, {8, 9, 2, 3, 4, 5, 6, 7}) % 11 % 10);
  return true;
}

bool Regon14(char* id) {
  Regon9(id);
  id[13] = DigitOf(Sum(id, {2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8}) % 11 % 10);
  return true;
}

bool Nn19(char* id) {
  return PutTwo(97 - check::Modulo({id, 9}, 97), id + 9);
}

bool Nn20(char* id) {
  std::array<char, 10> digits;
  digits[0] = '2';
  std::memcpy(digits.data() + 1, id, 9);
  return PutTwo(97 - check::Modulo({digits.data(), digits.size()}, 97), id + 9);
}

bool Kbo(char* id) {
  return PutTwo(97 - check::Modulo({id, 8}, 97), id + 8);
}

bool Uid(char* id) {
  return Put(check::Missing(Sum(id, {5, 4, 3, 2, 7, 6, 5, 4}), 11), id + 8);
}

bool Lei(char* id) {
  return PutTwo(check::Mod97Digits({id, 18}), id + 18);
}

}  // namespace gdpr::fake::checks
