// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "../detect_number.hpp"
#include "fake_makers.hpp"
#include "fake_shape.hpp"
#include "phone_plan.hpp"

namespace gdpr::fake {
namespace {

constexpr std::size_t kMostDigits = 18;  // 15 of E.164, and what is dialled before them
constexpr std::size_t kMostExtension = 7;
constexpr std::size_t kMostText = 100;

// A telephone number as it is written.
struct Written {
  std::array<char, kMostDigits> digits;
  std::array<std::uint8_t, kMostDigits> places;
  std::size_t size = 0;  // 0: it is none
  bool plus = false;
  std::size_t extension = 0;  // where it stands
  std::size_t extension_size = 0;

  std::string_view Text() const { return {digits.data(), size}; }
};

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Reads a word: what sort of number this is, or that an extension follows.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Read() {
    while (at_ < text_.size()) {
      if (text_.size() > kMostText || !ReadOne()) return false;
    }
    return written.size > 0;
  }

  Written written;

 private:
  bool ReadOne() {
    const char c = text_[at_];
    if (IsDigit(c)) return in_extension_ ? ReadExtension() : ReadDigit();
    if (c == '+' && written.size == 0 && !written.plus) {
      written.plus = true;
      ++at_;
      return true;
    }
    if (const std::size_t length = detect::SeparatorAt(text_, at_); length != 0) {
      at_ += length;
      return true;
    }
    if (c == ':' || c == ';' || c == '#') {
      ++at_;
      return c != '#' || BeginExtension();
    }
    return IsLetter(c) && ReadWord();
  }

  bool ReadDigit() {
    if (written.size == kMostDigits) return false;
    written.places[written.size] = static_cast<std::uint8_t>(at_);
    written.digits[written.size++] = text_[at_++];
    return true;
  }

  bool ReadExtension() {
    if (written.extension_size == 0) written.extension = at_;
    if (written.extension + written.extension_size != at_) return false;
    ++at_;
    return ++written.extension_size <= kMostExtension;
  }

  bool BeginExtension() {
    constexpr std::size_t kLeast = 4;
    if (in_extension_ || written.size < kLeast) return false;
    in_extension_ = true;
    return true;
  }

  bool ReadWord() {
    static constexpr std::array<std::string_view, 24> kSorts = {
        "tel", "telefon", "telephone", "phone", "mobile", "mobil",  "mob",   "cell",
        "fax", "handy",   "home",      "work",  "office", "privat", "buero", "t",
        "m",   "f",       "p",         "h",     "w",      "movil",  "gsm",   "fixe"};
    static constexpr std::array<std::string_view, 10> kExtensions = {
        "x", "ext", "extn", "extension", "int", "poste", "dw", "durchwahl", "wew", "toestel"};
    std::array<char, 12> word;
    std::size_t size = 0;
    for (; at_ < text_.size() && IsLetter(text_[at_]); ++at_) {
      if (size == word.size()) return false;
      word[size++] = static_cast<char>(text_[at_] | 0x20);
    }
    const std::string_view name(word.data(), size);
    const bool extension = IsOneOf(name, kExtensions);
    if (extension && at_ < text_.size() && text_[at_] == '=') ++at_;
    return extension ? BeginExtension() : IsOneOf(name, kSorts);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_extension_ = false;
};

Written Read(std::string_view text) {
  Reader reader(text);
  if (!reader.Read()) reader.written.size = 0;
  return reader.written;
}

// What of a number stays: everything before `tail`.
struct Parts {
  const phone::Plan* plan = nullptr;
  unsigned code = 0;         // 0: not known
  std::size_t national = 0;  // where the digits of the national number begin
  std::size_t tail = 0;
};

bool IsNorthAmerican(std::string_view digits) {
  if (digits.size() == 11 && digits[0] == '1') digits.remove_prefix(1);
  return digits.size() == 10 && digits[0] >= '2' && digits[3] >= '2';
}

// Whose national numbers these are, where nothing in the number says it.
const phone::Plan* PlanOf(const Call& call, std::string_view digits) {
  const Locale locale = call.locale != Locale::kNone ? call.locale : call.row;
  if (locale == Locale::kNone) return nullptr;
  if (locale == Locale::kEn && IsNorthAmerican(digits)) return phone::FindPlan(1);
  return phone::FindPlan(CountryOf(locale));
}

unsigned NumberOf(std::string_view digits) {
  unsigned number = 0;
  for (const char c : digits) number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

// "49171…", without + or 00.
bool HasBareCode(const phone::Plan& plan, std::string_view digits) {
  constexpr std::size_t kLeast = 11;
  const std::size_t size = phone::CodeSize(digits);
  if (NumberOf(digits.substr(0, size)) != plan.code || plan.code == 1) return false;
  return plan.size == 0 ? digits.size() >= kLeast : digits.size() == size + plan.size;
}

Parts PartsOf(const Call& call, const Written& written) {
  constexpr std::size_t kShort = 7;  // digits of a number that no plan is asked for
  const std::string_view digits = written.Text();
  Parts parts;
  if (digits.size() < kShort + (written.plus ? 1 : 0)) return parts;
  std::size_t at = 0;
  bool has_code = written.plus;
  if (!written.plus && digits.size() >= 9 && digits.starts_with("00")) {
    at = 2;
    has_code = true;
  } else if (!written.plus && digits.size() >= 12 && digits.starts_with("011")) {
    at = 3;
    has_code = true;
  } else if (!written.plus) {
    parts.plan = PlanOf(call, digits);
    has_code = parts.plan != nullptr && HasBareCode(*parts.plan, digits);
  }
  if (has_code) {
    const std::size_t size = phone::CodeSize(digits.substr(at));
    parts.code = NumberOf(digits.substr(at, size));
    parts.plan = phone::FindPlan(parts.code);
    at += size;
  } else if (parts.plan != nullptr) {
    parts.code = parts.plan->code;
  }
  const std::string_view trunk = parts.plan == nullptr ? "0" : parts.plan->trunk;
  if (!trunk.empty() && digits.substr(at).starts_with(trunk)) at += trunk.size();
  const std::string_view national = digits.substr(at);
  parts.national = at;
  std::size_t kept = phone::Kept(parts.plan, national);
  if (parts.code == 0) {
    // English, as all that says nothing is, but it may be of any country, with its code or without.
    kept = phone::Kept(phone::FindPlan(IsNorthAmerican(digits) ? 1 : 44), national);
    kept = std::max<std::size_t>(kept, national.size() >= 11 ? 6 : national.size() >= 9 ? 5 : 4);
    kept = std::min(kept, national.size() - 3);
  }
  parts.tail = at + kept;
  return parts;
}

void Permuted(const Call& call, const Written& written) {
  const Parts parts = PartsOf(call, written);
  constexpr std::string_view kDomain = "phone/";
  std::array<char, kDomain.size() + 4 + kMostDigits> domain;
  char* end = std::copy(kDomain.begin(), kDomain.end(), domain.data());
  for (unsigned power = 100; power > 0; power /= 10) {
    *end++ = static_cast<char>('0' + parts.code / power % 10);
  }
  *end++ = '/';
  std::array<char, kMostDigits> digits = written.digits;
  end = std::copy(digits.begin() + static_cast<std::ptrdiff_t>(parts.national),
                  digits.begin() + static_cast<std::ptrdiff_t>(parts.tail), end);
  PermuteShape(call, {domain.data(), static_cast<std::size_t>(end - domain.data())},
               {digits.data() + parts.tail, written.size - parts.tail});
  call.out.append(call.text);
  for (std::size_t i = parts.tail; i < written.size; ++i) call.out[written.places[i]] = digits[i];
  if (written.extension_size != 0) {
    PermuteShape(call, "phone/extension",
                 std::span(call.out).subspan(written.extension, written.extension_size));
  }
}

const phone::Plan& PlanOfFresh(const Call& call, const Written& written) {
  const Parts parts = PartsOf(call, written);
  const bool says = parts.plan != nullptr && !parts.plan->mobile.empty();
  if (says && (call.locale == Locale::kNone || parts.plan->country == CountryOf(call.locale))) {
    return *parts.plan;
  }
  const Locale locale = call.LocaleOr(Locale::kNone);
  const bool american = parts.code == 1 || (parts.code == 0 && IsNorthAmerican(written.Text()));
  if (locale == Locale::kEn && american) return *phone::FindPlan(1);
  return *phone::FindPlan(CountryOf(locale));
}

// What parts the groups of digits in the input; 0: nothing does.
char SeparatorOf(const Written& written, std::string_view text) {
  if (written.size == 0) return ' ';
  for (const char c : {' ', '-', '.', '/'}) {
    if (text.find(c) != std::string_view::npos) return c;
  }
  return 0;
}

// One of the plan's mobile numbers.
void DrawNumber(const phone::Plan& plan, Draw& draw, std::string& out) {
  std::string_view form = plan.mobile;
  const auto forms = static_cast<std::size_t>(std::count(form.begin(), form.end(), '|')) + 1;
  for (std::size_t skip = draw.Below(forms); skip > 0; --skip) {
    form.remove_prefix(form.find('|') + 1);
  }
  for (const char c : form.substr(0, form.find('|'))) {
    out.push_back(c == '#' ? draw.Digit() : c);
  }
}

// A fresh one as the input is written: international or not, in groups or not.
void AppendFresh(const Call& call, const Written& written) {
  const phone::Plan& plan = PlanOfFresh(call, written);
  Draw draw = call.Value("phone");
  const bool zeros = !written.plus && written.Text().starts_with("00");
  if (written.plus || zeros) {
    call.out.append(written.plus ? "+" : "00");
    for (unsigned power = 100; power > 0; power /= 10) {
      if (plan.code >= power) call.out.push_back(static_cast<char>('0' + plan.code / power % 10));
    }
    call.out.push_back(' ');
  } else if (plan.code != 1) {
    call.out.append(plan.trunk);
  }
  DrawNumber(plan, draw, call.out);
  const char separator = SeparatorOf(written, call.text);
  if (separator == 0 || call.out.size() > call.room) {
    std::erase(call.out, ' ');
  } else {
    std::replace(call.out.begin(), call.out.end(), ' ', separator);
  }
  if (call.out.size() > call.room) call.out.resize(call.room);
}

}  // namespace

void Phone(const Call& call) {
  const Written written = Read(call.text);
  const bool fits = call.text.size() <= call.room;
  if (call.Permutes() && written.size > 0 && fits) return Permuted(call, written);
  if (!call.unique) return AppendFresh(call, written);
  if (!fits || !HasShape(call.text)) return Words(call);
  call.out.append(call.text);
  do {
    PermuteShape(call, "phone/other", call.out);
  } while (Read(call.out).size > 0);
}

}  // namespace gdpr::fake
