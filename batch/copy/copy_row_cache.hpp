// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/locale.hpp"

namespace gdpr::batch {

/// What became of a column's last values: a keyed treatment gives the same for the same, and names,
/// cities and dates come again and again. One slot for each hash, so that it takes 64 kB however
/// many values there are; a column whose values hardly repeat (e-mail) gives it up.
class ValueCache {
 public:
  /// out  the field as it is written, length included; nullptr: not known. Good until Put()
  const std::string_view* Find(std::string_view field, Locale locale) {
    if (given_up_ || field.size() > kMost) return nullptr;
    if (++asked_ == kTrial && found_ < kTrial / kWorth) {
      given_up_ = true;
      slots_.reset();
      return nullptr;
    }
    if (!slots_) slots_ = std::make_unique<std::array<Slot, kSlots>>();
    slot_ = &(*slots_)[std::hash<std::string_view>{}(field) % kSlots];
    if (slot_->out == 0 || slot_->in != field.size() || slot_->locale != locale ||
        std::memcmp(slot_->bytes.data(), field.data(), field.size()) != 0) {
      return nullptr;
    }
    ++found_;
    kept_ = {slot_->bytes.data() + slot_->in, slot_->out};
    return &kept_;
  }

  /// Keeps what became of the field that was not found just now, if both are short.
  void Put(std::string_view field, Locale locale, std::string_view written) {
    if (given_up_ || field.size() > kMost || field.size() + written.size() > kMost) return;
    slot_->in = static_cast<std::uint8_t>(field.size());
    slot_->out = static_cast<std::uint8_t>(written.size());
    slot_->locale = locale;
    std::memcpy(slot_->bytes.data(), field.data(), field.size());
    std::memcpy(slot_->bytes.data() + field.size(), written.data(), written.size());
  }

 private:
  static constexpr std::size_t kSlots = 1024, kMost = 61;
  /// After so many values it is worth its while if one of so many was known.
  static constexpr std::uint32_t kTrial = 4096, kWorth = 8;

  struct Slot {
    std::uint8_t in = 0, out = 0;  ///< bytes; out is never 0 in one that is taken
    Locale locale = Locale::kNone;
    std::array<char, kMost> bytes;
  };

  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  Slot* slot_ = nullptr;
  std::string_view kept_;
  std::uint32_t asked_ = 0, found_ = 0;
  bool given_up_ = false;
};

}  // namespace gdpr::batch
