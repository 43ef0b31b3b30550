// SPDX-License-Identifier: PostgreSQL
// What a value of an opt-out list may be, and why it is none. Nothing here is about one country or
// one standard: what somebody was written to at is an address, and a wish that is not understood is
// a wish that is broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gdpr {

/// What a list is made of.
enum class ListKind : std::uint8_t { kAddress, kDomain, kMd5, kSha1, kSha256 };
constexpr std::size_t kListKinds = 5;

/// How addresses of a channel look: e-mail, phone numbers, or anything at all.
enum class AddressSort : std::uint8_t { kEmail, kPhone, kText };

/// Why a line is left out of an import. The words are in ReasonOf().
enum class Reject : std::uint8_t {
  kNone,
  kOpenQuote,
  kTooLong,
  kNoColumn,
  kEmpty,
  kNotUtf8,
  kControl,
  kBlankInside,
  kNoAt,
  kManyAt,
  kNothingBefore,
  kNothingBehind,
  kValueTooLong,
  kDomainInAddresses,
  kAddressInDomains,
  kNoDomain,
  kWholeTop,
  kNotHex,
  kNotPhone,
  kServer,  ///< the server can make nothing of it
};
constexpr std::size_t kRejects = 20;

/// "address", "md5", … as the server's functions take it.
std::string_view NameOf(ListKind kind);
std::optional<ListKind> HashOf(std::string_view name);  ///< md5, sha1, sha256

/// The reason in words: never anything of the line itself.
std::string_view ReasonOf(Reject reject);

/// The longest value: an e-mail address has 64 + 1 + 255 bytes at most (RFC 5321, 4.5.3.1).
constexpr std::size_t kMaxValue = 320;

/// Narrows a value (UTF-8, or whatever came) to what counts of it: without blanks, invisible marks
/// and quotes around it, without mailto: and tel:, the part in <> of "Name <address>". kEmpty if
/// nothing is left.
Reject CheckValue(ListKind kind, AddressSort sort, std::string_view& value);

/// Appends a value that was checked as it goes to the server: digests and domains in lower case
/// (ASCII), domains as "example.com" or, with everything below them, ".example.com".
void AppendChecked(ListKind kind, std::string_view value, std::string& out);

/// Whether a value looks so much like one of that kind that a column of such values is what is
/// looked for: stricter than CheckValue().
bool LooksLike(ListKind kind, AddressSort sort, std::string_view value);

}  // namespace gdpr
