// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "leaves.hpp"
#include "net.hpp"
#include "redact.hpp"
#include "surrogate.hpp"
#include "treat_class.hpp"
#include "utf8.hpp"

namespace gdpr::treat {
namespace {

using enum TreatmentId;

constexpr std::size_t kMostStars = 4;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsBlank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Most characters the column takes, all of them ASCII.
std::size_t AsciiRoom(const Call& call) {
  auto room = static_cast<std::size_t>(call.rule.facts.length);
  const auto bytes = static_cast<std::size_t>(call.type.text_bytes);
  if (bytes != 0 && (room == 0 || bytes < room)) room = bytes;
  return room == 0 ? std::numeric_limits<std::size_t>::max() : room;
}

// Cuts the result to what the column takes, between characters.
void Fit(const Call& call) {
  std::string& out = call.result.text;
  const auto chars = static_cast<std::size_t>(call.rule.facts.length);
  if (chars != 0 && out.size() > chars) out.resize(PrefixBytes(out, chars));
  FitBytes(call.type, out);
}

void Put(const Call& call, std::string_view text) {
  call.result.text.assign(text);
  Fit(call);
}

// Copies whole characters; a stray byte is shown as a star, so that the result is valid UTF-8.
void AppendChars(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (point.valid) {
      out.append(text.substr(at, point.bytes));
    } else {
      out.push_back('*');
    }
    at += point.bytes;
  }
}

// The first and last characters with stars between. Never more than a third of the characters is
// shown, so one or two characters show nothing. The number of stars does not tell the length.
void Partial(const Call& call, std::int64_t first, std::int64_t last) {
  const std::string_view text = call.value.text;
  const std::size_t chars = CountChars(text);
  const std::size_t room = AsciiRoom(call);
  const auto most = static_cast<std::int64_t>(std::min(chars / 3, room - 1));
  while (first + last > most) {
    if (last > first) {
      --last;
    } else {
      --first;
    }
  }
  const auto shown = static_cast<std::size_t>(first + last);
  std::string& out = call.result.text;
  AppendChars(text.substr(0, PrefixBytes(text, static_cast<std::size_t>(first))), out);
  out.append(std::min(kMostStars, room - shown), '*');
  AppendChars(text.substr(PrefixBytes(text, chars - static_cast<std::size_t>(last))), out);
  Fit(call);
}

// ".fr", ".com": short and letters only, or it may be anything.
bool IsTopDomain(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return text.size() >= 3 && text.size() <= 7 &&
         std::all_of(text.begin() + 1, text.end(), is_letter);
}

void Email(const Call& call) {
  const std::string_view text = call.value.text;
  const std::size_t sign = text.rfind('@');
  if (sign == std::string_view::npos) return Partial(call, 1, 0);
  const std::string_view local = text.substr(0, sign);
  const std::string_view domain = text.substr(sign + 1);
  const std::size_t dot = domain.rfind('.');
  std::string_view top = dot == std::string_view::npos ? "" : domain.substr(dot);
  const std::size_t third = CountChars(text) / 3;
  std::size_t shown = CountChars(top);
  // The country or .com of an address is worth showing, unless it is most of the address.
  if (shown > third || !IsTopDomain(top)) {
    top = "";
    shown = 0;
  }
  const bool show_first = CountChars(local) >= 3 && shown + 1 <= third;
  std::string& out = call.result.text;
  if (show_first) AppendChars(local.substr(0, PrefixBytes(local, 1)), out);
  out.append("****@****");
  AppendChars(top, out);
  Fit(call);
}

// Four digits that are the year of a date in one of the usual spellings; empty if there are none.
std::string_view YearIn(std::string_view text) {
  text = Trim(text);
  const auto all_digits = [&](std::size_t at, std::size_t count) {
    if (at + count > text.size()) return false;
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at),
                       text.begin() + static_cast<std::ptrdiff_t>(at + count), IsDigit);
  };
  const bool starts = all_digits(0, 4) && (text.size() == 4 || !IsDigit(text[4]));
  if (starts) return text.substr(0, 4);  // 1980, 1980-05-17, 1980-05-17 00:00
  if (text.size() == 8 && all_digits(0, 8)) return text.substr(0, 4);  // 19800517
  const std::size_t date = text.substr(0, text.find(' ')).size();
  for (const std::size_t end : {date, text.size()}) {  // 17/05/1980 00:00, 17 May 1980
    if (end >= 5 && all_digits(end - 4, 4) && !IsDigit(text[end - 5]))
      return text.substr(end - 4, 4);
  }
  return {};
}

void Year(const Call& call, bool with_month) {
  const std::string_view text = Trim(call.value.text);
  const std::string_view year = YearIn(text);
  if (year.empty()) return Put(call, kErasedText);
  const bool iso = year.data() == text.data() && text.size() >= 10 && text[4] == '-' &&
                   IsDigit(text[5]) && IsDigit(text[6]) && text[7] == '-';
  Put(call, with_month && iso ? text.substr(0, 7) : year);
}

bool ReadNumber(std::string_view text, double& number) {
  text = Trim(text);
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  return failure == std::errc() && stop == end && std::isfinite(number) && std::abs(number) < 1e15;
}

// "37" becomes "30-39".
void Band(const Call& call) {
  double number = 0;
  if (!ReadNumber(call.value.text, number)) return Put(call, kErasedText);
  const std::int64_t width = call.plan.a;
  const auto floor = static_cast<std::int64_t>(std::floor(number / static_cast<double>(width)));
  char digits[48];
  char* at = std::to_chars(digits, digits + 22, floor * width).ptr;
  *at++ = '-';
  at = std::to_chars(at, at + 22, floor * width + width - 1).ptr;
  Put(call, std::string_view(digits, static_cast<std::size_t>(at - digits)));
}

void Prefix(const Call& call) {
  const std::string_view text = Trim(call.value.text);
  const std::size_t shown = std::min(static_cast<std::size_t>(call.plan.a), CountChars(text) / 2);
  if (shown == 0) return Put(call, kErasedText);
  AppendChars(text.substr(0, PrefixBytes(text, shown)), call.result.text);
  Fit(call);
}

// A coordinate or a pair, as "48.8584", "48.8584, 2.2945" or "(2.2945,48.8584)". Numbers that are
// no degrees could be a coordinate in disguise (488584), so then nothing is shown.
void Decimals(const Call& call) {
  const std::string_view text = call.value.text;
  std::string& out = call.result.text;
  int numbers = 0;
  bool has_point = false;
  for (std::size_t at = 0; at < text.size() && numbers <= 2;) {
    const char c = text[at];
    if (!IsDigit(c) && c != '-' && c != '.') {
      if (c != ',' && c != ';' && c != '(' && c != ')' && !IsBlank(c))
        return Put(call, kErasedText);
      out.push_back(c);
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (IsDigit(text[end]) || text[end] == '.' || text[end] == '-')) ++end;
    double number = 0;
    const std::string_view token = text.substr(at, end - at);
    if (!ReadNumber(token, number) || std::abs(number) > 180) return Put(call, kErasedText);
    has_point = has_point || token.find('.') != std::string_view::npos;
    char digits[32];
    const auto places = static_cast<int>(call.plan.a);
    if (std::abs(number) < 0.5 * std::pow(10, -places)) number = 0;  // no "-0.0"
    const auto put =
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, places);
    out.append(digits, put.ptr);
    ++numbers;
    at = end;
  }
  // Two whole numbers may be one with a decimal comma.
  if (numbers == 0 || numbers > 2 || (numbers == 2 && !has_point)) return Put(call, kErasedText);
  Fit(call);
}

void Network(const Call& call) {
  const std::string_view text = Trim(call.value.text);
  net::Address address;
  std::size_t end = net::ReadIpv4(text, 0, address);
  if (end == 0) end = net::ReadIpv6(text, 0, address);
  if (end == 0 || (end < text.size() && text[end] != '/' && text[end] != '%')) {
    return Put(call, kErasedText);
  }
  net::KeepBits(address, address.family == 4 ? 24 : 48);
  net::Append(address, call.result.text);
  call.result.text.append(address.family == 4 ? "/24" : "/48");
  // Half an address would be another one.
  if (call.result.text.size() > AsciiRoom(call)) Put(call, kErasedText);
}

void Leaves(const Call& call) {
  std::string& out = call.result.text;
  if (!leaves::ReplaceAny(call.value.text, out) || CountChars(out) > AsciiRoom(call)) {
    Put(call, kErasedText);
  }
}

}  // namespace

void FitBytes(const TypeFacts& type, std::string& text) {
  const auto bytes = static_cast<std::size_t>(type.text_bytes);
  if (bytes == 0 || text.size() <= bytes) return;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = at + DecodeAt(text, at).bytes;
    if (next > bytes) break;
    at = next;
  }
  text.resize(at);
}

void Text(const Call& call) {
  switch (call.plan.id) {
    case kSurrogate: {
      const std::size_t room = AsciiRoom(call);
      return surrogate::AppendText(static_cast<SurrogateForm>(call.plan.a),
                                   room == std::numeric_limits<std::size_t>::max() ? 0 : room,
                                   call.random, call.result.text);
    }
    case kEmpty:
      return;
    case kLeaves:
      return Leaves(call);
    case kRedact:
      return Put(call, Redact(call.value.text, {}));
    case kPartial:
      if (!call.value.text.empty()) Partial(call, call.plan.a, call.plan.b);
      return;
    case kEmail:
      if (!call.value.text.empty()) Email(call);
      return;
    case kStars:
      call.result.text.assign(std::min(kMostStars, AsciiRoom(call)), '*');
      return;
    case kYear:
      return Year(call, false);
    case kMonth:
      return Year(call, true);
    case kBand:
    case kBucket:
      return Band(call);
    case kPrefix:
      return Prefix(call);
    case kDecimals:
      return Decimals(call);
    case kNetwork:
      return Network(call);
    default:
      return Put(call, call.plan.a != 0 ? call.plan.text : kErasedText);
  }
}

}  // namespace gdpr::treat
