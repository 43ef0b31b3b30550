// SPDX-License-Identifier: PostgreSQL
#include "merkle.hpp"

#include <bit>

namespace gdpr {
namespace {

Hash NodeOf(Sha256& sha256, const Hash& left, const Hash& right) {
  std::array<char, 1 + 2 * kHashBytes> node;
  node[0] = static_cast<char>(HashSort::kNode);
  std::memcpy(node.data() + 1, left.data(), kHashBytes);
  std::memcpy(node.data() + 1 + kHashBytes, right.data(), kHashBytes);
  return sha256.Of({node.data(), node.size()});
}

}  // namespace

void MerkleRoot::Add(const Hash& leaf) {
  Hash tree = leaf;
  for (std::uint64_t bits = leaves_; (bits & 1U) != 0; bits >>= 1U) {
    tree = NodeOf(sha256_, trees_.back(), tree);
    trees_.pop_back();
  }
  trees_.push_back(tree);
  ++leaves_;
}

Hash MerkleRoot::Root() const {
  if (trees_.empty()) return sha256_.Of("");
  Hash root = trees_.back();
  for (std::size_t i = trees_.size() - 1; i-- > 0;) root = NodeOf(sha256_, trees_[i], root);
  return root;
}

Hash RootOf(Sha256& sha256, std::span<const Hash> leaves) {
  MerkleRoot root(sha256);
  for (const Hash& leaf : leaves) root.Add(leaf);
  return root.Root();
}

std::vector<Hash> ProofOf(Sha256& sha256, std::span<const Hash> leaves, std::uint64_t index) {
  std::vector<Hash> from_above;
  while (leaves.size() > 1) {
    const std::uint64_t left = std::bit_floor(leaves.size() - 1);
    if (index < left) {
      from_above.push_back(RootOf(sha256, leaves.subspan(left)));
      leaves = leaves.first(left);
    } else {
      from_above.push_back(RootOf(sha256, leaves.first(left)));
      leaves = leaves.subspan(left);
      index -= left;
    }
  }
  return {from_above.rbegin(), from_above.rend()};
}

std::optional<Hash> RootOfProof(Sha256& sha256, const Hash& leaf, std::uint64_t index,
                                std::uint64_t size, std::span<const Hash> proof) {
  if (index >= size) return std::nullopt;
  std::uint64_t last = size - 1;
  Hash root = leaf;
  for (const Hash& beside : proof) {
    if (last == 0) return std::nullopt;
    if ((index & 1U) != 0 || index == last) {
      root = NodeOf(sha256, beside, root);
      while ((index & 1U) == 0 && index != 0) {
        index >>= 1U;
        last >>= 1U;
      }
    } else {
      root = NodeOf(sha256, root, beside);
    }
    index >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return std::nullopt;
  return root;
}

}  // namespace gdpr
