// SPDX-License-Identifier: PostgreSQL
#include "key_set.hpp"

#include <cstdlib>
#include <cstring>

namespace gdpr {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kFirstArena = 4096;
constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);

// Linear probing stays short up to three quarters.
std::size_t SlotsFor(std::size_t keys) {
  return keys + keys / 3 + 1;
}

}  // namespace

KeySet::~KeySet() {
  std::free(slots_);
  std::free(arena_);
}

std::uint64_t KeySet::HashBytes(std::string_view key) const noexcept {
  std::uint64_t hash = seed_ ^ key.size() ^ 0xA0761D6478BD642FU;
  for (std::size_t at = 0; at < key.size(); at += 16) {
    std::uint64_t words[2] = {0, 0};
    std::memcpy(words, key.data() + at, key.size() - at < 16 ? key.size() - at : 16);
    hash = Mix(Mix(words[0] ^ hash, 0xE7037ED1A0B428DBU) ^ words[1], 0x8EBC6AF09C88C6E3U);
  }
  return hash;
}

std::uint64_t KeySet::HashSlot(const Slot& slot) const noexcept {
  switch (sort_) {
    case Sort::kIntegers:
      return HashInteger(slot.first);
    case Sort::kUuids:
      return HashUuid({slot.first, slot.second});
    case Sort::kBytes:
      break;
  }
  return slot.first;
}

std::string_view KeySet::Stored(const Slot& slot) const noexcept {
  const char* at = arena_ + slot.second - 1;
  std::uint32_t length = 0;
  std::memcpy(&length, at, kLengthBytes);
  return {at + kLengthBytes, length};
}

std::size_t KeySet::FindBytes(std::string_view key, std::uint64_t hash) const noexcept {
  std::size_t i = Home(hash);
  while (slots_[i].IsUsed() && (slots_[i].first != hash || Stored(slots_[i]) != key)) i = Next(i);
  return i;
}

bool KeySet::Resize(std::size_t capacity) noexcept {
  // Old and new slots are there at the same time
  if (capacity > (limit_ < Bytes() ? 0 : limit_ - Bytes()) / sizeof(Slot)) return false;
  auto* slots = static_cast<Slot*>(std::calloc(capacity, sizeof(Slot)));
  if (slots == nullptr) return false;
  Slot* old = slots_;
  const std::size_t old_capacity = capacity_;
  slots_ = slots;
  capacity_ = capacity;
  for (std::size_t from = 0; from < old_capacity; ++from) {
    if (!old[from].IsUsed()) continue;
    std::size_t to = Home(HashSlot(old[from]));
    while (slots_[to].IsUsed()) to = Next(to);
    slots_[to] = old[from];
  }
  std::free(old);
  return true;
}

// Room for one slot more. Growing by half where doubling is beyond the limit.
bool KeySet::MakeRoom() noexcept {
  if (SlotsFor(used_ + 1) < capacity_) return true;
  if (capacity_ == 0) return Resize(kFirstSlots);
  return Resize(capacity_ * 2) || Resize(capacity_ + capacity_ / 2);
}

bool KeySet::Reserve(std::size_t count) noexcept {
  if (count > limit_ / sizeof(Slot)) return false;
  const std::size_t capacity = SlotsFor(count) + 1;
  return capacity <= capacity_ || Resize(capacity);
}

bool KeySet::MakeArena(std::size_t bytes) noexcept {
  if (arena_used_ + bytes <= arena_capacity_) return true;
  std::size_t capacity = arena_capacity_ + arena_capacity_ / 2 + bytes + kFirstArena;
  const std::size_t room = limit_ - capacity_ * sizeof(Slot);
  if (capacity > room) capacity = room;
  if (capacity < arena_used_ + bytes) return false;
  auto* arena = static_cast<char*>(std::realloc(arena_, capacity));
  if (arena == nullptr) return false;
  arena_ = arena;
  arena_capacity_ = capacity;
  return true;
}

bool KeySet::Add(std::int64_t key) noexcept {
  const auto bits = static_cast<std::uint64_t>(key);
  const std::uint64_t page = bits >> 6U;
  std::size_t i = capacity_ == 0 ? 0 : FindInteger(page);
  if (capacity_ == 0 || !slots_[i].IsUsed()) {
    if (!MakeRoom()) return false;
    i = FindInteger(page);
    slots_[i].first = page;
    ++used_;
  }
  const std::uint64_t bit = std::uint64_t{1} << (bits & 63U);
  size_ += (slots_[i].second & bit) == 0 ? 1 : 0;
  slots_[i].second |= bit;
  return true;
}

bool KeySet::Add(Uuid key) noexcept {
  if ((key.high | key.low) == 0) {
    size_ += has_zero_ ? 0 : 1;
    has_zero_ = true;
    return true;
  }
  if (Contains(key)) return true;
  if (!MakeRoom()) return false;
  slots_[FindUuid(key)] = {key.high, key.low};
  ++used_;
  ++size_;
  return true;
}

bool KeySet::Add(std::string_view key) noexcept {
  if (Contains(key)) return true;
  if (key.size() > UINT32_MAX) return false;
  if (!MakeRoom() || !MakeArena(key.size() + kLengthBytes)) return false;
  const std::uint64_t hash = HashBytes(key);
  slots_[FindBytes(key, hash)] = {hash, arena_used_ + 1};
  const auto length = static_cast<std::uint32_t>(key.size());
  std::memcpy(arena_ + arena_used_, &length, kLengthBytes);
  if (length > 0) std::memcpy(arena_ + arena_used_ + kLengthBytes, key.data(), length);
  arena_used_ += kLengthBytes + length;
  ++used_;
  ++size_;
  return true;
}

}  // namespace gdpr
