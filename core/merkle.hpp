// SPDX-License-Identifier: PostgreSQL
// Merkle trees in the shape of RFC 9162, section 2.1, over leaves that are hashes already.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sha256.hpp"

namespace gdpr {

/// The root of a tree, leaf by leaf, with one hash of memory for each level.
class MerkleRoot {
 public:
  explicit MerkleRoot(Sha256& sha256) : sha256_(sha256) {}

  void Add(const Hash& leaf);
  std::uint64_t Leaves() const { return leaves_; }
  /// The root of what was added; of nothing: SHA-256 of nothing. More may be added afterwards.
  Hash Root() const;

 private:
  Sha256& sha256_;
  std::vector<Hash> trees_;  // roots of full trees, one for each bit of leaves_, highest first
  std::uint64_t leaves_ = 0;
};

/// The root of all these leaves.
Hash RootOf(Sha256& sha256, std::span<const Hash> leaves);

/// The proof that the leaf at `index` (from 0) is in the tree: the hashes beside its way to the
/// root, from below (RFC 9162, 2.1.3.1). At most 17 for 65,536 leaves.
std::vector<Hash> ProofOf(Sha256& sha256, std::span<const Hash> leaves, std::uint64_t index);

/// The root that leaf and proof lead to in a tree of `size` leaves (2.1.3.2); nothing where a proof
/// cannot look like this.
std::optional<Hash> RootOfProof(Sha256& sha256, const Hash& leaf, std::uint64_t index,
                                std::uint64_t size, std::span<const Hash> proof);

}  // namespace gdpr
