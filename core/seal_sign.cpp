// SPDX-License-Identifier: PostgreSQL
#include "seal_sign.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "digest.hpp"
#include "error.hpp"

namespace gdpr {
namespace {

using OwnedKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using OwnedContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

[[noreturn]] void Fail() {
  throw Error{"XX000", "cryptographic library failed: Ed25519", "", ""};
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

OwnedKey PairOf(std::span<const std::uint8_t> seed) {
  OwnedKey pair(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                &EVP_PKEY_free);
  if (pair == nullptr) Fail();
  return pair;
}

PublicKey PublicOf(EVP_PKEY* pair) {
  PublicKey key{};
  std::size_t length = key.size();
  if (EVP_PKEY_get_raw_public_key(pair, key.data(), &length) <= 0 || length != key.size()) Fail();
  return key;
}

Signature SignWith(EVP_PKEY* pair, std::string_view message) {
  const OwnedContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Signature signature{};
  std::size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pair) <= 0 ||
      EVP_DigestSign(context.get(), signature.data(), &length, Bytes(message), message.size()) <=
          0 ||
      length != signature.size()) {
    Fail();
  }
  return signature;
}

}  // namespace

Hash SealDigest(Sha256& sha256, const AuditSeal& seal) {
  std::string message(1, static_cast<char>(HashSort::kSeal));
  Fields fields(message);
  fields.Number(static_cast<std::uint64_t>(seal.seal), 8);
  message.push_back(seal.kind);
  message.append(AsText(seal.previous));
  fields.Number(static_cast<std::uint64_t>(seal.sealed_at), 8);
  fields.Number(static_cast<std::uint64_t>(seal.system_id), 8);
  fields.MaybeNumber(seal.upto_xid, 8);
  fields.MaybeNumber(seal.upto_statement, 8);
  fields.MaybeNumber(seal.upto_n, 4);
  fields.Number(static_cast<std::uint32_t>(seal.events), 4);
  message.append(AsText(seal.root));
  fields.MaybeNumber(seal.dropped_before, 8);
  message.append(AsText(seal.configuration));
  fields.Number(static_cast<std::uint32_t>(seal.key_id), 4);
  return sha256.Of(message);
}

struct SealSigner::Pair {
  OwnedKey key;
};

SealSigner::SealSigner(std::span<const std::uint8_t> master) {
  Key seed = DeriveKey(master, "audit_seal");
  OwnedKey pair = PairOf(seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  public_key_ = PublicOf(pair.get());
  pair_.reset(new Pair{std::move(pair)});
}

SealSigner::~SealSigner() = default;

Signature SealSigner::Sign(const Hash& digest) const {
  return SignWith(pair_->key.get(), AsText(digest));
}

Signature SignEd25519(std::span<const std::uint8_t> seed, std::string_view message,
                      PublicKey* public_key) {
  const OwnedKey pair = PairOf(seed);
  if (public_key != nullptr) *public_key = PublicOf(pair.get());
  return SignWith(pair.get(), message);
}

bool IsSignedEd25519(std::string_view public_key, std::string_view message,
                     std::string_view signature) {
  if (public_key.size() != std::tuple_size_v<PublicKey> ||
      signature.size() != std::tuple_size_v<Signature>) {
    return false;
  }
  const OwnedKey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()),
      &EVP_PKEY_free);
  if (key == nullptr) return false;
  const OwnedContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) <= 0) {
    Fail();
  }
  return EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

void DroppedDigest::Restart() {
  constexpr char kSort = static_cast<char>(HashSort::kDropped);
  sha256_.Start();
  sha256_.Add({&kSort, 1});
}

void DroppedDigest::Add(char what, std::int64_t seal, std::int32_t from, std::int32_t to) {
  std::string line(1, what);
  Fields fields(line);
  fields.Number(static_cast<std::uint64_t>(seal), 8);
  fields.Number(static_cast<std::uint32_t>(from), 4);
  fields.Number(static_cast<std::uint32_t>(to), 4);
  sha256_.Add(line);
}

void DroppedDigest::Whole(std::int64_t seal) {
  Add('W', seal, 0, 0);
}

void DroppedDigest::Range(std::int64_t seal, std::int32_t from, std::int32_t to) {
  Add('R', seal, from, to);
}

Hash DroppedDigest::Finish() {
  const Hash root = sha256_.Finish();
  Restart();
  return root;
}

}  // namespace gdpr
