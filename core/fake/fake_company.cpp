// SPDX-License-Identifier: PostgreSQL
// Companies and professions. None of the companies is meant to exist.
#include <string_view>

#include "fake_makers.hpp"
#include "fake_text.hpp"

namespace gdpr::fake {
namespace {

void EmitCompany(const Call& call) {
  Draw draw = call.Person("company");
  const Lists& lists = ListsOf(call.LocaleOr(Locale::kNone));
  const std::uint32_t how = draw.Bits32() >> 30U;
  const std::uint32_t word_bits = draw.Bits32();
  const List& names = lists.last_names_male;
  const std::string_view form = lists.company_forms.At(draw.Bits32(), kLongestEntry);
  const std::string_view word = lists.company_words.At(word_bits, kLongestEntry);
  const std::string_view first = names.At(draw.Bits32(), kLongestEntry);
  const std::string_view second = names.At(draw.Bits32(), kLongestEntry);
  bool done = false;
  if (how == 0) done = Emit(call, {first, " ", form}, Letters::kCommon);
  if (how == 1) done = Emit(call, {first, " & ", second, " ", form}, Letters::kCommon);
  if (how == 2) done = Emit(call, {word, " ", first, " ", form}, Letters::kCommon);
  if (done || Emit(call, {word, " ", form}, Letters::kCommon) ||
      Emit(call, {word}, Letters::kCommon))
    return;
  const std::string_view shorter = lists.company_words.At(word_bits, call.room);
  if (!Emit(call, {shorter}, Letters::kCommon)) EmitCut(call, shorter, Letters::kCommon);
}

}  // namespace

void Company(const Call& call) {
  Unique(call, EmitCompany);
}

void JobTitle(const Call& call) {
  EmitEntry(call, ListsOf(call.LocaleOr(Locale::kNone)).jobs, Letters::kCommon);
}

}  // namespace gdpr::fake
