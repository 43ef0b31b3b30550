// SPDX-License-Identifier: PostgreSQL
#include "core/seal_sign.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

#include "core/error.hpp"

namespace gdpr {
namespace {

std::vector<std::uint8_t> Master(std::uint8_t first = 1) {
  std::vector<std::uint8_t> master(32, 7);
  master[0] = first;
  return master;
}

template <class Bytes>
std::string_view Text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
const Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"}};

TEST(Ed25519, SignsAndChecksAsTheStandardSays) {
  for (const Vector& vector : kVectors) {
    const std::string seed = *BytesOfHex(vector.seed);
    const std::string message = *BytesOfHex(vector.message);
    PublicKey key{};
    const Signature signature = SignEd25519(
        {reinterpret_cast<const std::uint8_t*>(seed.data()), seed.size()}, message, &key);
    EXPECT_EQ(HexOf(Text(key)), vector.public_key);
    EXPECT_EQ(HexOf(Text(signature)), vector.signature);
    EXPECT_TRUE(IsSignedEd25519(Text(key), message, Text(signature)));
    for (std::size_t bit = 0; bit < 512; bit += 37) {
      Signature other = signature;
      other[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      EXPECT_FALSE(IsSignedEd25519(Text(key), message, Text(other)));
    }
    EXPECT_FALSE(IsSignedEd25519(Text(key), message + "x", Text(signature)));
    EXPECT_FALSE(IsSignedEd25519(Text(key).substr(1), message, Text(signature)));
    EXPECT_FALSE(IsSignedEd25519(Text(key), message, ""));
    EXPECT_FALSE(IsSignedEd25519("", message, Text(signature)));
  }
}

TEST(Seal, SignerIsTheOneOfItsMaster) {
  const SealSigner signer(Master());
  const SealSigner same(Master());
  const SealSigner other(Master(2));
  const Hash digest{1, 2, 3};
  EXPECT_EQ(signer.Public(), same.Public());
  EXPECT_NE(signer.Public(), other.Public());
  const Signature signature = signer.Sign(digest);
  EXPECT_TRUE(IsSignedEd25519(Text(same.Public()), AsText(digest), Text(signature)));
  EXPECT_FALSE(IsSignedEd25519(Text(other.Public()), AsText(digest), Text(signature)));
  const std::vector<std::uint8_t> short_one(31, 1);
  EXPECT_THROW(SealSigner{short_one}, Error);
}

TEST(Seal, DigestCoversEveryField) {
  Sha256 sha256;
  const std::vector<std::function<void(AuditSeal&)>> edits = {
      [](AuditSeal&) {},
      [](AuditSeal& s) { s.seal = 2; },
      [](AuditSeal& s) { s.kind = 'D'; },
      [](AuditSeal& s) { s.previous[31] = 1; },
      [](AuditSeal& s) { s.sealed_at = 1; },
      [](AuditSeal& s) { s.system_id = -1; },
      [](AuditSeal& s) { s.upto_xid = 0; },
      [](AuditSeal& s) { s.upto_statement = 0; },
      [](AuditSeal& s) { s.upto_n = 0; },
      [](AuditSeal& s) { s.events = 1; },
      [](AuditSeal& s) { s.root[0] = 1; },
      [](AuditSeal& s) { s.dropped_before = 0; },
      [](AuditSeal& s) { s.configuration[5] = 1; },
      [](AuditSeal& s) { s.key_id = 1; }};
  std::set<Hash> digests;
  for (const auto& edit : edits) {
    AuditSeal seal;
    seal.seal = 1;
    edit(seal);
    digests.insert(SealDigest(sha256, seal));
  }
  EXPECT_EQ(digests.size(), edits.size());
}

TEST(Seal, WhatWasDroppedIsTold) {
  std::set<Hash> digests;
  DroppedDigest dropped;
  digests.insert(dropped.Finish());
  const Hash nothing = *digests.begin();
  EXPECT_EQ(dropped.Finish(), nothing);
  dropped.Whole(1);
  digests.insert(dropped.Finish());
  dropped.Whole(2);
  digests.insert(dropped.Finish());
  dropped.Range(1, 0, 5);
  digests.insert(dropped.Finish());
  dropped.Range(1, 0, 6);
  digests.insert(dropped.Finish());
  dropped.Whole(1);
  dropped.Whole(2);
  digests.insert(dropped.Finish());
  EXPECT_EQ(digests.size(), 6U);
}

}  // namespace
}  // namespace gdpr
