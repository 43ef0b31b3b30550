// SPDX-License-Identifier: PostgreSQL
#include "sha256.hpp"

#include <openssl/evp.h>

#include "error.hpp"

namespace gdpr {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

[[noreturn]] void Fail() {
  throw Error{"XX000", "cryptographic library failed: SHA-256", "", ""};
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string HexOf(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    hex.push_back(kHexDigits[static_cast<unsigned char>(c) >> 4U]);
    hex.push_back(kHexDigits[static_cast<unsigned char>(c) & 15U]);
  }
  return hex;
}

std::optional<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = DigitOf(hex[i]);
    const int low = DigitOf(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

struct Sha256::Context {
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (context_->algorithm == nullptr || context_->state == nullptr) Fail();
}

Sha256::~Sha256() = default;

void Sha256::Start() {
  if (EVP_DigestInit_ex2(context_->state.get(), context_->algorithm.get(), nullptr) <= 0) Fail();
}

void Sha256::Add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_->state.get(), bytes.data(), bytes.size()) <= 0) Fail();
}

Hash Sha256::Finish() {
  Hash hash;
  if (EVP_DigestFinal_ex(context_->state.get(), hash.data(), nullptr) <= 0) Fail();
  return hash;
}

Hash Sha256::Of(std::string_view bytes) {
  Start();
  Add(bytes);
  return Finish();
}

Hash Sha256::Of(std::string_view first, std::string_view second) {
  Start();
  Add(first);
  Add(second);
  return Finish();
}

Hash Sha256::OfValue(std::string_view salt, std::string_view value) {
  // Most values are short: one call of OpenSSL for all of the message is cheaper than a copy
  std::array<char, 192> message;
  if (1 + salt.size() + value.size() <= message.size()) {
    message[0] = static_cast<char>(HashSort::kValue);
    std::memcpy(message.data() + 1, salt.data(), salt.size());
    if (!value.empty()) std::memcpy(message.data() + 1 + salt.size(), value.data(), value.size());
    return Of({message.data(), 1 + salt.size() + value.size()});
  }
  Start();
  message[0] = static_cast<char>(HashSort::kValue);
  Add({message.data(), 1});
  Add(salt);
  Add(value);
  return Finish();
}

}  // namespace gdpr
