// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "../check_digit.hpp"
#include "../detect_number.hpp"
#include "fake_iban.hpp"
#include "fake_makers.hpp"
#include "fake_shape.hpp"
#include "fake_text.hpp"
#include "../iban_plan.hpp"

namespace gdpr::fake {
namespace {

// Letters and digits of a number, and where each of them stands.
struct Compact {
  static constexpr std::size_t kMost = 32;

  std::array<char, kMost> chars;
  std::array<std::uint32_t, kMost> places;
  std::size_t size = 0;  // 0: too long, or something else is in it

  std::string_view Text() const { return {chars.data(), size}; }
};

Compact Read(std::string_view text) {
  Compact compact;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    std::size_t length = 1;
    if (IsDigit(c) || IsLetter(c)) {
      if (compact.size == Compact::kMost) return {};
      compact.places[compact.size] = static_cast<std::uint32_t>(at);
      compact.chars[compact.size++] = Upper(c);
    } else {
      length = detect::SeparatorAt(text, at);
      if (length == 0 || at > 100) return {};
    }
    at += length;
  }
  return compact;
}

void Put(const Compact& compact, std::string& out) {
  for (std::size_t i = 0; i < compact.size; ++i) {
    char& c = out[compact.places[i]];
    c = CaseOf(compact.chars[i], c);
  }
}

// --- BIC (ISO 9362): four letters of the bank, country, two of the place, three of the branch.

constexpr std::size_t kBic = 8;
constexpr std::size_t kLongBic = 11;
constexpr std::string_view kHead = "XXX";  // the head office

bool IsBic(std::string_view bic) {
  if (bic.size() != kBic && bic.size() != kLongBic) return false;
  return std::all_of(bic.begin(), bic.begin() + 6, IsUpper);
}

void AppendFreshBic(const Call& call, const Compact& compact) {
  std::string_view country = CountryOf(call.LocaleOr(Locale::kNone));
  if (call.locale == Locale::kNone && compact.size >= 6 &&
      iban::FindPlan(compact.Text().substr(4, 2)) != nullptr) {
    country = compact.Text().substr(4, 2);
  }
  Draw draw = call.Value("bic");
  std::array<char, kLongBic> bic;
  std::copy(kHead.begin(), kHead.end(), bic.begin() + kBic);
  for (std::size_t i = 0; i < 4; ++i) bic[i] = static_cast<char>('A' + draw.Below(26));
  std::copy(country.begin(), country.end(), bic.begin() + 4);
  // 0 is for tests, 1 for those who only receive.
  bic[6] = static_cast<char>('2' + draw.Below(8));
  bic[7] = static_cast<char>('A' + draw.Below(26));
  const bool is_long = compact.size > kBic && call.room >= kLongBic;
  call.out.append(bic.data(), std::min(call.room, is_long ? kLongBic : kBic));
}

// --- Account numbers of a country

// Whose national account number it is.
struct National {
  const iban::Plan* plan = nullptr;
  std::size_t start = 0;  // of the BBAN: in Poland the IBAN's check digits stand before it

  bool operator==(const National&) const = default;
};

bool Is(const iban::Plan& plan, std::string_view bban) {
  return plan.size == bban.size() && plan.national != iban::National::kNone &&
         iban::Fits(plan, bban) && iban::PassesNational(plan, bban);
}

// Of the locale's country, or of any that its check digits tell.
National NationalOf(const Call& call, std::string_view number) {
  const Locale locale = call.locale != Locale::kNone ? call.locale : call.row;
  constexpr std::size_t kPolish = 26;
  if (number.size() == kPolish && (locale == Locale::kNone || locale == Locale::kPl)) {
    const iban::Plan& poland = *iban::FindPlan("PL");
    if (IsDigit(number[0]) && IsDigit(number[1]) && Is(poland, number.substr(2)) &&
        check::Modulo(number.substr(0, 2), 100) == iban::CheckDigits(poland, number.substr(2))) {
      return {&poland, 2};
    }
  }
  if (locale != Locale::kNone) {
    const iban::Plan* plan = iban::FindPlan(CountryOf(locale));
    return Is(*plan, number) ? National{plan, 0} : National{};
  }
  for (const iban::Plan& plan : iban::TellingPlans()) {
    if (Is(plan, number)) return {&plan, 0};
  }
  return {};
}

// Everything but the check digits permuted or drawn, until there are check digits for it.
void ReplaceNational(const Call& call, const National& of, Compact& compact) {
  const iban::Plan& plan = *of.plan;
  const std::span<char> bban(compact.chars.data() + of.start, plan.size);
  const std::array<char, 7> domain = {'b', 'b', 'a', 'n', '/', plan.country[0], plan.country[1]};
  std::array<char, iban::kMostBban> free;
  std::size_t size = 0;
  const auto each_free = [&](auto&& use) {
    size = 0;
    for (std::size_t i = plan.kept; i < bban.size(); ++i) {
      if ((plan.checks >> i & 1U) == 0) use(free[size++], bban[i]);
    }
  };
  each_free([](char& to, char from) { to = from; });
  const auto finish = [&] {
    each_free([](char from, char& to) { to = from; });
    if (!iban::SetNational(plan, bban)) return false;
    if (of.start != 0) {
      const unsigned digits = iban::CheckDigits(plan, {bban.data(), bban.size()});
      compact.chars[0] = check::DigitOf(digits / 10);
      compact.chars[1] = check::DigitOf(digits % 10);
    }
    return NationalOf(call, compact.Text()) == of;
  };
  if (call.Permutes()) {
    do {
      PermuteShape(call, {domain.data(), domain.size()}, {free.data(), size});
    } while (!finish());
  } else {
    Draw draw = call.Value("bban");
    do {
      DrawShape(draw, {free.data(), size});
    } while (!finish());
  }
}

// What has no form that is known: another of its shape that has none either.
void ReplaceOther(const Call& call, std::string_view domain, bool national) {
  ShapeOrWords(call, domain);
  if (!call.Permutes() || !HasShape(call.text) || call.text.size() > call.room) return;
  const std::size_t kept = KeptPrefix(call.text);
  while (KeptPrefix(call.out) != kept || IsIban(call.out) ||
         (national && NationalOf(call, Read(call.out).Text()).plan != nullptr)) {
    PermuteShape(call, domain, std::span(call.out).subspan(kept));
  }
}

}  // namespace

void Bic(const Call& call) {
  Compact compact = Read(call.text);
  const bool fits = call.text.size() <= call.room;
  if (!call.Permutes() || !fits || !IsBic(compact.Text())) {
    if (!call.unique || (fits && IsBic(compact.Text()))) return AppendFreshBic(call, compact);
    if (!fits || !HasShape(call.text)) return Words(call);
    call.out.append(call.text);
    do {
      PermuteShape(call, "bic/other", call.out);
    } while (IsBic(Read(call.out).Text()));
    return;
  }
  const std::string_view branch = compact.Text().substr(kBic);
  const bool head = branch == kHead;
  std::array<char, kLongBic - 2> free;
  std::size_t size = 0;
  const auto each_free = [&](auto&& use) {
    size = 0;
    for (std::size_t i = 0; i < (head ? kBic : compact.size); ++i) {
      if (i < 4 || i > 5) use(free[size++], compact.chars[i]);
    }
  };
  each_free([](char& to, char from) { to = from; });
  const std::array<char, 6> domain = {'b', 'i', 'c', '/', compact.chars[4], compact.chars[5]};
  do {
    PermuteShape(call, {domain.data(), domain.size()}, {free.data(), size});
    each_free([](char from, char& to) { to = from; });
  } while (!head && branch == kHead);
  call.out.append(call.text);
  Put(compact, call.out);
}

void BankAccount(const Call& call) {
  if (call.Permutes() && PermuteIban(call)) return;
  Compact compact = Read(call.text);
  const National national = NationalOf(call, compact.Text());
  if (national.plan == nullptr || call.text.size() > call.room) {
    return ReplaceOther(call, "bank_account", true);
  }
  ReplaceNational(call, national, compact);
  call.out.append(call.text);
  Put(compact, call.out);
}

void AccountNumber(const Call& call) {
  if (call.Permutes() && PermuteIban(call)) return;
  ReplaceOther(call, "account_number", false);
}

void MandateRef(const Call& call) {
  ShapeOrWords(call, "mandate_ref");
}

void BankName(const Call& call) {
  // Names that no bank has.
  static constexpr std::array<std::string_view, 16> kNames = {
      "Aurenia", "Borvane", "Caldessa", "Dornmark", "Elvistra", "Fenorra",  "Galdine",  "Helvanor",
      "Ivorra",  "Jaldena", "Kestorin", "Lumarra",  "Morvessa", "Nordelia", "Ostravel", "Pellinor"};
  struct Form {
    std::string_view before;
    std::string_view after;
  };
  static constexpr std::array<std::array<Form, 2>, kLocales> kForms = {{
      {{{"", " Bank"}, {"", " Savings Bank"}}},
      {{{"Bankhaus ", ""}, {"", "-Bank"}}},
      {{{"Banque ", ""}, {"Caisse ", ""}}},
      {{{"Banco ", ""}, {"Caja ", ""}}},
      {{{"Banca ", ""}, {"Cassa ", ""}}},
      {{{"", " Bank"}, {"", " Spaarbank"}}},
      {{{"Banco ", ""}, {"Caixa ", ""}}},
      {{{"Bank ", ""}, {"Kasa ", ""}}},
  }};
  const auto locale = static_cast<std::size_t>(call.LocaleOr(Locale::kNone)) - 1;
  Draw draw = call.Value("bank_name");
  const Form& form = draw.Of(kForms[locale]);
  const std::string_view name = draw.Of(kNames);
  Unique(call, [&](const Call& text) {
    if (!Emit(text, {form.before, name, form.after})) EmitCut(text, name);
  });
}

}  // namespace gdpr::fake
