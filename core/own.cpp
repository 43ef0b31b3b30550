// SPDX-License-Identifier: PostgreSQL
#include "own.hpp"

#include <algorithm>

#include "detect_number.hpp"
#include "fold.hpp"
#include "utf8.hpp"

namespace gdpr::own {
namespace {

constexpr std::size_t kMostWords = 32;       // of one path; longer values become several
constexpr std::size_t kMostSeparators = 4;   // characters between two words of one value
constexpr std::size_t kLeastPhone = 7;       // digits that make a telephone number
constexpr std::size_t kMostCountryCode = 4;  // digits one spelling may have more than another
constexpr std::size_t kMostCompact = 64;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
auto CountDigits(std::string_view text) {
  return std::count_if(text.begin(), text.end(), IsDigit);
}

std::string_view WithoutZeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// One number with and without country code.
bool SamePhone(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  return b.size() >= kLeastPhone && a.size() - b.size() <= kMostCountryCode && a.ends_with(b);
}

int ToNumber(std::string_view digits) {
  int number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

}  // namespace

OwnValues::OwnValues(std::span<const std::string_view> values) : ends_(1, false) {
  for (const std::string_view value : values) {
    AddWords(value);
    AddCompact(value);
    AddPhone(value);
    calendar::Date date{};
    const bool whole = value.size() == 10 || (value.size() > 10 && !IsDigit(value[10]));
    if (whole && calendar::ReadIso(value, date)) dates_.push_back(date);
  }
  std::sort(compacts_.begin(), compacts_.end());
}

void OwnValues::AddWords(std::string_view value) {
  std::vector<std::string> words;
  std::size_t separators = 0;
  std::size_t letters = 0;
  bool digits_only = true;
  bool alone = false;
  for (fold::Word word = fold::NextWord(value, 0, separators); word.start != word.end;
       word = fold::NextWord(value, word.end, separators)) {
    std::string folded;
    fold::Append(value.substr(word.start, word.end - word.start), folded);
    if (folded.empty()) continue;
    letters += CountChars(folded);
    digits_only = digits_only && CountDigits(folded) == static_cast<std::ptrdiff_t>(folded.size());
    alone = alone || fold::ClassOf(DecodeAt(value, word.start).value) == fold::CharClass::kAlone;
    words.push_back(std::move(folded));
  }
  if (letters < (digits_only ? 3U : 2U) && !alone) return;
  for (std::size_t i = 0; i < words.size(); i += kMostWords) {
    const std::span<const std::string> path(words);
    // The rest of a long value can be a single letter.
    const auto part = path.subspan(i, std::min(kMostWords, words.size() - i));
    if (i == 0 || part.size() > 1) AddPath(part);
  }
}

void OwnValues::AddPath(std::span<const std::string> words) {
  std::uint32_t node = 0;
  starts_.set(static_cast<unsigned char>(words.front().front()));
  for (const std::string& word : words) {
    longest_word_ = std::max(longest_word_, word.size());
    const auto id =
        words_.try_emplace(word, static_cast<std::uint32_t>(words_.size())).first->second;
    const auto next = static_cast<std::uint32_t>(ends_.size());
    const auto [edge, added] = edges_.try_emplace(Edge{node, id}, next);
    if (added) ends_.push_back(false);
    node = edge->second;
  }
  ends_[node] = true;
}

// Numbers and plates, which people write with and without separators.
void OwnValues::AddCompact(std::string_view value) {
  if (value.size() > 2 * kMostCompact) return;
  std::string compact;
  std::size_t separators = 0;
  for (fold::Word word = fold::NextWord(value, 0, separators); word.start != word.end;
       word = fold::NextWord(value, word.end, separators)) {
    if (separators > 2 && !compact.empty()) return;
    fold::Append(value.substr(word.start, word.end - word.start), compact);
  }
  if (compact.size() < 4 || compact.size() > kMostCompact || CountDigits(compact) < 3) return;
  starts_.set(static_cast<unsigned char>(compact.front()));
  longest_compact_ = std::max(longest_compact_, compact.size());
  compacts_.push_back(std::move(compact));
}

void OwnValues::AddPhone(std::string_view value) {
  const std::size_t start = value.find_first_not_of(' ');
  detect::DigitRun run;
  if (start == std::string_view::npos || !detect::ReadDigits(value, start, run)) return;
  const auto& last = run.groups[run.count - 1];
  if (value.find_first_not_of(" )", last.end) != std::string_view::npos) return;
  const std::string_view digits = WithoutZeros(run.Digits(run.count - 1));
  if (digits.size() >= kLeastPhone) phones_.emplace_back(digits);
}

std::size_t OwnValues::MatchWords(std::string_view text, std::size_t at) {
  std::size_t longest = 0;
  std::uint32_t node = 0;
  fold::Word word = fold::WordAt(text, at);
  for (std::size_t depth = 0; depth < kMostWords && word.start != word.end; ++depth) {
    // Folding shortens at most by marks; what is much longer cannot become an own word.
    if (word.end - word.start > 8 * longest_word_) break;
    buffer_.clear();
    fold::Append(text.substr(word.start, word.end - word.start), buffer_);
    const auto id = words_.find(buffer_);
    if (id == words_.end()) break;
    const auto edge = edges_.find(Edge{node, id->second});
    if (edge == edges_.end()) break;
    node = edge->second;
    if (ends_[node]) longest = word.end;
    std::size_t separators = 0;
    // Not past what can stand between two words: a long gap would be read again and again.
    word = fold::NextWord(text.substr(0, word.end + 4 * kMostSeparators + 4), word.end, separators);
    if (separators > kMostSeparators || word.start == word.end) break;
    word = fold::WordAt(text, word.start);
  }
  return longest;
}

std::size_t OwnValues::MatchCompact(std::string_view text, std::size_t at) {
  std::size_t longest = 0;
  buffer_.clear();
  while (at < text.size() && buffer_.size() <= longest_compact_) {
    if (fold::ClassOf(DecodeAt(text, at).value) == fold::CharClass::kSeparator) break;
    const std::string_view rest = text.substr(0, at + 4 * kMostCompact);
    const fold::Word word = fold::WordAt(rest, at);
    if (fold::IsInsideWord(text, word.end) &&
        fold::ClassOf(DecodeAt(text, at).value) == fold::CharClass::kWord) {
      break;  // longer than any own value
    }
    fold::Append(text.substr(at, word.end - at), buffer_);
    if (std::binary_search(compacts_.begin(), compacts_.end(), buffer_)) longest = word.end;
    at = word.end;
    for (int count = 0; count < 2; ++count) at += detect::SeparatorAt(text, at);
  }
  return longest;
}

std::size_t OwnValues::MatchPhone(std::string_view text, const detect::DigitRun& run) const {
  for (std::size_t group = run.count; group-- > 0;) {
    const std::string_view digits = WithoutZeros(run.Digits(group));
    if (digits.size() < kLeastPhone) break;
    if (fold::IsInsideWord(text, run.groups[group].end)) continue;
    for (const std::string& phone : phones_) {
      if (SamePhone(digits, phone)) return run.groups[group].end;
    }
  }
  return 0;
}

bool OwnValues::IsOwnDate(std::array<int, 3> numbers, std::size_t year_digits_first,
                          std::size_t year_digits_last) const {
  for (const calendar::Date& date : dates_) {
    const auto year = static_cast<int>(date.year);
    const auto is_year = [&](int number, std::size_t digits) {
      return (digits == 4 && number == year) || (digits == 2 && number == year % 100);
    };
    const auto is_day = [&](int a, int b) {
      return (a == date.day && b == date.month) || (a == date.month && b == date.day);
    };
    if (is_year(numbers[0], year_digits_first) && is_day(numbers[1], numbers[2])) return true;
    if (is_year(numbers[2], year_digits_last) && is_day(numbers[0], numbers[1])) return true;
  }
  return false;
}

// 1980-05-17, 17/05/1980, 5/17/80, 17. 5. 1980, 19800517, 17051980.
std::size_t OwnValues::MatchDate(std::string_view text, const detect::DigitRun& run) const {
  const auto& groups = run.groups;
  const std::string_view all(run.digits.data(), run.groups[run.count - 1].digits);
  if (groups[0].length == 8 && !fold::IsInsideWord(text, groups[0].end)) {
    const auto part = [&](std::size_t at, std::size_t n) { return ToNumber(all.substr(at, n)); };
    const bool own = IsOwnDate({part(0, 4), part(4, 2), part(6, 2)}, 4, 0) ||
                     IsOwnDate({part(0, 2), part(2, 2), part(4, 4)}, 0, 4);
    if (own) return groups[0].end;
  }
  if (run.count < 3 || groups[2].digits > 8 || fold::IsInsideWord(text, groups[2].end)) return 0;
  std::array<int, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    numbers[i] = ToNumber(all.substr(groups[i].digits - groups[i].length, groups[i].length));
  }
  return IsOwnDate(numbers, groups[0].length, groups[2].length) ? groups[2].end : 0;
}

std::size_t OwnValues::Match(std::string_view text, std::size_t at, bool in_word,
                             const detect::DigitRun* run) {
  std::size_t end = 0;
  if (run != nullptr) {
    if (!phones_.empty()) end = MatchPhone(text, *run);
    if (!dates_.empty()) end = std::max(end, MatchDate(text, *run));
  }
  if (in_word || starts_.none()) return end;
  const CodePoint point = DecodeAt(text, at);
  if (!point.valid || fold::ClassOf(point.value) == fold::CharClass::kSeparator) return end;
  buffer_.clear();
  fold::Append(text.substr(at, point.bytes), buffer_);
  const bool may_start = buffer_.empty() || starts_.test(static_cast<unsigned char>(buffer_[0]));
  if (!may_start) return end;
  end = std::max(end, MatchWords(text, at));
  if (!compacts_.empty()) end = std::max(end, MatchCompact(text, at));
  return end;
}

}  // namespace gdpr::own
