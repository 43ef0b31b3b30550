// SPDX-License-Identifier: PostgreSQL
#include "digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include <memory>

#include "error.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kLeastKeyBytes = 32;
constexpr std::string_view kSalt = "pg_gdpr/1";  // the scheme's version: a new one, a new salt
constexpr std::string_view kHexDigits = "0123456789abcdef";

[[noreturn]] void FailCrypto(const char* what) {
  throw Error{"XX000", std::string("cryptographic library failed: ") + what, "", ""};
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out.push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 15U]);
  }
  return out;
}

}  // namespace

Key DeriveKey(std::span<const std::uint8_t> master, std::string_view use) {
  if (master.size() < kLeastKeyBytes) {
    throw Error{"55000", "the key is too short",
                "It has " + std::to_string(master.size()) + " bytes; at least " +
                    std::to_string(kLeastKeyBytes) + " are needed.",
                "Make one with gdpr.create_key()."};
  }
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), &EVP_PKEY_CTX_free);
  Key key{};
  std::size_t length = key.size();
  const bool done =
      context != nullptr && EVP_PKEY_derive_init(context.get()) > 0 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) > 0 &&
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), Bytes(kSalt), static_cast<int>(kSalt.size())) >
          0 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), master.data(), static_cast<int>(master.size())) >
          0 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), Bytes(use), static_cast<int>(use.size())) > 0 &&
      EVP_PKEY_derive(context.get(), key.data(), &length) > 0 && length == key.size();
  if (!done) FailCrypto("HKDF");
  return key;
}

std::string KeyedDigest(std::span<const std::uint8_t> subkey, std::string_view domain,
                        std::string_view value) {
  std::string message;
  message.reserve(8 + domain.size() + value.size());
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    message.push_back(static_cast<char>(domain.size() >> (shift - 8) & 0xFFU));
  }
  message.append(domain).append(value);
  std::array<std::uint8_t, 32> digest{};
  unsigned length = 0;
  const unsigned char* done = HMAC(EVP_sha256(), subkey.data(), static_cast<int>(subkey.size()),
                                   Bytes(message), message.size(), digest.data(), &length);
  OPENSSL_cleanse(message.data(), message.size());
  if (done == nullptr || length != digest.size()) FailCrypto("HMAC");
  return Hex(digest);
}

std::string Fingerprint(std::span<const std::uint8_t> master) {
  Key key = DeriveKey(master, "fingerprint");
  std::string name = Hex(std::span(key).first(8));
  OPENSSL_cleanse(key.data(), key.size());
  return name;
}

}  // namespace gdpr
