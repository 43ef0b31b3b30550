// SPDX-License-Identifier: PostgreSQL
// Profile pseudonym. Text by HMAC, or by format-preserving encryption of its letters and digits;
// every other class as profile fake does it, by keys of its own and always so that what differs
// stays different.
#include "pseudonym.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "error.hpp"
#include "fake/fake.hpp"
#include "pseudonym_room.hpp"
#include "rule_words.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kMostNumerals = 72;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLower = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kBoth = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

// What a text is written with: only digits; digits and letters of one case, at least one letter;
// or letters of both. A pseudonym is written with the same, so it can be seen how to turn it back.
std::string_view AlphabetOf(std::string_view text) {
  const bool upper = std::ranges::any_of(text, IsUpper);
  const bool lower = std::ranges::any_of(text, IsLower);
  if (upper && lower) return kBoth;
  return upper ? kUpper : lower ? kLower : kDigits;
}

bool HasOther(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// The letters and digits of a text as numerals; what stands between them stays.
class Numerals {
 public:
  /// False where there are none, or too many, or letters beyond ASCII.
  bool Read(std::string_view text) {
    alphabet_ = AlphabetOf(text);
    for (const char c : text) {
      const std::size_t numeral = alphabet_.find(c);
      if (numeral == std::string_view::npos) continue;
      if (size_ == kMostNumerals) return false;
      numerals_[size_++] = static_cast<std::uint16_t>(numeral);
    }
    return size_ > 0 && !HasOther(text) && (IsSmall() || Ff1::Takes(radix(), size_));
  }

  /// Encrypts until the text is written with what it was written with before: a permutation of
  /// all such texts (cycle walking).
  void Walk(Keyed& keys, std::string_view tweak, bool backward) {
    do {
      Once(keys, tweak, backward);
    } while (!HasAlphabet());
  }

  void Append(std::string_view text, std::string& out) const {
    std::size_t at = 0;
    for (const char c : text) {
      const bool is_kept = alphabet_.find(c) == std::string_view::npos;
      out.push_back(is_kept ? c : alphabet_[numerals_[at++]]);
    }
  }

 private:
  [[nodiscard]] unsigned radix() const { return static_cast<unsigned>(alphabet_.size()); }

  // Fewer than 1,000,000 texts: FF1 does not take them.
  [[nodiscard]] bool IsSmall() const {
    U128 texts = 1;
    for (std::size_t i = 0; i < size_ && texts < 1'000'000; ++i) texts *= radix();
    return texts < 1'000'000;
  }

  [[nodiscard]] bool HasAlphabet() const {
    if (alphabet_.data() == kDigits.data()) return true;
    bool first = false;   // capitals, or letters of the one case
    bool second = false;  // small letters beside capitals
    for (std::size_t i = 0; i < size_; ++i) {
      first = first || (numerals_[i] >= 10 && numerals_[i] < 36);
      second = second || numerals_[i] >= 36;
    }
    return first && (second || alphabet_.size() == kLower.size());
  }

  void Once(Keyed& keys, std::string_view tweak, bool backward) {
    const std::span used = std::span(numerals_).first(size_);
    if (!IsSmall()) {
      if (backward) return keys.ff1().Decrypt(radix(), tweak, used);
      return keys.ff1().Encrypt(radix(), tweak, used);
    }
    U128 texts = 1;
    U128 index = 0;
    for (const std::uint16_t numeral : used) {
      texts *= radix();
      index = index * radix() + numeral;
    }
    Permutation& permutation = keys.pseudonyms().permutation();
    index = backward ? permutation.Backward(tweak, texts, index)
                     : permutation.Forward(tweak, texts, index);
    for (std::size_t i = size_; i > 0; --i) {
      numerals_[i - 1] = static_cast<std::uint16_t>(index % radix());
      index /= radix();
    }
  }

  std::string_view alphabet_;
  std::array<std::uint16_t, kMostNumerals> numerals_{};
  std::size_t size_ = 0;
};

void Hmac(const fake::Call& call) {
  Draw draw = call.keys.pseudonyms().DrawFor(call.kind.name, call.text);
  if (call.kind.name == "email" && call.room >= kLeastPseudonymEmail) {
    call.out.append(kPseudonymPrefix);
    draw.Base32(
        std::min(kPseudonymChars, call.room - kPseudonymPrefix.size() - kPseudonymDomain.size()),
        call.out);
    call.out.append(kPseudonymDomain);
    return;
  }
  const std::size_t chars = std::min(call.room, kPseudonymChars);
  if (call.unique && chars < fake::kUniqueChars) {
    throw Error{"PD005",
                "a unique pseudonym of kind \"" + std::string(call.kind.name) + "\" does not fit",
                "It needs " + std::to_string(fake::kUniqueChars) +
                    " characters; the column takes " + std::to_string(call.room) + ".",
                "Make the column wider, or use treatment \"ff1\" in the rule."};
  }
  draw.Base32(chars, call.out);
}

void Text(const treat::Call& call, const Keying& keying) {
  const fake::Call text = fake::CallOf(call, keying);
  if (text.text.empty()) return;
  const bool is_document = text.kind.name == "profile_json" || text.kind.name == "profile_xml";
  if (is_document && call.plan.id == TreatmentId::kHmac) {
    return fake::Make(fake::WithKeys(text, keying.keys->pseudonyms()));
  }
  Numerals numerals;
  if (call.plan.id == TreatmentId::kFf1 && numerals.Read(text.text)) {
    numerals.Walk(*keying.keys, text.kind.name, false);
    return numerals.Append(text.text, text.out);
  }
  Hmac(text);
}

}  // namespace

void Pseudonym(const treat::Call& call, const Keying& keying) {
  if (call.plan.id == TreatmentId::kShift) {
    Keying own = keying;
    own.keys = &keying.keys->pseudonyms();
    return fake::Typed(call, own);
  }
  if (call.type.cls == ValueClass::kText) {
    Text(call, keying);
    return treat::FitBytes(call.type, call.result.text);
  }
  static const Kind& kind = *FindKind("external_id");
  const fake::Call of_rule = fake::CallOf(call, keying);
  const fake::Call own{
      kind,       of_rule.type, of_rule.text,  of_rule.room,  true,
      false,      {},           Locale::kNone, Locale::kNone, keying.keys->pseudonyms(),
      of_rule.out};
  fake::TypedAs(call, own);
}

std::string Reveal(const Rule& rule, Keyed& keys, std::string_view pseudonym) {
  const TreatmentId id = words::Resolve(rule, Profile::kPseudonym).id;
  if (id != TreatmentId::kFf1) {
    throw Error{"22023",
                "treatment \"" + std::string(words::WordOf(id).name) + "\" cannot be turned back",
                "It is what the rule says for profile \"pseudonym\".",
                "Only pseudonyms made by treatment \"ff1\" can be turned back."};
  }
  if (pseudonym.empty()) return {};
  Numerals numerals;
  if (!numerals.Read(pseudonym)) {
    throw Error{"22023", "the text is no pseudonym that treatment \"ff1\" makes",
                "It holds no letters or digits, or others than those of ASCII.", ""};
  }
  std::string out;
  numerals.Walk(keys, rule.kind->name, true);
  numerals.Append(pseudonym, out);
  return out;
}

}  // namespace gdpr
