// SPDX-License-Identifier: PostgreSQL
// Addresses as they are compared, and the digests under which the suppression list knows them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr {

/// What an entry of the suppression list is made of: the address itself, a digest of it that
/// somebody else made (of the plain address, in UTF-8), or its domain.
enum class EntryKind : std::uint8_t { kAddress, kMd5, kSha1, kSha256, kDomain };
constexpr int kEntryKinds = 5;

/// "address", "md5", "sha1", "sha256" or "domain". Throws Error 22023 with the allowed words.
EntryKind ParseEntryKind(std::string_view word);

/// An address as it is compared: e-mail in lower case, phones by their digits (00 is +), post by
/// letters and digits; no locale has a say in it. Empty if nothing is left.
std::string PlainAddress(std::string_view channel, std::string_view address);

/// Whether a plain address of the channel may be written to at all. An e-mail address has something
/// on both sides of its last @, no blank and no control character, and at most 320 bytes; a phone
/// number has 5 to 20 digits.
bool IsAddress(std::string_view channel, std::string_view plain);

/// A domain as the list keeps it: "@example.com" (also "example.com") is that domain alone,
/// ".example.fr" (also "*.example.fr") is it and every domain below. Empty if it is none: it has
/// two labels or more, and 255 bytes at most. Domains in letters other than ASCII are compared as
/// written.
std::string PlainDomain(std::string_view domain);

/// Whether somebody who names an address means a domain: "@…", ".…" or "*.…" without a local part.
bool IsDomainEntry(std::string_view channel, std::string_view address);

/// The digests of a channel: HMAC-SHA-256 under the sub-key, cut to 128 bits, another one for each
/// channel and kind. Cryptographic contexts are kept. Not for several threads at once.
class AddressDigests {
 public:
  using Digest = std::array<std::uint8_t, 16>;
  using Kinds = std::array<bool, kEntryKinds>;

  /// Throws Error XX000 where OpenSSL fails.
  AddressDigests(std::span<const std::uint8_t> subkey, std::string_view channel);
  ~AddressDigests();
  AddressDigests(const AddressDigests&) = delete;
  AddressDigests& operator=(const AddressDigests&) = delete;

  /// The digest of an entry as it stands in somebody's list. False: it is none of that kind.
  bool OfEntry(EntryKind kind, std::string_view entry, Digest& digest);

  /// Appends every digest under which a plain address may be suppressed, of the kinds asked for.
  void OfAddress(std::string_view plain, const Kinds& kinds, std::vector<Digest>& digests);

 private:
  struct Contexts;

  Digest Keyed(EntryKind kind, std::string_view value);
  std::string Hashed(EntryKind kind, std::string_view plain);
  void OfDomain(std::string_view plain, std::vector<Digest>& digests);

  std::string channel_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace gdpr
