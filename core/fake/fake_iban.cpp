// SPDX-License-Identifier: PostgreSQL
#include "fake_iban.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "../check_digit.hpp"
#include "../detect_number.hpp"
#include "fake_makers.hpp"
#include "fake_shape.hpp"
#include "../iban_plan.hpp"

namespace gdpr::fake {
namespace {

constexpr std::size_t kMost = 4 + iban::kMostBban;

// An IBAN as it is written: its characters in capitals, and where each of them stands.
struct Written {
  std::array<char, kMost> chars;
  std::array<std::uint32_t, kMost> places;
  std::size_t size = 0;
  const iban::Plan* plan = nullptr;  // if the country has one and structure and check digits fit
  bool passes = false;               // and the national check digits are right too

  std::string_view Bban() const { return {chars.data() + 4, size - 4}; }
};

// "IBAN", "IBAN:" before it.
std::size_t LabelSize(std::string_view text) {
  constexpr std::string_view kLabel = "IBAN";
  std::size_t at = 0;
  while (at < text.size() && text[at] == ' ') ++at;
  for (const char c : kLabel) {
    if (at == text.size() || Upper(text[at++]) != c) return 0;
  }
  return at < text.size() && (text[at] == ':' || text[at] == ' ') ? at + 1 : 0;
}

Written Read(std::string_view text) {
  Written written;
  std::size_t at = LabelSize(text);
  while (at < text.size()) {
    const char c = text[at];
    if (IsDigit(c) || IsLetter(c)) {
      if (written.size == kMost) return written;
      written.places[written.size] = static_cast<std::uint32_t>(at++);
      written.chars[written.size++] = Upper(c);
      if (written.size == 2 && (IsDigit(written.chars[0]) || IsDigit(c))) return written;
      continue;
    }
    const std::size_t length = detect::SeparatorAt(text, at);
    if (length == 0 || at > 100) return written;
    at += length;
  }
  if (written.size <= 4) return written;
  const std::string_view bban = written.Bban();
  const iban::Plan* plan = iban::FindPlan({written.chars.data(), 2});
  if (plan == nullptr || !iban::Fits(*plan, bban)) return written;
  // One spelling for each: 00, 01 and 99 would pass MOD 97-10 too.
  const unsigned digits = iban::CheckDigits(*plan, bban);
  if (written.chars[2] != check::DigitOf(digits / 10) ||
      written.chars[3] != check::DigitOf(digits % 10)) {
    return written;
  }
  written.plan = plan;
  written.passes = iban::PassesNational(*plan, bban);
  return written;
}

void PutCheckDigits(const iban::Plan& plan, std::span<char> chars) {
  const unsigned digits = iban::CheckDigits(plan, {chars.data() + 4, chars.size() - 4});
  chars[2] = check::DigitOf(digits / 10);
  chars[3] = check::DigitOf(digits % 10);
}

// Another account: everything that is free, then the check digits that belong to it.
void PermuteBban(const Call& call, const iban::Plan& plan, bool passes, std::span<char> bban) {
  constexpr std::string_view kDomain = "iban/";
  std::array<char, kDomain.size() + 7> domain;
  char* end = std::copy(kDomain.begin(), kDomain.end(), domain.data());
  end = std::copy_n(plan.country, 2, end);
  end = std::copy_n(bban.data(), plan.kept, end);
  if (!passes) *end++ = '?';
  const std::string_view name(domain.data(), static_cast<std::size_t>(end - domain.data()));
  if (!passes) {
    do {
      PermuteShape(call, name, bban.subspan(plan.kept));
    } while (iban::PassesNational(plan, {bban.data(), bban.size()}));
    return;
  }
  std::array<char, iban::kMostBban> free;
  std::size_t size = 0;
  for (std::size_t i = plan.kept; i < bban.size(); ++i) {
    if ((plan.checks >> i & 1U) == 0) free[size++] = bban[i];
  }
  do {
    PermuteShape(call, name, {free.data(), size});
    size = 0;
    for (std::size_t i = plan.kept; i < bban.size(); ++i) {
      if ((plan.checks >> i & 1U) == 0) bban[i] = free[size++];
    }
  } while (!iban::SetNational(plan, bban));
}

// The IBAN into the text, in groups of four if the input was and there is room.
void Append(const Call& call, std::string_view iban) {
  const bool groups = call.text.find(' ') != std::string_view::npos &&
                      iban.size() + (iban.size() - 1) / 4 <= call.room;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    if (groups && i > 0 && i % 4 == 0) call.out.push_back(' ');
    call.out.push_back(iban[i]);
  }
}

void DrawBban(const iban::Plan& plan, bool letters, Draw& draw, std::span<char> bban) {
  // Banks that there are, where a list says so (National Bank of Belgium).
  static constexpr std::array<std::string_view, 4> kBelgian = {"001", "068", "310", "363"};
  std::size_t at = 0;
  unsigned count = 0;
  for (const char c : plan.structure) {
    if (IsDigit(c)) {
      count = count * 10 + static_cast<unsigned>(c - '0');
      continue;
    }
    for (; count > 0; --count, ++at) {
      if (c == 'n' || (c == 'c' && !letters)) {
        bban[at] = draw.Digit();
      } else if (c == 'a') {
        bban[at] = static_cast<char>('A' + draw.Below(26));
      } else {
        bban[at] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[draw.Below(32)];
      }
    }
  }
  if (plan.kept == 3) std::copy_n(draw.Of(kBelgian).begin(), 3, bban.begin());
}

// A fresh one. `letters`: all places that may be letters hold five bits.
void AppendFresh(const Call& call, const iban::Plan& plan, bool letters) {
  std::array<char, kMost> chars;
  std::copy_n(plan.country, 2, chars.begin());
  const std::span<char> bban(chars.data() + 4, plan.size);
  Draw draw = call.Value("iban");
  do {
    DrawBban(plan, letters, draw, bban);
  } while (!iban::SetNational(plan, bban));
  PutCheckDigits(plan, {chars.data(), 4U + plan.size});
  Append(call, {chars.data(), 4U + plan.size});
}

// Malta's has 18 places for letters and digits, Bahrain's 14 and four letters: at least 88 bits.
// Where neither fits, what is no IBAN becomes another that is none.
void AppendUnique(const Call& call) {
  const iban::Plan& malta = *iban::FindPlan("MT");
  const iban::Plan& bahrain = *iban::FindPlan("BH");
  if (call.room >= 4U + malta.size) return AppendFresh(call, malta, true);
  if (call.room >= 4U + bahrain.size) return AppendFresh(call, bahrain, true);
  if (!HasShape(call.text) || call.text.size() > call.room) return Words(call);
  call.out.append(call.text);
  do {
    PermuteShape(call, "iban/other", call.out);
  } while (Read(call.out).plan != nullptr);
}

const iban::Plan& CountryOfText(const Call& call) {
  if (call.locale == Locale::kNone) {
    const std::size_t at = LabelSize(call.text);
    if (call.text.size() >= at + 4 && IsDigit(call.text[at + 2]) && IsDigit(call.text[at + 3])) {
      const std::array<char, 2> code = {Upper(call.text[at]), Upper(call.text[at + 1])};
      const iban::Plan* plan = iban::FindPlan({code.data(), 2});
      if (plan != nullptr) return *plan;
    }
  }
  return *iban::FindPlan(CountryOf(call.LocaleOr(Locale::kNone)));
}

bool Permuted(const Call& call, bool any) {
  if (call.text.size() > call.room) return false;
  Written written = Read(call.text);
  if (written.plan == nullptr || (!any && !written.passes)) return false;
  PermuteBban(call, *written.plan, written.passes, {written.chars.data() + 4, written.size - 4});
  PutCheckDigits(*written.plan, {written.chars.data(), written.size});
  call.out.append(call.text);
  for (std::size_t i = 2; i < written.size; ++i) {
    char& c = call.out[written.places[i]];
    c = CaseOf(written.chars[i], c);
  }
  return true;
}

}  // namespace

bool PermuteIban(const Call& call) {
  return Permuted(call, false);
}

bool IsIban(std::string_view text) {
  const Written written = Read(text);
  return written.plan != nullptr && written.passes;
}

void Iban(const Call& call) {
  if (call.Permutes() && Permuted(call, true)) return;
  if (call.unique) return AppendUnique(call);
  const iban::Plan& plan = CountryOfText(call);
  const iban::Plan& shortest = *iban::FindPlan("NO");
  if (call.room >= 4U + plan.size) return AppendFresh(call, plan, false);
  if (call.room >= 4U + shortest.size) return AppendFresh(call, shortest, false);
  Draw draw = call.Value("iban");
  for (std::size_t i = 0; i < call.room; ++i) call.out.push_back(draw.Digit());
}

}  // namespace gdpr::fake
