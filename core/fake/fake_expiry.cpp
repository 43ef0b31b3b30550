// SPDX-License-Identifier: PostgreSQL
// Expiry of a card: month and year, or one of them, in the spelling that the column has.
#include <array>
#include <string_view>

#include "../detect_number.hpp"
#include "fake_makers.hpp"
#include "fake_shape.hpp"

namespace gdpr::fake {
namespace {

constexpr unsigned kYears = 4;  // a card is good for about as long: years stay among four

struct Field {
  std::size_t at = 0;
  std::size_t size = 0;  // 0: is not there
  unsigned value = 0;
};

struct Written {
  Field month;
  Field year;

  bool IsSound() const { return month.size != 0 || year.size != 0; }
  bool IsLike(const Written& other) const {
    return month.at == other.month.at && month.size == other.month.size &&
           year.at == other.year.at && year.size == other.year.size;
  }
};

bool IsMonth(const Field& field) {
  return field.size <= 2 && field.value >= 1 && field.value <= 12;
}
bool IsLongYear(const Field& field) {
  return field.size == 4 && field.value >= 1900 && field.value < 2100;
}
// Where it might be a month, it is one.
bool IsFirstYear(const Field& field) {
  return IsLongYear(field) || (field.size == 2 && field.value > 12);
}

Written OfTwo(const Field& first, const Field& second) {
  if (IsMonth(first) && (second.size == 2 || IsLongYear(second))) return {first, second};
  if (IsFirstYear(first) && IsMonth(second)) return {second, first};
  return {};
}

Written OfOne(const Field& run) {
  const auto part = [&](std::size_t from, std::size_t size) {
    unsigned power = 1;
    for (std::size_t i = from + size; i < run.size; ++i) power *= 10;
    unsigned limit = 1;
    for (std::size_t i = 0; i < size; ++i) limit *= 10;
    return Field{run.at + from, size, run.value / power % limit};
  };
  if (IsMonth(run)) return {run, {}};
  if (IsFirstYear(run)) return {{}, run};
  if (run.size == 4) return OfTwo(part(0, 2), part(2, 2));
  if (run.size != 6) return {};
  if (const Written written = OfTwo(part(0, 4), part(4, 2)); written.IsSound()) return written;
  return OfTwo(part(0, 2), part(2, 4));
}

Written Read(std::string_view text) {
  std::array<Field, 2> runs;
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!IsDigit(text[at])) {
      const std::size_t length = detect::SeparatorAt(text, at);
      if (length == 0 || at > 20) return {};
      at += length;
      continue;
    }
    if (count == runs.size()) return {};
    Field& run = runs[count++];
    run.at = at;
    for (; at < text.size() && IsDigit(text[at]); ++at) {
      if (++run.size > 6) return {};
      run.value = run.value * 10 + static_cast<unsigned>(text[at] - '0');
    }
  }
  return count == 2 ? OfTwo(runs[0], runs[1]) : count == 1 ? OfOne(runs[0]) : Written{};
}

void Put(const Field& field, unsigned value, std::string& out) {
  for (std::size_t i = field.size; i-- > 0; value /= 10) {
    out[field.at + i] = static_cast<char>('0' + value % 10);
  }
}

void Other(const Call& call) {
  if (call.unique) {
    if (!HasShape(call.text) || call.text.size() > call.room) return Words(call);
    call.out.append(call.text);
    do {
      PermuteShape(call, "expiry/other", call.out);
    } while (Read(call.out).IsSound());
    return;
  }
  Draw draw = call.Value("expiry");
  std::string fresh = "00/00";
  Put({0, 2, 0}, static_cast<unsigned>(draw.Below(12)) + 1, fresh);
  Put({3, 2, 0}, static_cast<unsigned>(draw.Below(kYears)) + 28, fresh);
  call.out.append(fresh, 0, call.room);
}

}  // namespace

void CardExpiry(const Call& call) {
  Written written = Read(call.text);
  if (!written.IsSound() || call.text.size() > call.room) return Other(call);
  // A month of one digit stays one.
  const unsigned months = written.month.size == 0 ? 1 : written.month.size == 1 ? 9 : 12;
  const unsigned years = written.year.size == 0 ? 1 : kYears;
  const unsigned block = written.year.value / kYears * kYears;
  const unsigned size = months * years;
  unsigned index = written.month.size == 0 ? 0 : written.month.value - 1;
  index += (written.year.value - block) * months;
  std::array<char, 10> domain = {'e', 'x', 'p', 'i', 'r', 'y', '/'};
  const unsigned century = block % 100;
  domain[7] = static_cast<char>('0' + century / 10);
  domain[8] = static_cast<char>('0' + century % 10);
  call.out.append(call.text);
  // "2712" may become "2112", but not "2012", which is a year.
  const auto stays = [&] {
    if (written.month.size != 0) Put(written.month, index % months + 1, call.out);
    if (written.year.size != 0) Put(written.year, block + index / months, call.out);
    return written.IsLike(Read(call.out));
  };
  if (call.Permutes()) {
    do {
      index = static_cast<unsigned>(call.Permute({domain.data(), 9}, size, index));
    } while (!stays());
  } else {
    Draw draw = call.Value("expiry");
    do {
      index = static_cast<unsigned>(draw.Below(size));
    } while (!stays());
  }
}

}  // namespace gdpr::fake
