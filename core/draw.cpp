// SPDX-License-Identifier: PostgreSQL
#include "draw.hpp"

#include <algorithm>
#include <string_view>

namespace gdpr {
namespace {

constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::uint64_t kSmall = 1U << 16U;

}  // namespace

void Draw::Take(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (at_ == block_.size()) {
      // The first byte keeps what continues a draw apart from what begins one (Keyed).
      ++blocks_;
      const std::array<char, 5> head = {
          '\xFF', static_cast<char>(blocks_ >> 24U), static_cast<char>(blocks_ >> 16U),
          static_cast<char>(blocks_ >> 8U), static_cast<char>(blocks_)};
      block_ = prf_->Of({{head.data(), head.size()},
                         {reinterpret_cast<const char*>(root_.data()), root_.size()}});
      at_ = 0;
    }
    const std::size_t count = std::min(bytes.size() - done, block_.size() - at_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(at_), count,
                bytes.begin() + static_cast<std::ptrdiff_t>(done));
    at_ += count;
    done += count;
  }
}

std::uint64_t Draw::Bits() {
  std::array<std::uint8_t, 8> bytes;
  Take(bytes);
  std::uint64_t bits = 0;
  for (const std::uint8_t byte : bytes) bits = bits << 8U | byte;
  return bits;
}

std::uint32_t Draw::Bits32() {
  std::array<std::uint8_t, 4> bytes;
  Take(bytes);
  std::uint32_t bits = 0;
  for (const std::uint8_t byte : bytes) bits = bits << 8U | byte;
  return bits;
}

std::uint64_t Draw::Below(std::uint64_t n) {
  if (n <= kSmall) return Bits32() * n >> 32U;
  return static_cast<std::uint64_t>(static_cast<U128>(Bits()) * n >> 64U);
}

char Draw::Digit() {
  std::array<std::uint8_t, 2> bytes;
  Take(bytes);
  const unsigned bits = static_cast<unsigned>(bytes[0]) << 8U | bytes[1];
  return static_cast<char>('0' + (bits * 10U >> 16U));
}

void Draw::Base32(std::size_t chars, std::string& out) {
  unsigned bits = 0;
  unsigned held = 0;
  for (std::size_t i = 0; i < chars; ++i) {
    if (held < 5) {
      std::array<std::uint8_t, 1> byte;
      Take(byte);
      bits = (bits << 8U | byte[0]) & 0xFFFU;
      held += 8;
    }
    held -= 5;
    out.push_back(kBase32[bits >> held & 31U]);
  }
}

}  // namespace gdpr
