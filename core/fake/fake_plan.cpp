// SPDX-License-Identifier: PostgreSQL
#include "fake_plan.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "fake_shape.hpp"

namespace gdpr::fake {
namespace {

using Form = Plan::Form;

// Nearly all plans are within 64 bits, where a division is a few nanoseconds.
std::uint32_t Take(U128& index, std::uint32_t count) {
  if (index >> 64U == 0) {
    const auto low = static_cast<std::uint64_t>(index);
    index = low / count;
    return static_cast<std::uint32_t>(low % count);
  }
  const auto digit = static_cast<std::uint32_t>(index % count);
  index /= count;
  return digit;
}

bool RankWord(const Part& part, const char* text, std::uint32_t& index) {
  std::uint32_t first = 0;
  std::uint32_t end = part.size;
  while (first < end) {
    index = (first + end) / 2;
    const char* const word = part.words.data() + index * part.length;
    std::size_t same = 0;
    while (same < part.length && word[same] == text[same]) ++same;
    if (same == part.length) return true;
    if (word[same] < text[same]) {
      first = index + 1;
    } else {
      end = index;
    }
  }
  return false;
}

bool RankCell(const Plan::Cell& cell, const char* text, std::uint32_t& index) {
  index = 0;
  switch (cell.form) {
    case Form::kDigits:
      for (std::size_t i = 0; i < cell.length; ++i) {
        if (!IsDigit(text[i])) return false;
        index = index * 10 + static_cast<std::uint32_t>(text[i] - '0');
      }
      return true;
    case Form::kSet: {
      const void* found = std::memchr(cell.set, *text, cell.count);
      if (found == nullptr) return false;
      index = static_cast<std::uint32_t>(static_cast<const char*>(found) - cell.set);
      return true;
    }
    case Form::kPart:
      if (!cell.part->words.empty()) return RankWord(*cell.part, text, index);
      return cell.part->rank(text, index);
    case Form::kCheck:
      return true;
  }
  return false;
}

bool UnrankCell(const Plan::Cell& cell, std::uint32_t index, char* text) {
  switch (cell.form) {
    case Form::kDigits:
      for (std::size_t i = cell.length; i-- > 0; index /= 10) {
        text[i] = static_cast<char>('0' + index % 10);
      }
      return true;
    case Form::kSet:
      *text = cell.set[index];
      return true;
    case Form::kPart:
      if (cell.part->words.empty()) return cell.part->unrank(index, text);
      std::memcpy(text, cell.part->words.data() + index * cell.part->length, cell.part->length);
      return true;
    case Form::kCheck:
      return true;
  }
  return false;
}

// Whether ids of that length may be the plan's.
bool TakesLength(const Plan& plan, std::size_t length) {
  return length == plan.length ||
         (!plan.prefix.empty() && length == plan.prefix.size() + plan.length);
}

// Where the plan's characters begin in an id of that length; npos: it is none of the plan's.
std::size_t StartOf(const Plan& plan, std::string_view id) {
  const bool named = plan.locales == kAnywhere && !plan.prefix.empty();
  if (id.size() == plan.length && !named) return 0;
  if (!plan.prefix.empty() && id.size() == plan.prefix.size() + plan.length &&
      id.starts_with(plan.prefix)) {
    return plan.prefix.size();
  }
  return std::string_view::npos;
}

// Which plans an id follows, as bits, and the smallest of them.
struct Claims {
  std::uint64_t asked = 0;  // the plans that an id of that length may follow
  std::uint64_t plans = 0;
  const Plan* first = nullptr;
  const Plan* smallest = nullptr;
  std::size_t start = 0;
  U128 index = 0;
};

Claims ClaimsOf(Plans plans, unsigned locales, const Written& written) {
  Claims claims;
  if (written.foreign || written.longer) return claims;
  const std::string_view id = written.Id();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = *plans[i];
    if (locales != 0 && (plan.locales & locales) == 0) continue;
    if (!TakesLength(plan, id.size())) continue;
    claims.asked |= std::uint64_t{1} << i;
    U128 index = 0;
    const std::size_t start = StartOf(plan, id);
    if (start == std::string_view::npos || !Rank(plan, id.data() + start, index)) continue;
    claims.plans |= std::uint64_t{1} << i;
    if (claims.first == nullptr) claims.first = &plan;
    if (claims.smallest != nullptr && claims.smallest->size <= plan.size) continue;
    claims.smallest = &plan;
    claims.start = start;
    claims.index = index;
  }
  return claims;
}

// Whether another id of that length follows exactly the same plans.
bool FollowsSame(Plans plans, const Written& written, const Claims& claims) {
  const std::string_view id = written.Id();
  for (std::uint64_t left = claims.asked; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    const Plan& plan = *plans[static_cast<std::size_t>(i)];
    const std::size_t start = StartOf(plan, id);
    U128 index = 0;
    const bool follows = start != std::string_view::npos && Rank(plan, id.data() + start, index);
    if (follows != ((claims.plans >> i & 1U) != 0)) return false;
  }
  return true;
}

// The plans that the rule's locale leaves. A row's country does not count: where ids must be
// unique, rows of different countries share one set of them.
unsigned LocalesOf(const Call& call) {
  return call.locale == Locale::kNone ? 0 : BitOf(call.locale);
}

std::string_view Spelled(const Call& call, const Written& written) {
  call.out.clear();
  Spell(call.text, written, call.out);
  return call.out;
}

// All ids that follow exactly these plans are permuted among themselves: the cycle of the smallest
// plan's permutation is walked until it meets one of them, at the latest the id itself. So
// different ids stay different whatever they follow, and what is valid in two countries stays so.
void Permuted(const Call& call, Plans plans, Taken taken, const Claims& claims, Written& written) {
  const Plan& plan = *claims.smallest;
  char* const id = written.id.data() + claims.start;
  Walk walk(call, plan.name, plan.size, claims.index);
  do {
    while (!Unrank(plan, walk.Next(), id)) {
    }
  } while (!FollowsSame(plans, written, claims) ||
           (taken != nullptr && taken(Spelled(call, written))));
  Spelled(call, written);
}

void Drawn(const Call& call, const Plan& plan, char* id) {
  Draw draw = call.Value(plan.name);
  U128 index = 0;
  do {
    index = plan.size >> 64U == 0
                ? draw.Below(static_cast<std::uint64_t>(plan.size))
                : (static_cast<U128>(draw.Bits()) << 64U | draw.Bits()) % plan.size;
  } while (!Unrank(plan, index, id));
}

void AppendNew(const Call& call, const Plan& plan, bool spelled) {
  std::array<char, Plan::kMostLength> id;
  Drawn(call, plan, id.data());
  if (!spelled) {
    call.out.append(id.data(), plan.length);
    return;
  }
  std::size_t at = 0;
  for (const char c : plan.spelling) call.out += c == '_' ? id[at++] : c;
}

// Whether an id of that text's length could be mistaken for one of the plan: digits where it has
// digits, letters where it has letters.
bool Resembles(const Plan& plan, std::string_view id) {
  const std::size_t start = StartOf(plan, id);
  if (start == std::string_view::npos) return false;
  const char* at = id.data() + start;
  for (std::size_t i = 0; i < plan.cell_count; at += plan.cells[i++].length) {
    const Plan::Cell& cell = plan.cells[i];
    if (cell.form == Form::kDigits && !std::all_of(at, at + cell.length, IsDigit)) return false;
    if (cell.form == Form::kSet && IsDigit(*at) != IsDigit(cell.set[0]) && cell.count != 36) {
      return false;
    }
  }
  return true;
}

// A text that follows no plan and need not be unique: a valid id, spelled as the text if it looks
// like one, else as the locale does.
void Fresh(const Call& call, Plans plans, Written& written) {
  const unsigned locales = LocalesOf(call);
  if (!written.foreign && !written.longer) {
    for (const Plan* plan : plans) {
      if (locales != 0 && (plan->locales & locales) == 0) continue;
      if (!Resembles(*plan, written.Id())) continue;
      Drawn(call, *plan, written.id.data() + StartOf(*plan, written.Id()));
      return Spell(call.text, written, call.out);
    }
  }
  const unsigned home = BitOf(call.LocaleOr(Locale::kNone));
  for (const bool spelled : {true, false}) {
    for (const Plan* plan : plans) {
      if ((plan->locales & home) == 0 || (spelled && plan->spelling.empty())) continue;
      if ((spelled ? plan->spelling.size() : plan->length) > call.room) continue;
      return AppendNew(call, *plan, spelled);
    }
  }
  MakeShape(call, {});
}

}  // namespace

bool Rank(const Plan& plan, const char* id, U128& index) {
  index = 0;
  const char* at = id;
  for (std::size_t i = 0; i < plan.cell_count; ++i) {
    const Plan::Cell& cell = plan.cells[i];
    std::uint32_t place = 0;
    if (!RankCell(cell, at, place)) return false;
    if (cell.form != Form::kCheck) index = index * cell.count + place;
    at += cell.length;
  }
  if (plan.check == nullptr) return true;
  std::array<char, Plan::kMostLength> copy;
  std::memcpy(copy.data(), id, plan.length);
  return plan.check(copy.data()) && std::memcmp(copy.data(), id, plan.length) == 0;
}

bool Unrank(const Plan& plan, U128 index, char* id) {
  char* at = id + plan.length;
  for (std::size_t i = plan.cell_count; i-- > 0;) {
    const Plan::Cell& cell = plan.cells[i];
    at -= cell.length;
    if (!UnrankCell(cell, cell.count == 1 ? 0 : Take(index, cell.count), at)) return false;
  }
  return plan.check == nullptr || plan.check(id);
}

Written::Written(std::string_view text) {
  bool upper = false;
  for (const char c : text) {
    foreign = foreign || static_cast<unsigned char>(c) >= 0x80;
    const bool small = IsLetter(c) && !IsUpper(c);
    if (!IsLetter(c) && !IsDigit(c)) continue;
    if (size == kMost) {
      longer = true;
      continue;
    }
    lower = lower || small;
    upper = upper || IsUpper(c);
    id[size++] = Upper(c);
  }
  lower = lower && !upper;
}

void Spell(std::string_view text, const Written& written, std::string& out) {
  std::size_t at = 0;
  for (const char c : text) {
    if (IsDigit(c) || IsLetter(c)) {
      out += CaseOf(written.id[at++], written.lower ? 'a' : c);
    } else {
      out += c;
    }
  }
}

void MakeId(const Call& call, Plans plans, Taken taken) {
  Written written(call.text);
  const Claims claims = ClaimsOf(plans, LocalesOf(call), written);
  if (claims.first != nullptr && call.Permutes()) {
    Permuted(call, plans, taken, claims, written);
  } else if (claims.first != nullptr) {
    Drawn(call, *claims.first, written.id.data() + StartOf(*claims.first, written.Id()));
    Spell(call.text, written, call.out);
  } else if (written.size == 0 && !written.foreign) {
    call.out.append(call.text);  // punctuation: no id of anybody
  } else if (call.unique) {
    MakeShape(call, plans, taken);
  } else {
    Fresh(call, plans, written);
  }
}

void MakeShape(const Call& call, Plans plans, Taken taken) {
  const std::size_t size = std::min(call.text.size(), call.room);
  if (!HasShape(call.text.substr(0, size))) return Words(call);
  call.out.append(call.text.substr(0, size));
  if (!call.Permutes()) {
    Draw draw = call.Value("shape");
    return DrawShape(draw, call.out);
  }
  const unsigned locales = LocalesOf(call);
  do {
    PermuteShape(call, "shape", call.out);
  } while ((taken != nullptr && taken(call.out)) ||
           (!plans.empty() && ClaimsOf(plans, locales, Written(call.out)).plans != 0));
}

}  // namespace gdpr::fake
