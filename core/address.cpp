// SPDX-License-Identifier: PostgreSQL
#include "address.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>

#include "error.hpp"
#include "sha256.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kMostEmailBytes = 320;  // RFC 3696, erratum 1690: 64 + 1 + 255
constexpr std::size_t kMostDomainBytes = 255;
constexpr std::size_t kLeastDigits = 5;
constexpr std::size_t kMostDigits = 20;
constexpr std::array<std::string_view, kEntryKinds> kKinds = {"address", "md5", "sha1", "sha256",
                                                              "domain"};
constexpr std::array<std::size_t, kEntryKinds> kHexDigits = {0, 32, 40, 64, 0};
constexpr std::array<const char*, kEntryKinds> kAlgorithms = {nullptr, "MD5", "SHA1", "SHA256",
                                                              nullptr};
constexpr std::string_view kPunctuation = " \t\r\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

std::size_t At(EntryKind kind) {
  return static_cast<std::size_t>(kind);
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view Trim(std::string_view text, std::string_view what) {
  const std::size_t first = text.find_first_not_of(what);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(what) - first + 1);
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), Lower);
  return lowered;
}

// The digits of a number; 00 at its start is +, which is left out.
std::string Digits(std::string_view number) {
  std::string digits;
  for (const char c : number) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  if (digits.starts_with("00")) digits.erase(0, 2);
  return digits;
}

bool IsBlank(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

// What stands behind the last @; empty where there is none.
std::string_view DomainOf(std::string_view plain) {
  const std::size_t at = plain.rfind('@');
  if (at == std::string_view::npos) return {};
  std::string_view domain = plain.substr(at + 1);
  while (domain.ends_with('.')) domain.remove_suffix(1);
  return domain;
}

// Two labels or more, none of them empty.
bool IsDomain(std::string_view domain) {
  if (domain.size() > kMostDomainBytes || domain.find('.') == std::string_view::npos ||
      domain.starts_with('.') || domain.ends_with('.') ||
      domain.find("..") != std::string_view::npos) {
    return false;
  }
  return std::none_of(domain.begin(), domain.end(),
                      [](char c) { return IsBlank(c) || c == '@' || c == '*' || c == '/'; });
}

[[noreturn]] void Fail(const char* what) {
  throw Error{"XX000", std::string("cryptographic library failed: ") + what, "", ""};
}

}  // namespace

EntryKind ParseEntryKind(std::string_view word) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), word);
  if (found == kKinds.end()) {
    throw Error{"22023", "unknown kind of opt-out list", "",
                "Use one of: address, md5, sha1, sha256, domain."};
  }
  return static_cast<EntryKind>(found - kKinds.begin());
}

std::string PlainAddress(std::string_view channel, std::string_view address) {
  if (channel == "email") return Lowered(Trim(address, " \t\r\n<>"));
  if (channel == "telephone" || channel == "sms") return Digits(address);
  if (channel != "post") return std::string(Trim(address, " "));
  std::string plain;
  for (const char c : address) {
    if (kPunctuation.find(c) == std::string_view::npos) plain.push_back(Lower(c));
  }
  return plain;
}

bool IsAddress(std::string_view channel, std::string_view plain) {
  if (channel == "email") {
    const std::size_t at = plain.rfind('@');
    return plain.size() <= kMostEmailBytes && at != std::string_view::npos && at > 0 &&
           at + 1 < plain.size() && std::none_of(plain.begin(), plain.end(), IsBlank);
  }
  if (channel == "telephone" || channel == "sms") {
    return plain.size() >= kLeastDigits && plain.size() <= kMostDigits;
  }
  return !plain.empty();
}

std::string PlainDomain(std::string_view domain) {
  domain = Trim(domain, " \t\r\n<>");
  const bool below = domain.starts_with('.') || domain.starts_with("*.");
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.') || domain.starts_with('@')) domain.remove_prefix(1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (!IsDomain(domain)) return {};
  return (below ? '.' : '@') + Lowered(domain);
}

bool IsDomainEntry(std::string_view channel, std::string_view address) {
  if (channel != "email") return false;
  const std::string_view trimmed = Trim(address, " \t\r\n<>");
  return (trimmed.starts_with('@') || trimmed.starts_with('.') || trimmed.starts_with("*.")) &&
         trimmed.find('@', 1) == std::string_view::npos;
}

struct AddressDigests::Contexts {
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                        &EVP_MAC_free};
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> keyed{nullptr, &EVP_MAC_CTX_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  std::array<EVP_MD*, kEntryKinds> algorithms{};
  std::array<std::string, kEntryKinds> prefixes;  // length and name of the domain of digests

  Contexts() = default;
  ~Contexts() {
    for (EVP_MD* algorithm : algorithms) EVP_MD_free(algorithm);
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
};

// The domains are those of KeyedDigest: "suppression email" for addresses, "suppression email md5"
// and so on for the others, their length before them.
AddressDigests::AddressDigests(std::span<const std::uint8_t> subkey, std::string_view channel)
    : channel_(channel), contexts_(std::make_unique<Contexts>()) {
  for (std::size_t kind = 0; kind < kEntryKinds; kind++) {
    std::string name = "suppression " + channel_;
    if (kind > 0) name.append(" ").append(kKinds[kind]);
    Fields(contexts_->prefixes[kind]).Number(name.size(), 8);
    contexts_->prefixes[kind] += name;
  }
  contexts_->keyed.reset(EVP_MAC_CTX_new(contexts_->mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (contexts_->keyed == nullptr || contexts_->hash == nullptr ||
      EVP_MAC_init(contexts_->keyed.get(), subkey.data(), subkey.size(), parameters) != 1) {
    Fail("HMAC");
  }
}

AddressDigests::~AddressDigests() = default;

AddressDigests::Digest AddressDigests::Keyed(EntryKind kind, std::string_view value) {
  EVP_MAC_CTX* context = contexts_->keyed.get();
  const std::string& prefix = contexts_->prefixes[At(kind)];
  Hash whole;
  std::size_t size = 0;
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context, bytes(prefix), prefix.size()) != 1 ||
      EVP_MAC_update(context, bytes(value), value.size()) != 1 ||
      EVP_MAC_final(context, whole.data(), &size, whole.size()) != 1) {
    Fail("HMAC");
  }
  Digest digest;
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

// What somebody else would have made of the address.
std::string AddressDigests::Hashed(EntryKind kind, std::string_view plain) {
  EVP_MD*& algorithm = contexts_->algorithms[At(kind)];
  if (algorithm == nullptr) algorithm = EVP_MD_fetch(nullptr, kAlgorithms[At(kind)], nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  EVP_MD_CTX* context = contexts_->hash.get();
  if (algorithm == nullptr || EVP_DigestInit_ex(context, algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context, plain.data(), plain.size()) != 1 ||
      EVP_DigestFinal_ex(context, bytes.data(), &size) != 1) {
    Fail(kAlgorithms[At(kind)]);
  }
  return HexOf({reinterpret_cast<const char*>(bytes.data()), size});
}

bool AddressDigests::OfEntry(EntryKind kind, std::string_view entry, Digest& digest) {
  std::string value;
  if (kind == EntryKind::kAddress) {
    value = PlainAddress(channel_, entry);
    if (!IsAddress(channel_, value)) return false;
  } else if (kind == EntryKind::kDomain) {
    if (channel_ == "email") value = PlainDomain(entry);
    if (value.empty()) return false;
  } else {
    value = Lowered(Trim(entry, " \t\r\n"));
    if (value.size() != kHexDigits[At(kind)] ||
        value.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return false;
    }
  }
  digest = Keyed(kind, value);
  return true;
}

// Its own domain, then that and every one above it as far as there are two labels.
void AddressDigests::OfDomain(std::string_view plain, std::vector<Digest>& digests) {
  std::string_view domain = DomainOf(plain);
  if (!IsDomain(domain)) return;
  digests.push_back(Keyed(EntryKind::kDomain, '@' + std::string(domain)));
  for (;;) {
    const std::size_t dot = domain.find('.');
    if (dot == std::string_view::npos) return;
    digests.push_back(Keyed(EntryKind::kDomain, '.' + std::string(domain)));
    domain.remove_prefix(dot + 1);
  }
}

void AddressDigests::OfAddress(std::string_view plain, const Kinds& kinds,
                               std::vector<Digest>& digests) {
  for (std::size_t kind = 0; kind < kEntryKinds; kind++) {
    if (!kinds[kind]) continue;
    const auto of = static_cast<EntryKind>(kind);
    if (of == EntryKind::kDomain) {
      if (channel_ == "email") OfDomain(plain, digests);
    } else {
      digests.push_back(of == EntryKind::kAddress ? Keyed(of, plain)
                                                  : Keyed(of, Hashed(of, plain)));
    }
  }
}

}  // namespace gdpr
