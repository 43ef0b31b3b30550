// SPDX-License-Identifier: PostgreSQL
// Numbers. What stands for somebody (a number of an account) becomes another number with as many
// digits, by permutation; what says how much (a salary) moves by a few percent; what says where (a
// coordinate) stays within its degree.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "../check_digit.hpp"
#include "fake_typed.hpp"

namespace gdpr::fake::typed {
namespace {

constexpr int kMostDigits = 36;  // of one permutation: below 2^120
constexpr std::int64_t kMillion = 1'000'000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

U128 PowerOfTen(int exponent) {
  U128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

U128 ReadDigits(std::string_view digits) {
  U128 number = 0;
  for (const char c : digits) number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

void AppendDigits(U128 number, int digits, std::string& out) {
  char text[40];
  char* at = text + sizeof text;
  for (; number != 0 || digits > 0; --digits) {
    *--at = static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  }
  out.append(at, text + sizeof text);
}

// The largest magnitudes of smallint, integer and bigint. A number stays on its side of each, so
// that it is the same in every type that holds it.
U128 Limit(int digits, bool negative) {
  const unsigned more = negative ? 1 : 0;
  switch (digits) {
    case 5:
      return static_cast<U128>(std::numeric_limits<std::int16_t>::max()) + more;
    case 10:
      return static_cast<U128>(std::numeric_limits<std::int32_t>::max()) + more;
    case 19:
      return static_cast<U128>(std::numeric_limits<std::int64_t>::max()) + more;
    default:
      return 0;
  }
}

// Another number between least and most.
U128 PickIn(const Call& call, std::string_view domain, U128 least, U128 most, U128 number) {
  return least + Pick(call, domain, most - least + 1, number - least);
}

// Another whole number of as many digits, zero excepted.
U128 Digits(const Call& call, std::string_view use, U128 number, int digits, bool negative) {
  const U128 least = PowerOfTen(digits - 1);
  const U128 most = PowerOfTen(digits) - 1;
  const U128 limit = Limit(digits, negative);
  Domain domain(use);
  domain.Add(call.kind.name).Add(negative ? -1 : 1);
  if (limit == 0) return PickIn(call, domain, least, most, number);
  if (number <= limit) return PickIn(call, domain.Add("small"), least, limit, number);
  return PickIn(call, domain.Add("large"), limit + 1, most, number);
}

// The check digit of a card's number stays as right as it is, or as wrong.
bool CardDigits(const Call& call, std::string& digits) {
  if (call.kind.name != "card_number" || digits.size() < 12 || digits.size() > 19) return false;
  if (check::Luhn(digits) != 0) return false;
  const auto size = static_cast<int>(digits.size());
  const U128 body = ReadDigits(std::string_view(digits).substr(0, digits.size() - 1));
  const U128 picked = PickIn(call, Domain("card").Add(size), PowerOfTen(size - 2),
                             PowerOfTen(size - 1) - 1, body);
  digits.clear();
  AppendDigits(picked, size - 1, digits);
  digits.push_back(check::LuhnDigit(digits));
  return true;
}

// Digits that begin with none zero; after a point (`fraction` digits of them) the last is none
// zero either, so that 1.5 and 1.50 stay one number.
void PickDigits(const Call& call, std::string& digits, bool fraction, bool negative) {
  const auto size = static_cast<int>(digits.size());
  if (fraction && size <= kMostDigits) {
    const U128 number = ReadDigits(digits);
    const U128 last = number % 10 - 1;
    Domain domain("fraction");
    domain.Add(call.kind.name).Add(size).Add(negative ? -1 : 1);
    const U128 least = size < 2 ? 0 : PowerOfTen(size - 2);
    const U128 heads = size < 2 ? 1 : PowerOfTen(size - 1) - least;
    const U128 picked = Pick(call, domain, heads * 9, (number / 10 - least) * 9 + last);
    digits.clear();
    AppendDigits((picked / 9 + least) * 10 + picked % 9 + 1, size, digits);
    return;
  }
  std::string head = digits.substr(0, kMostDigits);
  const auto head_size = static_cast<int>(head.size());
  const U128 number = ReadDigits(head);
  std::string out;
  AppendDigits(Digits(call, "digits", number, head_size, negative), head_size, out);
  // What no permutation holds at once goes on in pieces, each by all that stands before it.
  for (std::size_t at = head.size(); at < digits.size(); at += kMostDigits) {
    const std::string piece = digits.substr(at, kMostDigits);
    const auto piece_size = static_cast<int>(piece.size());
    std::string before(digits, 0, at);
    const std::string_view tail = std::string_view(before).substr(before.size() - kMostDigits);
    AppendDigits(Pick(call, Domain("more ").Add(tail), PowerOfTen(piece_size), ReadDigits(piece)),
                 piece_size, out);
  }
  digits = std::move(out);
}

// By how many millionths of a percent a value is moved: -percent … percent.
std::int64_t Ratio(const Call& call, std::int64_t percent) {
  Draw draw = call.Value("noise");
  const auto drawn = draw.Below(static_cast<std::uint64_t>(2 * percent * kMillion + 1));
  return static_cast<std::int64_t>(drawn) - percent * kMillion;
}

// Never itself, never zero, never another sign, at most `most`; 0 stays, and what has no room.
U128 Noise(const Call& call, std::int64_t percent, U128 number, U128 most) {
  if (number == 0) return number;
  const std::int64_t ratio = Ratio(call, percent);
  const auto part = static_cast<U128>(ratio < 0 ? -ratio : ratio);
  // In two steps: thirty digits times the ratio would be too much for 128 bits.
  constexpr U128 kWhole = 100 * static_cast<U128>(kMillion);
  U128 by = number / kWhole * part + number % kWhole * part / kWhole;
  if (by == 0) by = 1;
  const bool less = ratio < 0 || number > most || most - number < by;
  if (less && number > by) return number - by;
  return number <= most && most - number >= by ? number + by : number;
}

bool IsNoise(const Call& call, const Plan& plan) {
  if (call.unique) return false;
  return plan.id == TreatmentId::kNoise || call.kind.name == "age" || call.kind.name == "salary";
}

std::int64_t PercentOf(const Plan& plan) {
  return plan.id == TreatmentId::kNoise ? plan.number : kUsualPercent;
}

bool IsDateKind(const Call& call, const Plan& plan) {
  return plan.id == TreatmentId::kShift || call.kind.name == "birth_date" ||
         call.kind.name == "card_expiry";
}

// Codes of a few values (ISO 5218: 1 male, 2 female) stay codes.
bool IsCode(const Call& call) {
  return call.kind.special || call.kind.name == "gender" || call.kind.name == "title" ||
         call.kind.name == "marital_status";
}

Plan DatePlan(const Plan& plan) {
  return {TreatmentId::kShift, plan.id == TreatmentId::kShift ? plan.number : kUsualDays,
          plan.pseudonym};
}

int CountDigits(U128 number) {
  int digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

// The digits behind the point of a coordinate, the last of them none zero.
void PickFraction(const Call& call, std::string_view whole, std::string& digits) {
  const auto size = static_cast<int>(std::min<std::size_t>(digits.size(), kMostDigits));
  digits.resize(static_cast<std::size_t>(size));
  const U128 number = ReadDigits(digits);
  const U128 picked = Pick(call, Domain("degree").Add(whole).Add(size), PowerOfTen(size - 1) * 9,
                           number / 10 * 9 + (number % 10 == 0 ? 0 : number % 10 - 1));
  digits.clear();
  AppendDigits(picked / 9 * 10 + picked % 9 + 1, size, digits);
}

// A plain decimal number in its parts: sign, digits before and behind the point.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction;

  bool Read(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) {
      negative = text.front() == '-';
      text.remove_prefix(1);
    }
    const std::size_t point = std::min(text.find('.'), text.size());
    whole = text.substr(0, point);
    fraction = point == text.size() ? text.substr(point) : text.substr(point + 1);
    return !(whole.empty() && fraction.empty()) && std::ranges::all_of(whole, IsDigit) &&
           std::ranges::all_of(fraction, IsDigit);
  }
};

void DecimalNoise(const Call& call, const Plan& plan, const Parts& parts, int digits,
                  std::string& out) {
  // Cents move with the amount unless there are none.
  const bool round = parts.fraction.find_first_not_of('0') == std::string_view::npos;
  const std::string_view moved = round ? std::string_view() : parts.fraction;
  std::string all(parts.whole);
  all.append(moved);
  const std::size_t cut = std::min<std::size_t>(all.size(), 30);
  const auto fraction = static_cast<int>(moved.size()) - static_cast<int>(all.size() - cut);
  const U128 most =
      digits > 0 ? PowerOfTen(std::clamp(digits + std::max(fraction, 0), 0, kMostDigits)) - 1
                 : PowerOfTen(kMostDigits) - 1;
  const U128 number = ReadDigits(std::string_view(all).substr(0, cut));
  std::string text;
  AppendDigits(Noise(call, PercentOf(plan), number, most), static_cast<int>(cut), text);
  text.append(all.size() - cut, '0');
  const std::size_t whole = text.size() - moved.size();
  const std::size_t start = std::min(text.find_first_not_of('0'), whole);
  out.append(start == whole ? "0" : text.substr(start, whole - start));
  if (!parts.fraction.empty()) out.push_back('.');
  out.append(round ? parts.fraction : std::string_view(text).substr(text.size() - moved.size()));
}

void DecimalDegrees(const Call& call, const Parts& parts, std::string& out) {
  std::string fraction(parts.fraction);
  const std::size_t zeros = fraction.size() - (fraction.find_last_not_of('0') + 1);
  fraction.resize(fraction.size() - zeros);
  if (fraction.empty()) {
    const auto degrees = static_cast<std::int64_t>(ReadDigits(parts.whole));
    const std::int64_t most = degrees <= 90 ? 90 : 180;
    const std::int64_t picked =
        InBlock(call, "degrees", degrees, 4, most == 90 ? 0 : 91, most);
    out.append(std::to_string(picked));
  } else {
    out.append(parts.whole);
    PickFraction(call, parts.whole, fraction);
  }
  if (!parts.fraction.empty()) out.append(1, '.').append(fraction).append(zeros, '0');
}

void DecimalDigits(const Call& call, const Parts& parts, std::string& out) {
  const std::size_t zeros =
      parts.fraction.size() - (parts.fraction.find_last_not_of('0') + 1);
  const std::string_view fraction = parts.fraction.substr(0, parts.fraction.size() - zeros);
  std::string all(parts.whole);
  all.append(fraction);
  const std::size_t start = std::min(all.find_first_not_of('0'), all.size());
  std::string digits = all.substr(start);
  all.resize(start);
  if (!digits.empty() && !(fraction.empty() && CardDigits(call, digits))) {
    PickDigits(call, digits, !fraction.empty(), parts.negative);
  }
  all.append(digits);
  out.append(all, 0, parts.whole.size());
  if (!parts.fraction.empty()) {
    out.append(1, '.').append(all, parts.whole.size()).append(zeros, '0');
  }
}

}  // namespace

std::int64_t Integer(const Call& call, const Plan& plan, std::int64_t number, std::int64_t most) {
  if (number == 0) return 0;
  if (plan.id == TreatmentId::kShift || IsDateKind(call, plan)) {
    std::int64_t shifted = 0;
    if (ShiftNumber(call, DatePlan(plan), number, shifted)) return shifted;
  }
  const bool negative = number < 0;
  const auto bits = static_cast<std::uint64_t>(number);
  const std::uint64_t size = negative ? 0 - bits : bits;
  const std::uint64_t limit = static_cast<std::uint64_t>(most) + (negative ? 1 : 0);
  const auto signed_of = [negative](U128 magnitude) {
    const auto low = static_cast<std::uint64_t>(magnitude);
    return static_cast<std::int64_t>(negative ? 0 - low : low);
  };
  if (IsNoise(call, plan)) return signed_of(Noise(call, PercentOf(plan), size, limit));
  if (call.kind.name == "geo") {
    if (size <= 180) return signed_of(static_cast<U128>(Degrees(call, static_cast<double>(size))));
    if (!call.unique) return signed_of(Noise(call, 1, size, limit));  // millionths of a degree
  }
  if (IsCode(call) && size <= 2) return signed_of(PickIn(call, Domain("code"), 1, 2, size));
  std::string digits = std::to_string(size);
  if (CardDigits(call, digits)) return signed_of(ReadDigits(digits));
  return signed_of(Digits(call, "digits", size, CountDigits(size), negative));
}

void Decimal(const Call& call, const Plan& plan, std::string_view text, int digits,
             std::string& out) {
  Parts parts;
  if (!parts.Read(text)) {
    out.append(text);  // NaN and Infinity are nobody's
    return;
  }
  std::int64_t number = 0;
  const bool is_whole = parts.fraction.empty() && parts.whole.size() <= 18;
  if (is_whole) {
    std::from_chars(parts.whole.data(), parts.whole.data() + parts.whole.size(), number);
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (digits > 0 && digits <= 18) most = static_cast<std::int64_t>(PowerOfTen(digits) - 1);
    out.append(std::to_string(Integer(call, plan, parts.negative ? -number : number, most)));
    return;
  }
  if (parts.negative) out.push_back('-');
  if (IsNoise(call, plan)) return DecimalNoise(call, plan, parts, digits, out);
  if (call.kind.name == "geo" && parts.whole.size() <= 3 && ReadDigits(parts.whole) <= 180) {
    return DecimalDegrees(call, parts, out);
  }
  DecimalDigits(call, parts, out);
}

double Float(const Call& call, const Plan& plan, double number, bool is_single) {
  const double size = std::fabs(number);
  if (!std::isfinite(number) || size == 0) return number;
  char text[64];
  char* end = text;
  if (size >= 1e-5 && size < 1e15) {
    end = is_single ? std::to_chars(text, text + sizeof text, static_cast<float>(number),
                                    std::chars_format::fixed).ptr
                    : std::to_chars(text, text + sizeof text, number, std::chars_format::fixed).ptr;
  }
  const std::string_view decimal(text, static_cast<std::size_t>(end - text));
  const auto digits = std::ranges::count_if(decimal, IsDigit);
  const bool is_exact = digits > 0 && digits <= (is_single ? 6 : 15);
  double result = number;
  if (is_exact || (digits > 0 && (IsNoise(call, plan) || call.kind.name == "geo"))) {
    std::string out;
    Decimal(call, plan, decimal, 0, out);
    std::from_chars(out.data(), out.data() + out.size(), result, std::chars_format::fixed);
    return is_single ? static_cast<double>(static_cast<float>(result)) : result;
  }
  // Sign and exponent stay: the same within a factor of two.
  if (is_single) {
    const auto narrow = static_cast<float>(number);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &narrow, sizeof bits);
    const std::uint32_t mantissa = bits & 0x7F'FFFFU;
    bits ^= mantissa;
    bits |= static_cast<std::uint32_t>(Pick(call, Domain("float4").Add(bits), 1U << 23U, mantissa));
    float picked = 0;
    std::memcpy(&picked, &bits, sizeof picked);
    return static_cast<double>(picked);
  }
  std::uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof bits);
  const std::uint64_t mantissa = bits & ((1ULL << 52U) - 1);
  bits ^= mantissa;
  bits |= static_cast<std::uint64_t>(Pick(
      call, Domain("float8").Add(static_cast<std::int64_t>(bits)), 1ULL << 52U, mantissa));
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

double Degrees(const Call& call, double degrees) {
  if (!std::isfinite(degrees) || std::fabs(degrees) > 180) return degrees;
  char text[400];
  const auto put = std::to_chars(text, text + sizeof text, degrees, std::chars_format::fixed);
  Parts parts;
  std::string out;
  if (!parts.Read({text, static_cast<std::size_t>(put.ptr - text)})) return degrees;
  if (parts.negative) out.push_back('-');
  DecimalDegrees(call, parts, out);
  double result = degrees;
  std::from_chars(out.data(), out.data() + out.size(), result, std::chars_format::fixed);
  return result;
}

}  // namespace gdpr::fake::typed
