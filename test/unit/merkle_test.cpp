// SPDX-License-Identifier: PostgreSQL
#include "core/merkle.hpp"

#include <gtest/gtest.h>

namespace gdpr {
namespace {

std::string Hex(const Hash& hash) {
  return HexOf(AsText(hash));
}

// The leaves of Certificate Transparency's reference implementation (RFC 6962), hashed.
std::vector<Hash> ReferenceLeaves(Sha256& sha256) {
  std::vector<Hash> leaves;
  for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(sha256.Of(std::string_view("\0", 1), *BytesOfHex(hex)));
  }
  return leaves;
}

std::vector<Hash> Numbered(Sha256& sha256, std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(sha256.Of(std::to_string(i)));
  return leaves;
}

TEST(Merkle, RootsAreThoseOfTheReference) {
  Sha256 sha256;
  const std::vector<Hash> leaves = ReferenceLeaves(sha256);
  const std::vector<std::string> roots = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  for (std::size_t size = 0; size < roots.size(); ++size) {
    EXPECT_EQ(Hex(RootOf(sha256, std::span(leaves).first(size))), roots[size]) << size;
  }
}

TEST(Merkle, ProofsAreThoseOfTheReference) {
  Sha256 sha256;
  const std::vector<Hash> leaves = ReferenceLeaves(sha256);
  const std::vector<Hash> proof = ProofOf(sha256, leaves, 0);
  ASSERT_EQ(proof.size(), 3U);
  EXPECT_EQ(Hex(proof[0]), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
  EXPECT_EQ(Hex(proof[1]), "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
  EXPECT_EQ(Hex(proof[2]), "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
}

TEST(Merkle, EveryProofLeadsToItsRootAndOthersDoNot) {
  Sha256 sha256;
  const std::vector<Hash> all = Numbered(sha256, 70);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    const std::span leaves = std::span(all).first(size);
    const Hash root = RootOf(sha256, leaves);
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<Hash> proof = ProofOf(sha256, leaves, i);
      EXPECT_EQ(RootOfProof(sha256, leaves[i], i, size, proof), root);
      EXPECT_NE(RootOfProof(sha256, all[(i + 1) % all.size()], i, size, proof), root);
      EXPECT_EQ(RootOfProof(sha256, leaves[i], size, size, proof), std::nullopt);
      if (proof.empty()) continue;
      proof.back()[7] ^= 1U;
      EXPECT_NE(RootOfProof(sha256, leaves[i], i, size, proof), root);
      proof.pop_back();
      EXPECT_EQ(RootOfProof(sha256, leaves[i], i, size, proof), std::nullopt);
    }
  }
}

TEST(Merkle, AProofInAFullSealHasAtMostSeventeenHashes) {
  Sha256 sha256;
  const std::vector<Hash> leaves = Numbered(sha256, 65536);
  const Hash root = RootOf(sha256, leaves);
  for (const std::size_t i : {0U, 1U, 40000U, 65535U}) {
    const std::vector<Hash> proof = ProofOf(sha256, leaves, i);
    EXPECT_LE(proof.size(), 17U);
    EXPECT_EQ(RootOfProof(sha256, leaves[i], i, leaves.size(), proof), root);
  }
}

}  // namespace
}  // namespace gdpr
