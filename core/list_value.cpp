// SPDX-License-Identifier: PostgreSQL
#include "list_value.hpp"

#include <algorithm>
#include <array>

#include "list_encoding.hpp"

namespace gdpr {
namespace {

constexpr std::array<std::string_view, 5> kMarks = {
    "\xC2\xA0",      // no-break space
    "\xE2\x80\x8B",  // zero width space
    "\xE2\x80\x8E",  // left-to-right mark
    "\xE2\x80\xAF",  // narrow no-break space
    "\xEF\xBB\xBF",  // byte order mark
};

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
bool IsHex(char c) {
  return IsDigit(c) || (Lower(c) >= 'a' && Lower(c) <= 'f');
}
bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void Trim(std::string_view& value) {
  for (bool again = true; again && !value.empty();) {
    again = false;
    while (!value.empty() && IsBlank(value.front())) value.remove_prefix(1);
    while (!value.empty() && IsBlank(value.back())) value.remove_suffix(1);
    for (const std::string_view mark : kMarks) {
      if (value.starts_with(mark)) value.remove_prefix(mark.size()), again = true;
      if (value.ends_with(mark)) value.remove_suffix(mark.size()), again = true;
    }
  }
}

void TrimPrefix(std::string_view& value, std::string_view prefix) {
  if (value.size() < prefix.size()) return;
  if (std::ranges::equal(value.substr(0, prefix.size()), prefix, {}, Lower)) {
    value.remove_prefix(prefix.size());
  }
}

// What is meant: out of quotes, and out of "Name <address>".
void Unwrap(std::string_view& value) {
  Trim(value);
  if (value.ends_with('>')) {
    const std::size_t open = value.rfind('<');
    if (open != std::string_view::npos) value = value.substr(open + 1, value.size() - open - 2);
    Trim(value);
  }
  while (value.size() >= 2 && value.front() == value.back() &&
         (value.front() == '"' || value.front() == '\'')) {
    value = value.substr(1, value.size() - 2);
    Trim(value);
  }
}

Reject CheckText(std::string_view value) {
  if (value.size() > kMaxValue) return Reject::kValueTooLong;
  if (std::ranges::any_of(value, IsControl)) return Reject::kControl;
  // U+FFFD: what stood there was lost when the list was decoded, or before
  if (!IsUtf8(value) || value.find("\xEF\xBF\xBD") != std::string_view::npos) {
    return Reject::kNotUtf8;
  }
  return Reject::kNone;
}

Reject CheckEmail(std::string_view value) {
  const std::size_t at = value.find('@');
  if (at == std::string_view::npos) return Reject::kNoAt;
  if (value.find('@', at + 1) != std::string_view::npos) return Reject::kManyAt;
  if (std::ranges::any_of(value, IsBlank)) return Reject::kBlankInside;
  if (at + 1 == value.size()) return Reject::kNothingBehind;
  if (at == 0)
    return value.find('.') == std::string_view::npos ? Reject::kNothingBefore
                                                     : Reject::kDomainInAddresses;
  return Reject::kNone;
}

Reject CheckPhone(std::string_view value) {
  const auto digits = std::ranges::count_if(value, IsDigit);
  const bool known = std::ranges::all_of(value, [](char c) {
    return IsDigit(c) || std::string_view(" +-()./").find(c) != std::string_view::npos;
  });
  // source: ITU-T E.164 has 15 digits at most; 00 and a trunk 0 may stand before them
  return known && digits >= 5 && digits <= 20 ? Reject::kNone : Reject::kNotPhone;
}

// Without "@" and "*"; a dot that is left at the beginning means everything below as well.
void UnwrapDomain(std::string_view& value) {
  if (value.starts_with('@')) value.remove_prefix(1);
  if (value.starts_with("*.")) value.remove_prefix(1);
}

Reject CheckDomain(std::string_view value) {
  if (value.find('@') != std::string_view::npos) return Reject::kAddressInDomains;
  const bool below = value.starts_with('.');
  if (below) value.remove_prefix(1);
  if (value.find('.') == std::string_view::npos) {
    return below && !value.empty() ? Reject::kWholeTop : Reject::kNoDomain;
  }
  for (std::size_t start = 0, end = 0; end < value.size(); start = end + 1) {
    end = std::min(value.find('.', start), value.size());
    const std::string_view label = value.substr(start, end - start);
    const bool known = std::ranges::all_of(label, [](char c) {
      return IsDigit(c) || (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '-' || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    });
    if (label.empty() || label.size() > 63 || !known) return Reject::kNoDomain;
    // A number at the end is an IP address or a price
    if (end == value.size() && std::ranges::all_of(label, IsDigit)) return Reject::kNoDomain;
  }
  return value.ends_with('.') ? Reject::kNoDomain : Reject::kNone;
}

std::size_t HexDigits(ListKind kind) {
  return kind == ListKind::kMd5 ? 32 : kind == ListKind::kSha1 ? 40 : 64;
}

}  // namespace

std::string_view NameOf(ListKind kind) {
  constexpr std::array<std::string_view, kListKinds> kNames = {"address", "domain", "md5", "sha1",
                                                               "sha256"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<ListKind> HashOf(std::string_view name) {
  for (const ListKind kind : {ListKind::kMd5, ListKind::kSha1, ListKind::kSha256}) {
    if (name == NameOf(kind)) return kind;
  }
  return std::nullopt;
}

std::string_view ReasonOf(Reject reject) {
  constexpr std::array<std::string_view, kRejects> kReasons = {
      "",
      "a quote that is not closed, or something behind it",
      "longer than 262144 bytes",
      "fewer columns than the one that is read",
      "nothing in the column that is read",
      "not in the list's encoding",
      "a control character in it",
      "a blank in it",
      "no @ in it",
      "more than one @ in it",
      "nothing before the @",
      "nothing behind the @",
      "longer than 320 bytes",
      "a whole domain in a list of addresses",
      "an address in a list of domains",
      "not a domain",
      "a whole top-level domain",
      "not a digest of this kind",
      "not a phone number",
      "not an address of this channel",
  };
  return kReasons[static_cast<std::size_t>(reject)];
}

Reject CheckValue(ListKind kind, AddressSort sort, std::string_view& value) {
  Unwrap(value);
  const bool email = kind == ListKind::kAddress && sort == AddressSort::kEmail;
  const bool phone = kind == ListKind::kAddress && sort == AddressSort::kPhone;
  if (email) TrimPrefix(value, "mailto:");
  if (phone) TrimPrefix(value, "tel:");
  if (kind == ListKind::kDomain) UnwrapDomain(value);
  Trim(value);
  if (value.empty()) return Reject::kEmpty;
  if (const Reject flaw = CheckText(value); flaw != Reject::kNone) return flaw;
  if (email) return CheckEmail(value);
  if (phone) return CheckPhone(value);
  if (kind == ListKind::kAddress) return Reject::kNone;
  if (kind == ListKind::kDomain) return CheckDomain(value);
  return value.size() == HexDigits(kind) && std::ranges::all_of(value, IsHex) ? Reject::kNone
                                                                              : Reject::kNotHex;
}

void AppendChecked(ListKind kind, std::string_view value, std::string& out) {
  if (kind == ListKind::kAddress) {
    out.append(value);
    return;
  }
  for (const char c : value) out.push_back(Lower(c));
}

bool LooksLike(ListKind kind, AddressSort sort, std::string_view value) {
  if (CheckValue(kind, sort, value) != Reject::kNone) return false;
  if (kind != ListKind::kAddress || sort != AddressSort::kEmail) return true;
  // Whole lines of other columns have commas and such, and domains have a dot
  const std::string_view domain = value.substr(value.find('@') + 1);
  return CheckDomain(domain) == Reject::kNone &&
         value.find_first_of(",;|\"()<>") == std::string_view::npos;
}

}  // namespace gdpr
