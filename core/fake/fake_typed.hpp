// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "fake.hpp"

// What fake_typed.cpp, fake_date.cpp, fake_number.cpp and fake_leaves.cpp share. Internal to core.
namespace gdpr::fake::typed {

/// Shift, noise and bucket with their number, or the usual one of the kind.
struct Plan {
  TreatmentId id;
  std::int64_t number;
  bool pseudonym;  ///< profile pseudonym: its shifts are others
};

constexpr std::int64_t kUsualDays = 365;
constexpr std::int64_t kUsualPercent = 10;

/// A name for one use of the key, put together without memory.
class Domain {
 public:
  explicit Domain(std::string_view name) { Add(name); }
  Domain& Add(std::string_view text);
  Domain& Add(std::int64_t number);
  operator std::string_view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 60> bytes_{};
  std::size_t size_ = 0;
};

/// The same call for another material, whose output goes elsewhere.
Call With(const Call& call, std::string_view material, std::string& out);

/// Another index below `size` for every index, or, by the seed alone, some index.
U128 Pick(const Call& call, std::string_view domain, U128 size, U128 index);

/// Another value of the block of `width` values that `value` lies in, cut to least … most.
std::int64_t InBlock(const Call& call, std::string_view domain, std::int64_t value,
                     std::int64_t width, std::int64_t least, std::int64_t most);

// fake_date.cpp

/// Days since 2000-01-01, moved by `days` at most; infinity and what no date can be stay.
std::int64_t ShiftDate(const Call& call, const Plan& plan, std::int64_t date);
/// Microseconds since 2000-01-01 UTC. Without a seed the time of day moves too, and whole days,
/// hours, minutes and seconds stay whole.
std::int64_t ShiftTimestamp(const Call& call, const Plan& plan, std::int64_t micros);
/// Microseconds of a day.
std::int64_t TimeOfDay(const Call& call, std::int64_t micros);
/// A date in text, in the form in which it stands there.
void ShiftText(const Call& call, const Plan& plan);
/// A whole number that is a date (19800517), a year, a month, a day, or seconds since 1970. False
/// if it is none.
bool ShiftNumber(const Call& call, const Plan& plan, std::int64_t number, std::int64_t& shifted);

// fake_number.cpp

/// A whole number of at most `most`, of which the sign, the number of digits, and on which side of
/// the limits of smallint, integer and bigint it lies, stay.
std::int64_t Integer(const Call& call, const Plan& plan, std::int64_t number, std::int64_t most);
/// A number in decimal digits; what is none (NaN, Infinity) stays. `digits`: as many may stand
/// before the point; 0 for no limit.
void Decimal(const Call& call, const Plan& plan, std::string_view text, int digits,
             std::string& out);
double Float(const Call& call, const Plan& plan, double number, bool is_single);
/// A coordinate: degrees stay, what stands behind the point does not.
double Degrees(const Call& call, double degrees);

// fake_number_text.cpp

/// Numbers in a text with what stands around them.
void NumberText(const Call& call, const Plan& plan);

// fake_leaves.cpp

/// Structure, keys, booleans and null stay. False if it is not JSON (or XML).
bool Json(const Call& call, std::string_view json, std::string& out);
bool Xml(const Call& call, std::string_view xml, std::string& out);

}  // namespace gdpr::fake::typed
