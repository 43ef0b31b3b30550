// SPDX-License-Identifier: PostgreSQL
// Texts with nothing of the text they stand for, files, search copies, special categories.
#include <algorithm>
#include <array>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_text.hpp"

namespace gdpr::fake {
namespace {

// Many numbers from one draw (splitmix64): a long text would cost a digest every few words, and
// who knows the sentences knows no more of the key than one digest tells.
class Numbers {
 public:
  explicit Numbers(std::uint64_t start) : state_(start) {}
  std::uint32_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
  }

 private:
  std::uint64_t state_;
};

// Sentences up to the length of the input; where not even one fits, a word.
void EmitText(const Call& call) {
  Numbers numbers(call.Person("text").Bits());
  const Lists& lists = ListsOf(call.LocaleOr(Locale::kNone));
  Call own = call;
  // Types with a limit in bytes (name): the lists have letters of two bytes.
  const auto bytes = static_cast<std::size_t>(call.type.text_bytes);
  if (bytes != 0) own.room = std::min(call.room, bytes / 2);
  constexpr std::size_t kWord = 12;  // what a short text becomes may be a bit longer
  std::size_t left = std::min(own.room, std::max(kWord, List::Chars(call.text)));
  const bool lines = call.text.find('\n') != std::string_view::npos;
  const std::size_t shortest = List::Chars(lists.sentences[0]);
  std::size_t last = lists.sentences.size();
  for (std::size_t count = 0;; ++count) {
    const std::size_t gap = count == 0 ? 0 : 1;
    if (left < gap + shortest) break;
    const std::size_t fitting = lists.sentences.Fitting(left - gap);
    auto index = static_cast<std::size_t>(std::uint64_t{numbers.Next()} * fitting >> 32U);
    if (index == last) index = (index + 1) % fitting;
    last = index;
    const std::string_view between = gap == 0 ? "" : lines && count % 3 == 0 ? "\n" : " ";
    Emit(own, {between, lists.sentences[index]});
    left -= gap + List::Chars(lists.sentences[index]);
  }
  if (!call.out.empty()) return;
  const std::string_view word = lists.nouns.At(numbers.Next(), left);
  own.room = left;
  if (!Emit(own, {word}, Letters::kCommon)) EmitCut(own, word, Letters::kCommon);
}

// Endings that say what a file is and nothing of whose it is.
constexpr auto kEndings = std::to_array<std::string_view>(
    {".pdf", ".jpg", ".jpeg", ".png", ".gif",  ".tif", ".doc", ".docx", ".xls", ".xlsx",
     ".csv", ".txt", ".odt",  ".ods", ".html", ".xml", ".eml", ".msg",  ".zip", ".mp4"});

std::string_view EndingOf(std::string_view text) {
  for (const std::string_view ending : kEndings) {
    if (text.size() > ending.size() && Holds(text.substr(text.size() - ending.size()), ending)) {
      return ending;
    }
  }
  return {};
}

std::size_t CountBlanks(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
}

}  // namespace

void FreeText(const Call& call) {
  Unique(call, EmitText);
}

void FileName(const Call& call) {
  Draw draw = call.Person("file");
  const std::uint32_t bits = draw.Bits32();
  if (call.unique && call.room < kUniqueChars) FailRoom(call, kUniqueChars);
  std::string_view ending = EndingOf(call.text);
  constexpr std::size_t kFewChars = 4;
  const std::size_t chars = call.unique ? kUniqueChars : std::min(kFewChars, call.room);
  std::size_t left = call.room - chars;
  if (ending.size() > left) ending = {};
  left -= ending.size();
  AppendAscii(ListsOf(call.LocaleOr(Locale::kNone)).nouns.At(bits, kLongestEntry), call.out);
  if (call.out.size() + 1 > left) {
    call.out.clear();
  } else {
    call.out.push_back('-');
  }
  (call.unique ? call.Value("file") : draw).Base32(chars, call.out);
  call.out.append(ending);
}

void SearchCopy(const Call& call) {
  if (CountBlanks(call.text) > 0) return FullName(call);
  // An address, if there is one and room for one.
  if (call.text.find('@') != std::string_view::npos) return Username(call);
  LastName(call);
}

void Health(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).health, Letters::kCommon);
}

void Religion(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).religions, Letters::kCommon);
}

void Ethnicity(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).ethnicities, Letters::kCommon);
}

void Politics(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).politics, Letters::kCommon);
}

void Union(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).unions, Letters::kCommon);
}

void Sexuality(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).sexualities, Letters::kCommon);
}

void Criminal(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).offences, Letters::kCommon);
}

}  // namespace gdpr::fake
