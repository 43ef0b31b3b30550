// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Whether an id is valid, said in another way than core makes it: the sum over the whole number
// with its check digits, as the authorities publish it.
namespace gdpr::test {

/// Letters (as capitals) and digits.
inline std::string Bare(std::string_view text) {
  std::string bare;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) bare += c;
  }
  return bare;
}

inline bool Digits(const std::string& id, std::size_t from, std::size_t count) {
  return id.size() >= from + count &&
         std::all_of(id.begin() + static_cast<std::ptrdiff_t>(from),
                     id.begin() + static_cast<std::ptrdiff_t>(from + count),
                     [](char c) { return c >= '0' && c <= '9'; });
}

inline int At(const std::string& id, std::size_t i) {
  return id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10;
}

inline int Weighted(const std::string& id, std::vector<int> weights, std::size_t from = 0) {
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * At(id, from + i);
  return sum;
}

inline bool AllDigits(const std::string& id, std::size_t count) {
  return id.size() == count && Digits(id, 0, count);
}

inline bool Luhn(const std::string& id) {
  int sum = 0;
  bool twice = false;
  for (auto at = id.rbegin(); at != id.rend(); ++at, twice = !twice) {
    const int value = (*at - '0') * (twice ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  return sum % 10 == 0;
}

inline bool Mod1110(const std::string& id) {
  int product = 10;
  for (std::size_t i = 0; i + 1 < id.size(); ++i) {
    const int sum = (At(id, i) + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (product + At(id, id.size() - 1)) % 10 == 1;
}

inline bool Date(int year, int month, int day) {
  static const std::vector<int> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
}
inline int Two(const std::string& id, std::size_t at) {
  return At(id, at) * 10 + At(id, at + 1);
}

inline bool Ssn(const std::string& id) {
  return AllDigits(id, 9) && id.substr(0, 3) != "000" && id.substr(0, 3) != "666" && id[0] != '9' &&
         id.substr(3, 2) != "00" && id.substr(5) != "0000";
}
inline bool Nino(const std::string& id) {
  static const std::vector<std::string> kNever = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
  return id.size() == 9 && Digits(id, 2, 6) && id[8] >= 'A' && id[8] <= 'D' &&
         std::string("DFIQUV").find(id[0]) == std::string::npos &&
         std::string("DFIOQUV").find(id[1]) == std::string::npos &&
         std::find(kNever.begin(), kNever.end(), id.substr(0, 2)) == kNever.end();
}
inline bool Nhs(const std::string& id) {
  return AllDigits(id, 10) && Weighted(id, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}
inline bool Utr(const std::string& id) {
  return AllDigits(id, 10) && std::string("21987654321")[static_cast<std::size_t>(
                                  Weighted(id, {6, 7, 8, 9, 10, 5, 4, 3, 2}, 1) % 11)] == id[0];
}

inline bool Icao(const std::string& id) {
  return id.size() == 10 && (Weighted(id, {7, 3, 1, 7, 3, 1, 7, 3, 1}) - At(id, 9)) % 10 == 0;
}
inline bool IdNr(const std::string& id) {
  if (!AllDigits(id, 11) || id[0] == '0' || !Mod1110(id)) return false;
  std::map<char, int> counts;
  for (const char c : id.substr(0, 10)) ++counts[c];
  return (counts.size() == 9 || counts.size() == 8) &&
         std::count_if(counts.begin(), counts.end(), [](auto one) { return one.second > 1; }) == 1;
}
// Cross sums of digits times 1 and 2 in turn: the last digit is their sum modulo 10.
inline bool CrossSums(const std::string& digits, const std::vector<int>& weights) {
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int product = At(digits, i) * weights[i];
    sum += product / 10 + product % 10;
  }
  return sum % 10 == At(digits, weights.size());
}
inline std::string Letter(char letter) {
  const std::string number = std::to_string(letter - 'A' + 1);
  return number.size() == 1 ? "0" + number : number;
}
inline bool Kvnr(const std::string& id) {
  return id.size() == 10 && Digits(id, 1, 9) &&
         CrossSums(Letter(id[0]) + id.substr(1), {1, 2, 1, 2, 1, 2, 1, 2, 1, 2});
}
inline bool Pension(const std::string& id) {
  return id.size() == 12 && Digits(id, 0, 8) && Digits(id, 9, 3) &&
         Date(2000 + Two(id, 6), Two(id, 4), Two(id, 2)) &&
         CrossSums(id.substr(0, 8) + Letter(id[8]) + id.substr(9),
                   {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1});
}
inline bool Dowod(const std::string& id) {
  return id.size() == 9 && Digits(id, 3, 6) && Weighted(id, {7, 3, 1, 9, 7, 3, 1, 7, 3}) % 10 == 0;
}
inline bool Nss(const std::string& id) {
  if (!AllDigits(id, 12)) return false;
  const std::string number = id[2] == '0' ? id.substr(0, 2) + id.substr(3, 7) : id.substr(0, 10);
  return std::stoll(number) % 97 == Two(id, 10);
}
inline bool Uid(const std::string& id) {
  return id.size() == 12 && id.starts_with("CHE") && Digits(id, 3, 9) &&
         Weighted(id, {5, 4, 3, 2, 7, 6, 5, 4, 1}, 3) % 11 == 0;
}
inline int Mod97(const std::string& id) {
  int rest = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    rest = (rest * (id[i] <= '9' ? 10 : 100) + At(id, i)) % 97;
  }
  return rest;
}
inline bool Lei(const std::string& id) {
  return id.size() == 20 && Mod97(id) == 1;
}

inline bool Nir(const std::string& id) {
  if (id.size() != 15 && id.size() != 13) return false;
  std::string digits = id.substr(0, 13);
  if (digits[6] == 'A' || digits[6] == 'B') digits.replace(5, 2, digits[6] == 'A' ? "19" : "18");
  if (!AllDigits(digits, 13) || Two(id, 3) < 1 || Two(id, 3) > 12) return false;
  return id.size() == 13 || (Digits(id, 13, 2) && (std::stoll(digits) + Two(id, 13)) % 97 == 0);
}
inline bool Siren(const std::string& id) {
  return AllDigits(id, 9) && Luhn(id);
}
inline bool Siret(const std::string& id) {
  return AllDigits(id, 14) && Luhn(id) && Luhn(id.substr(0, 9));
}
inline bool Spi(const std::string& id) {
  return AllDigits(id, 13) && std::stoll(id.substr(0, 10)) % 511 == std::stoll(id.substr(10));
}

inline bool DniLetter(const std::string& digits, char letter) {
  return std::string("TRWAGMYFPDXBNJZSQVHLCKE")[std::stoul(digits) % 23] == letter;
}
inline bool Nif(const std::string& id) {
  if (id.size() != 9 || !Digits(id, 1, 7)) return false;
  if (id[0] <= '9') return DniLetter(id.substr(0, 8), id[8]);
  if (id[0] >= 'X') return DniLetter(std::to_string(id[0] - 'X') + id.substr(1, 7), id[8]);
  if (std::string("KLM").find(id[0]) != std::string::npos) return DniLetter(id.substr(1, 7), id[8]);
  if (std::string("ABCDEFGHJNPQRSUVW").find(id[0]) == std::string::npos) return false;
  const std::size_t letter = std::string("JABCDEFGHI").find(id[8]);
  return Luhn(id.substr(1, 7) +
              (letter == std::string::npos ? id[8] : static_cast<char>('0' + letter)));
}

inline bool CodiceFiscale(const std::string& id) {
  if (id.size() != 16 || !Digits(id, 6, 2) || !Digits(id, 9, 2) || !Digits(id, 12, 3)) return false;
  static const std::string kOdd = "BAKPLCQDREVOSFTGUHMINJWZYX";  // place = what it counts
  const std::size_t month = std::string("ABCDEHLMPRST").find(id[8]);
  const int day = Two(id, 9) > 40 ? Two(id, 9) - 40 : Two(id, 9);
  if (month == std::string::npos || !Date(2000 + Two(id, 6), static_cast<int>(month) + 1, day))
    return false;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const char letter = id[i] <= '9' ? static_cast<char>('A' + (id[i] - '0')) : id[i];
    sum += i % 2 == 1 ? static_cast<std::size_t>(letter - 'A') : kOdd.find(letter);
  }
  return static_cast<std::size_t>(id[15] - 'A') == sum % 26;
}
inline bool Iva(const std::string& id) {
  return AllDigits(id, 11) && Luhn(id) && id.substr(0, 7) != "0000000";
}

inline bool Bsn(const std::string& id) {
  return AllDigits(id, 9) && Weighted(id, {9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0 &&
         id != "000000000";
}
inline bool Nn(const std::string& id) {
  if (!AllDigits(id, 11)) return false;
  const long long number = std::stoll(id.substr(0, 9));
  const bool old = (number + Two(id, 9)) % 97 == 0;
  const bool young = (2'000'000'000 + number + Two(id, 9)) % 97 == 0;
  return (old && Date(1900 + Two(id, 0), Two(id, 2), Two(id, 4))) ||
         (young && Date(2000 + Two(id, 0), Two(id, 2), Two(id, 4)));
}
inline bool PortugueseNif(const std::string& id) {
  const int rest = AllDigits(id, 9) ? Weighted(id, {9, 8, 7, 6, 5, 4, 3, 2, 1}) % 11 : 5;
  return rest == 0 || (rest == 1 && id[8] == '0');
}
inline bool Cartao(const std::string& id) {
  if (id.size() != 12 || !Digits(id, 0, 9)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    const int value = At(id, i) * (i % 2 == 0 ? 2 : 1);
    sum += i % 2 == 0 && value >= 10 ? value - 9 : value;
  }
  return sum % 10 == 0;
}
inline bool Pesel(const std::string& id) {
  static const std::vector<int> kCenturies = {1900, 2000, 2100, 2200, 1800};
  return AllDigits(id, 11) && Weighted(id, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0 &&
         Date(kCenturies[static_cast<std::size_t>(Two(id, 2) / 20)] + Two(id, 0), Two(id, 2) % 20,
              Two(id, 4));
}
inline bool Nip(const std::string& id) {
  return AllDigits(id, 10) && Weighted(id, {6, 5, 7, 2, 3, 4, 5, 6, 7, -1}) % 11 == 0;
}
inline bool Regon(const std::string& id) {
  return AllDigits(id, 9) && Weighted(id, {8, 9, 2, 3, 4, 5, 6, 7}) % 11 % 10 == At(id, 8);
}
inline bool Vnr(const std::string& id) {
  return AllDigits(id, 10) && Weighted(id, {3, 7, 9, -1, 5, 8, 4, 2, 1, 6}) % 11 == 0 &&
         Date(2000 + Two(id, 8), Two(id, 6), Two(id, 4));
}

inline std::string After(const std::string& id, std::string_view prefix) {
  return id.starts_with(prefix) ? id.substr(prefix.size()) : id;
}
inline bool GermanVat(const std::string& id) {
  return AllDigits(After(id, "DE"), 9) && Mod1110(After(id, "DE"));
}
inline bool FrenchVat(const std::string& text) {
  const std::string id = After(text, "FR");
  return AllDigits(id, 11) && Luhn(id.substr(2)) &&
         std::stoll(id.substr(2) + "12") % 97 == std::stoll(id.substr(0, 2));
}
inline bool DutchVat(const std::string& text) {
  const std::string id = After(text, "NL");
  return id.size() == 12 && id[9] == 'B' && Digits(id, 10, 2) &&
         (Bsn(id.substr(0, 9)) || Mod97("NL" + id) == 1);
}
inline bool AustrianVat(const std::string& text) {
  const std::string id = After(text, "AT");
  // Luhn would be 0: here the sum of all is 6.
  int sum = 0;
  for (std::size_t i = 1; i < 8; ++i) {
    const int value = At(id, i) * (i % 2 == 0 ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  return id.size() == 9 && id[0] == 'U' && (sum + 4 + At(id, 8)) % 10 == 0;
}
inline bool BelgianVat(const std::string& text) {
  const std::string id = After(text, "BE");
  return AllDigits(id, 10) && (std::stoll(id.substr(0, 8)) + std::stoll(id.substr(8))) % 97 == 0;
}
inline bool BritishVat(const std::string& text) {
  const std::string id = After(text, "GB");
  if (!AllDigits(id, 9)) return false;
  const int rest = Weighted(id, {8, 7, 6, 5, 4, 3, 2, 10, 1}) % 97;
  return rest == 0 || rest == 42 || rest == 55;
}

}  // namespace gdpr::test
