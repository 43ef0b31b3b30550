// SPDX-License-Identifier: PostgreSQL
#include "detect.hpp"

#include <algorithm>

#include "detect_number.hpp"
#include "fold.hpp"
#include "net.hpp"
#include "utf8.hpp"

namespace gdpr::detect {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsWord(const CodePoint& point) {
  return point.valid && fold::ClassOf(point.value) == fold::CharClass::kWord;
}

constexpr std::size_t kMostDomain = 255;
constexpr std::size_t kMostQuoted = 64;
constexpr std::size_t kMostScheme = 20;
constexpr std::size_t kMostUserInfo = 256;

}  // namespace

bool Detector::EndsWord(std::size_t at) const {
  return !fold::IsInsideWord(text_, at);
}

std::size_t Detector::Domain(std::size_t at) const {
  if (at < text_.size() && text_[at] == '[') {
    const std::size_t end = text_.substr(at, 50).find(']');
    return end == std::string_view::npos || end < 3 ? 0 : at + end + 1;
  }
  std::size_t end = at;
  bool has_letter = false;
  bool has_dot = false;
  while (end < text_.size() && end - at < kMostDomain) {
    const CodePoint point = DecodeAt(text_, end);
    const char c = text_[end];
    const bool mark = c == '.' || c == '-';
    if (!mark && !IsWord(point)) break;
    has_letter = has_letter || (!mark && !IsDigit(c));
    has_dot = has_dot || (c == '.' && end + 1 < text_.size() && IsDigit(text_[end + 1]));
    end += point.bytes;
  }
  while (end > at && (text_[end - 1] == '.' || text_[end - 1] == '-')) --end;
  if (end == at || text_[at] == '.' || text_[at] == '-') return 0;
  return has_letter || has_dot ? end : 0;
}

std::size_t Detector::Email(std::size_t at) {
  std::size_t end = at;
  if (text_[at] == '"') {
    const std::size_t quote = text_.substr(at + 1, kMostQuoted).find('"');
    if (quote == std::string_view::npos || quote == 0) return 0;
    end = at + quote + 2;
  } else if (at < no_email_before_) {
    return 0;
  } else {
    constexpr std::string_view kMarks = "._%+'-!#$*~";
    while (end < text_.size() && text_.substr(end, 3) != "%40") {
      const CodePoint point = DecodeAt(text_, end);
      if (!IsWord(point) && kMarks.find(text_[end]) == std::string_view::npos) break;
      end += point.bytes;
    }
    // The whole run was looked at: nothing that starts inside it can be an address either.
    no_email_before_ = end;
  }
  if (end >= text_.size()) return 0;
  if (text_[end] == '@') return Domain(end + 1);
  return text_.substr(end, 3) == "%40" ? Domain(end + 3) : 0;
}

std::size_t Detector::Iban(std::size_t at) const {
  constexpr std::size_t kLeast = 15;
  constexpr std::size_t kMost = 34;
  if (at + kLeast > text_.size() || !IsLetter(text_[at]) || !IsLetter(text_[at + 1]) ||
      !IsDigit(text_[at + 2]) || !IsDigit(text_[at + 3])) {
    return 0;
  }
  std::array<char, kMost> compact{};
  std::array<std::size_t, kMost> ends{};
  std::size_t length = 0;
  std::size_t i = at;
  while (i < text_.size() && length < kMost && (IsLetter(text_[i]) || IsDigit(text_[i]))) {
    compact[length] = text_[i];
    ends[length++] = ++i;
    const std::size_t gap = SeparatorAt(text_, i);
    const bool usual = gap != 0 && text_[i] != '/' && text_[i] != '(' && text_[i] != ')';
    if (usual && i + gap < text_.size() && fold::IsInsideWord(text_, i + gap)) i += gap;
  }
  const std::size_t exact = IbanLength(compact[0], compact[1]);
  for (std::size_t n = length; n >= kLeast; --n) {
    if ((exact == 0 || n == exact) && EndsWord(ends[n - 1]) &&
        PassesMod97(std::string_view(compact.data(), n))) {
      return ends[n - 1];
    }
  }
  return 0;
}

std::size_t Detector::Ip(std::size_t at) const {
  const char c = text_[at];
  if (!IsHex(c) && text_.substr(at, 2) != "::") return 0;
  net::Address address;
  std::size_t end = IsDigit(c) ? net::ReadIpv4(text_, at, address) : 0;
  if (end != 0 && EndsWord(end)) return end;
  end = net::ReadIpv6(text_, at, address);
  if (end == 0 || !EndsWord(end)) return 0;
  const std::string_view after = text_.substr(end, 2);
  const bool goes_on =
      after.starts_with(':') || (after.size() == 2 && after[0] == '.' && IsDigit(after[1]));
  // "::" alone and "a::b" are rather code.
  const std::string_view found = text_.substr(at, end - at);
  return !goes_on && std::any_of(found.begin(), found.end(), IsDigit) ? end : 0;
}

bool Detector::FindUserInfo(std::size_t at, Match& match) const {
  std::size_t end = at;
  while (end < text_.size() && end - at < kMostScheme &&
         (IsLetter(text_[end]) || text_[end] == '+')) {
    ++end;
  }
  if (text_.substr(end, 3) != "://") return false;
  const std::size_t start = end + 3;
  const std::string_view authority = text_.substr(
      start,
      std::min(kMostUserInfo, text_.substr(start, kMostUserInfo).find_first_of("/?# \t\r\n<>\"")));
  const std::size_t sign = authority.rfind('@');
  if (sign == std::string_view::npos || sign == 0) return false;
  match = {Found::kUserInfo, start, start + sign};
  return true;
}

std::size_t Detector::Card() const {
  for (std::size_t group = run_.count; group-- > 0;) {
    const std::string_view digits = run_.Digits(group);
    if (digits.size() < 13) break;
    bool usual = !run_.plus && digits.size() <= 19 && digits[0] != '0';
    // Thirteen digits from 1 on are milliseconds since 1970; cards from 1 on have fifteen.
    if (digits[0] == '1' && digits.size() != 15) usual = false;
    for (std::size_t i = 1; i <= group; ++i) {
      usual = usual && (run_.groups[i].separator == ' ' || run_.groups[i].separator == '-');
    }
    if (usual && EndsWord(run_.groups[group].end) && PassesLuhn(digits)) {
      return run_.groups[group].end;
    }
  }
  return 0;
}

std::size_t Detector::Phone(std::size_t at) {
  if (at < no_phone_before_) return 0;
  if (!run_.plus && StartsWithDate(run_)) {
    no_phone_before_ = run_.groups[2].end;
    return 0;
  }
  for (std::size_t group = run_.count; group-- > 0;) {
    const std::size_t end = run_.groups[group].end;
    if (!EndsWord(end)) continue;
    const bool decimal = end + 1 < text_.size() && (text_[end] == '.' || text_[end] == ',') &&
                         IsDigit(text_[end + 1]);
    if (!LooksLikePhone(run_, group, decimal)) continue;
    const bool bracket = text_[at] == '(';
    if (bracket && text_.substr(at, end - at).find(')') == std::string_view::npos) return 0;
    return end;
  }
  return 0;
}

Match Detector::At(std::size_t at, bool in_word) {
  Match match{Found::kNothing, at, at};
  has_run_ = false;
  const char c = text_[at];
  if (!in_word) {
    if (IsLetter(c) && FindUserInfo(at, match)) return match;
    const bool may_be_local = IsWord(DecodeAt(text_, at)) || c == '"';
    if (may_be_local && (match.end = Email(at)) != 0) {
      match.found = Found::kEmail;
      return match;
    }
    if ((match.end = Iban(at)) != 0) {
      match.found = Found::kIban;
      return match;
    }
    if ((match.end = Ip(at)) != 0) {
      match.found = Found::kIp;
      return match;
    }
  }
  if (IsDigit(c) || c == '+' || c == '(') {
    const bool decimals =
        at >= 2 && (text_[at - 1] == '.' || text_[at - 1] == ',') && IsDigit(text_[at - 2]);
    const bool after_letter = in_word && at > 0 && !IsDigit(text_[at - 1]);
    if ((in_word && !after_letter && IsDigit(c)) || !ReadDigits(text_, at, run_)) {
      match.end = at;
      return match;
    }
    has_run_ = true;
    if (!in_word && (match.end = Card()) != 0) {
      match.found = Found::kCard;
      return match;
    }
    // Glued to a word ("is415-555-0132") a number must be written as one; ids are not.
    const bool glued = in_word && IsDigit(c) && run_.count < 3;
    if (!decimals && !glued && (match.end = Phone(at)) != 0) {
      match.found = Found::kPhone;
      return match;
    }
  }
  match.end = at;
  return match;
}

}  // namespace gdpr::detect
