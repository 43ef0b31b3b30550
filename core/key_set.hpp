// SPDX-License-Identifier: PostgreSQL
// Exact sets of keys: who may be processed for a purpose, loaded once for a statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gdpr {

/// A set of keys of one sort within a fixed amount of memory. Integers lie in words of 64
/// neighbours (dense ids cost a third of a byte each, scattered ones 21), UUIDs take 21 bytes,
/// other keys 21 and their own bytes. There are no false answers, no locks and no exceptions:
/// where memory ends, Add() says so and the set stays as it was.
class KeySet {
 public:
  enum class Sort { kIntegers, kUuids, kBytes };

  /// 16 bytes as two words in the machine's own order.
  struct Uuid {
    std::uint64_t high;
    std::uint64_t low;
  };

  /// `limit`: bytes that the set may take, also while it grows. `seed`: any number; a random one
  /// keeps people who choose their own keys from making the set slow.
  KeySet(Sort sort, std::size_t limit, std::uint64_t seed = 0) noexcept
      : sort_(sort), limit_(limit), seed_(seed) {}
  ~KeySet();
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  /// Makes room for `count` keys at once, which spares the copies of growing. Integers need none
  /// when they are dense. Returns false when that is beyond the limit; the set stays as it was.
  bool Reserve(std::size_t count) noexcept;

  /// Adds a key, once or again. Only the overload of the set's sort may be called. Returns false
  /// when the memory does not suffice: the set is then complete without this key.
  bool Add(std::int64_t key) noexcept;
  bool Add(Uuid key) noexcept;
  bool Add(std::string_view key) noexcept;

  /// Whether the key was added. Only the overload of the set's sort may be called.
  bool Contains(std::int64_t key) const noexcept {
    const auto bits = static_cast<std::uint64_t>(key);
    if (capacity_ == 0) return false;
    return (slots_[FindInteger(bits >> 6U)].second >> (bits & 63U) & 1U) != 0;
  }
  bool Contains(Uuid key) const noexcept {
    if ((key.high | key.low) == 0) return has_zero_;
    if (capacity_ == 0) return false;
    return slots_[FindUuid(key)].IsUsed();
  }
  bool Contains(std::string_view key) const noexcept {
    if (capacity_ == 0) return false;
    return slots_[FindBytes(key, HashBytes(key))].IsUsed();
  }

  /// How many different keys there are.
  std::size_t Size() const noexcept { return size_; }
  /// Memory in use.
  std::size_t Bytes() const noexcept { return capacity_ * sizeof(Slot) + arena_capacity_; }

 private:
  // Integers: key / 64 and the bits of its 64 neighbours. UUIDs: the key. Bytes: the hash and where
  // the key lies in the arena, plus 1. Both words 0: empty.
  struct Slot {
    std::uint64_t first;
    std::uint64_t second;
    bool IsUsed() const noexcept { return (first | second) != 0; }
  };

  static std::uint64_t Mix(std::uint64_t a, std::uint64_t b) noexcept {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  std::uint64_t HashInteger(std::uint64_t page) const noexcept {
    return Mix(page ^ seed_ ^ 0xA0761D6478BD642FU, 0xE7037ED1A0B428DBU);
  }
  std::uint64_t HashUuid(Uuid key) const noexcept {
    return Mix(Mix(key.high ^ seed_ ^ 0xA0761D6478BD642FU, 0xE7037ED1A0B428DBU) ^ key.low,
               0x8EBC6AF09C88C6E3U);
  }
  std::uint64_t HashBytes(std::string_view key) const noexcept;
  std::uint64_t HashSlot(const Slot& slot) const noexcept;

  // The slot that a hash belongs to; any capacity will do, it need be no power of 2.
  std::size_t Home(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * capacity_) >> 64U);
  }
  std::size_t Next(std::size_t slot) const noexcept { return slot + 1 == capacity_ ? 0 : slot + 1; }

  // The slot that holds the key, or the empty one that would. There always is an empty one.
  std::size_t FindInteger(std::uint64_t page) const noexcept {
    std::size_t i = Home(HashInteger(page));
    while (slots_[i].first != page && slots_[i].IsUsed()) i = Next(i);
    return i;
  }
  std::size_t FindUuid(Uuid key) const noexcept {
    std::size_t i = Home(HashUuid(key));
    while ((slots_[i].first != key.high || slots_[i].second != key.low) && slots_[i].IsUsed()) {
      i = Next(i);
    }
    return i;
  }
  std::size_t FindBytes(std::string_view key, std::uint64_t hash) const noexcept;
  std::string_view Stored(const Slot& slot) const noexcept;

  bool MakeRoom() noexcept;
  bool Resize(std::size_t capacity) noexcept;
  bool MakeArena(std::size_t bytes) noexcept;

  Sort sort_;
  bool has_zero_ = false;  // the UUID of zeros, which looks like an empty slot
  std::size_t limit_;
  std::uint64_t seed_;
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;  // slots; three quarters are used at most
  std::size_t used_ = 0;
  std::size_t size_ = 0;
  char* arena_ = nullptr;  // kBytes: length and bytes of each key
  std::size_t arena_capacity_ = 0;
  std::size_t arena_used_ = 0;
};

}  // namespace gdpr
