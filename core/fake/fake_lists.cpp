// SPDX-License-Identifier: PostgreSQL
#include "fake_lists.hpp"

#include <algorithm>

namespace gdpr::fake {
namespace {

bool Fits(std::string_view entry, std::size_t room) {
  entry = entry.substr(0, entry.find('\t'));
  return entry.size() <= room || List::Chars(entry) <= room;
}

}  // namespace

std::size_t List::Chars(std::string_view entry) {
  return static_cast<std::size_t>(
      std::count_if(entry.begin(), entry.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::size_t List::Fitting(std::size_t room) const {
  if (room >= kLongestEntry) return size();
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (Fits((*this)[middle], room)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::string_view List::At(std::uint32_t bits, std::size_t room) const {
  const std::string_view entry = (*this)[IndexAt(bits)];
  if (room >= kLongestEntry || Fits(entry, room)) return entry;
  const std::size_t fitting = Fitting(room);
  if (fitting == 0) return entry;
  return (*this)[static_cast<std::size_t>(std::uint64_t{bits} * fitting >> 32U)];
}

const Lists& ListsOf(Locale locale) {
  switch (locale) {
    case Locale::kNone:
    case Locale::kEn:
      return kListsEn;
    case Locale::kDe:
      return kListsDe;
    case Locale::kFr:
      return kListsFr;
    case Locale::kEs:
      return kListsEs;
    case Locale::kIt:
      return kListsIt;
    case Locale::kNl:
      return kListsNl;
    case Locale::kPt:
      return kListsPt;
    case Locale::kPl:
      return kListsPl;
  }
  return kListsEn;
}

}  // namespace gdpr::fake
