// SPDX-License-Identifier: PostgreSQL
// The plain SHA-256 functions: a context of OpenSSL's newer interface is allocated anew for every
// copy, which costs more than digesting a name. They are the same code underneath.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "prf.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <string>

#include "error.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kHashedBlock = 64;

[[noreturn]] void FailCrypto(const char* what) {
  throw Error{"XX000", std::string("cryptographic library failed: ") + what, "", ""};
}

SHA256_CTX StateOf(std::array<std::uint8_t, kHashedBlock> key, std::uint8_t pad) {
  for (std::uint8_t& byte : key) byte ^= pad;
  SHA256_CTX state;
  const bool done = SHA256_Init(&state) == 1 && SHA256_Update(&state, key.data(), key.size()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) FailCrypto("SHA-256");
  return state;
}

}  // namespace

// What HMAC digests first: the key with each of the two pads.
struct Prf::States {
  SHA256_CTX inner;
  SHA256_CTX outer;

  ~States() { OPENSSL_cleanse(this, sizeof *this); }
};

Prf::Prf(std::span<const std::uint8_t> key) {
  if (key.size() > kHashedBlock) FailCrypto("HMAC");
  std::array<std::uint8_t, kHashedBlock> block{};
  std::copy(key.begin(), key.end(), block.begin());
  states_.reset(new States{StateOf(block, 0x36), StateOf(block, 0x5C)});
  OPENSSL_cleanse(block.data(), block.size());
}

Prf::~Prf() = default;

PrfBlock Prf::Of(std::initializer_list<std::string_view> parts) {
  PrfBlock digest;
  SHA256_CTX state = states_->inner;
  bool done = true;
  for (const std::string_view part : parts) {
    done = SHA256_Update(&state, part.data(), part.size()) == 1 && done;
  }
  done = SHA256_Final(digest.data(), &state) == 1 && done;
  state = states_->outer;
  done = SHA256_Update(&state, digest.data(), digest.size()) == 1 && done;
  done = SHA256_Final(digest.data(), &state) == 1 && done;
  if (!done) FailCrypto("SHA-256");
  return digest;
}

BlockCipher::BlockCipher(std::span<const std::uint8_t> key) : context_(EVP_CIPHER_CTX_new()) {
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  const EVP_CIPHER* cipher = key.size() == 32   ? EVP_aes_256_ecb()
                             : key.size() == 24 ? EVP_aes_192_ecb()
                                                : EVP_aes_128_ecb();
  if (context == nullptr || (key.size() != 16 && key.size() != 24 && key.size() != 32) ||
      EVP_EncryptInit_ex(context, cipher, nullptr, key.data(), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context, 0) != 1) {
    EVP_CIPHER_CTX_free(context);
    FailCrypto("AES");
  }
}

BlockCipher::~BlockCipher() {
  EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(context_));
}

void BlockCipher::Encrypt(Block& block) {
  int length = 0;
  if (EVP_EncryptUpdate(static_cast<EVP_CIPHER_CTX*>(context_), block.data(), &length, block.data(),
                        static_cast<int>(block.size())) != 1) {
    FailCrypto("AES");
  }
}

}  // namespace gdpr
