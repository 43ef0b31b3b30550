// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../keyed.hpp"
#include "../kind.hpp"
#include "../treat_class.hpp"
#include "../value.hpp"

// Profile fake: values that look like real ones and are nobody's. Internal to core.
namespace gdpr::fake {

/// One text to be replaced. `out` is empty; a maker appends at most `room` characters.
struct Call {
  const Kind& kind;
  const TypeFacts& type;
  std::string_view text;  ///< not empty
  std::size_t room;       ///< characters the column takes; SIZE_MAX: no limit
  bool unique;            ///< different inputs must have different outputs
  bool seeded;
  std::string_view seed;
  Locale locale;  ///< the rule's own, which comes first; kNone: choose by the value
  Locale row;     ///< of the row's country, which comes after the value; kNone: nothing is known
  Keyed& keys;
  std::string& out;
  unsigned attempt = 0;  ///< 1, 2, … where the one before gave the input itself

  /// What belongs to the person (names): by the seed, else by the value.
  Draw Person(std::string_view domain) const;
  /// By the seed if it need not be unique; by seed and value if it must; without a seed by value.
  Draw Value(std::string_view domain) const;

  /// Whether what can be ranked is permuted, or a fresh valid value is drawn.
  bool Permutes() const { return !seeded || unique; }
  /// Another index for every index: depends on key, domain and size.
  U128 Permute(std::string_view domain, U128 size, U128 index) const;

  /// The rule's locale, else the one that the value names, else the row's, else English.
  Locale LocaleOr(Locale of_value) const;
};

/// Call::Permute() again and again, each time of what it gave before: until something is met that
/// is wanted. It is cheaper than as many calls.
class Walk {
 public:
  Walk(const Call& call, std::string_view domain, U128 size, U128 index);
  U128 Next();

 private:
  Permutation& permutation_;
  std::string_view domain_;
  U128 size_;
  bool in_cycle_;
  U128 at_;  // in a cycle: the place of the index in it
};

using Maker = void (*)(const Call&);

/// The function that makes fakes of a kind's text values.
Maker MakerOf(const Kind& kind);

/// Makes the fake of one text: empty stays empty; what comes out as the input itself is drawn
/// again where that gives nothing away. `call.out` is replaced.
void Make(const Call& call);

/// Letters and digits of the value's length (at least 16 where there is room): what a maker falls
/// back to where the text has no form it knows. Throws Error PD005 where the value must be unique
/// and the room is below 80 bits.
void Words(const Call& call);

/// 80 bits: what a value must carry to be unique among a few hundred million.
constexpr std::size_t kUniqueBits = 80;
constexpr std::size_t kUniqueChars = 16;  ///< of base 32

/// There is too little room for a unique value: PD005. Says how many characters are needed.
[[noreturn]] void FailRoom(const Call& call, std::size_t needed);

/// The person's names, which e-mail and user name are made of too.
struct Identity {
  std::string_view first;
  std::string_view last;
  bool female;
};
Identity IdentityOf(const Call& call);

/// The same call with other keys.
inline Call WithKeys(const Call& call, Keyed& keys) {
  return {call.kind, call.type,   call.text, call.room, call.unique, call.seeded,
          call.seed, call.locale, call.row,  keys,      call.out,    call.attempt};
}

/// A text of a rule as core's treatments see it: what Make() works with.
Call CallOf(const treat::Call& call, const Keying& keying);

/// Everything that is not the fake of a text: all other classes of values, and in text columns
/// shift, noise and bucket. Plan kFake, kShift, kNoise or kBucket.
void Typed(const treat::Call& call, const Keying& keying);
/// The same for another kind, other keys, or another person than the call's own.
void TypedAs(const treat::Call& call, const Call& fake);

}  // namespace gdpr::fake
