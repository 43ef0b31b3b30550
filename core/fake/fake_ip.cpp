// SPDX-License-Identifier: PostgreSQL
// An address that could be somebody's becomes one that is nobody's, where there are enough of
// those:
//
// | input                                 | output                                               |
// |---------------------------------------|------------------------------------------------------|
// | IPv4 of private use, shared, link-local | permuted within its own block                      |
// | loopback, this host, multicast, 240/4 | as it is: it is nobody's                             |
// | other IPv4                            | 198.18.0.0/15 (RFC 2544: benchmarks), 17 bits        |
// | other IPv4, unique                    | permuted among all of these                          |
// | IPv6                                  | 2001:db8::/32 (RFC 3849) and 96 bits of the digest   |
// | IPv6 of private use, link-local       | its own prefix and the rest of the digest            |
//
// IPv4 has no reserved block for five million different addresses that a program would take for
// a visitor's (10.0.0.0/8 has 16.7 million, where a digest collides after 5,000, and a permutation
// needs as many outputs as inputs). So a unique column keeps public addresses, as any address of
// a random number generator would be; all others never meet a real one.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_plan.hpp"
#include "fake_shape.hpp"
#include "../net.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

struct Block {
  std::uint32_t first;
  unsigned bits;  // of the prefix
  bool kept;      // nobody's as it is
};

constexpr std::array kBlocks = {
    Block{0x00000000, 8, true},    // 0.0.0.0/8: this host
    Block{0x0A000000, 8, false},   // 10.0.0.0/8
    Block{0x64400000, 10, false},  // 100.64.0.0/10: shared
    Block{0x7F000000, 8, true},    // 127.0.0.0/8: loopback
    Block{0xA9FE0000, 16, false},  // 169.254.0.0/16: link-local
    Block{0xAC100000, 12, false},  // 172.16.0.0/12
    Block{0xC0000200, 24, false},  // 192.0.2.0/24: documentation
    Block{0xC0A80000, 16, false},  // 192.168.0.0/16
    Block{0xC6120000, 15, false},  // 198.18.0.0/15: benchmarks
    Block{0xC6336400, 24, false},  // 198.51.100.0/24: documentation
    Block{0xCB007100, 24, false},  // 203.0.113.0/24: documentation
    Block{0xE0000000, 3, true},    // 224.0.0.0/3: multicast, reserved, broadcast
};
constexpr std::uint32_t kBenchmarks = 0xC6120000;

const Block* BlockOf(std::uint32_t address) {
  for (const Block& block : kBlocks) {
    if ((address ^ block.first) >> (32 - block.bits) == 0) return &block;
  }
  return nullptr;
}

std::uint32_t FakeIpv4(const Call& call, std::uint32_t address) {
  const Block* block = BlockOf(address);
  if (block != nullptr && block->kept) return address;
  if (block != nullptr && call.Permutes() && (call.unique || block->first != kBenchmarks)) {
    const std::uint32_t size = 1U << (32 - block->bits);
    const auto at =
        static_cast<std::uint32_t>(call.Permute("ip private", size, address - block->first));
    return block->first + at;
  }
  if (block != nullptr && block->first != kBenchmarks) {
    return block->first + static_cast<std::uint32_t>(
                              call.Value("ip").Below(std::uint64_t{1} << (32 - block->bits)));
  }
  if (!call.unique)
    return kBenchmarks + static_cast<std::uint32_t>(call.Value("ip").Below(1 << 17));
  do {
    address =
        static_cast<std::uint32_t>(call.Permute("ip public", static_cast<U128>(1) << 32U, address));
  } while (BlockOf(address) != nullptr);
  return address;
}

void FillDraw(Draw& draw, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t bits = draw.Bits();
    for (std::size_t j = i; j < std::min(i + 8, bytes.size()); ++j) {
      bytes[j] = static_cast<std::uint8_t>(bits >> (8 * (j - i)));
    }
  }
}

std::uint32_t ReadFour(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
}

void PutFour(std::uint32_t value, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  }
}

void FakeIpv6(const Call& call, net::Address& address) {
  auto& raw = address.raw;
  const auto zeros = [&](std::size_t count) {
    return std::all_of(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(count),
                       [](std::uint8_t byte) { return byte == 0; });
  };
  if (zeros(15) && raw[15] < 2) return;  // unspecified, loopback
  if (raw[0] == 0xFF) return;            // multicast
  Draw draw = call.Value("ipv6");
  if (raw[0] == 0xFE && (raw[1] & 0xC0U) == 0x80) {  // fe80::/10: 64 bits behind a fixed prefix
    if (!call.Permutes()) return FillDraw(draw, std::span(raw).subspan(8));
    U128 index = 0;
    for (std::size_t i = 8; i < 16; ++i) index = index << 8U | raw[i];
    index = call.Permute("ipv6 link", static_cast<U128>(1) << 64U, index);
    for (std::size_t i = 16; i > 8; --i, index >>= 8U) {
      raw[i - 1] = static_cast<std::uint8_t>(index & 0xFFU);
    }
    return;
  }
  if ((raw[0] & 0xFEU) == 0xFC) return FillDraw(draw, std::span(raw).subspan(1));  // fc00::/7
  PutFour(0x20010DB8, raw);
  FillDraw(draw, std::span(raw).subspan(4));
}

bool IsMapped(const net::Address& address) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
  return address.family == 6 && std::equal(kMapped.begin(), kMapped.end(), address.raw.begin());
}

// Writes the text with each of its addresses replaced. False: there is none, or words beside it.
bool Replace(const Call& call) {
  const std::string_view text = call.text;
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    net::Address address;
    std::size_t end = net::ReadIpv6(text, at, address);
    if (end == 0) end = net::ReadIpv4(text, at, address);
    if (end != 0 && IsMapped(address)) {
      // ::ffff:192.0.2.1 is that very IPv4 address; it is written so too.
      std::copy_n(address.raw.begin() + 12, 4, address.raw.begin());
      address.family = 4;
      call.out.append("::ffff:");
    }
    if (end != 0) {
      // By the address and not by how it is written: the same in every column.
      Call one = call;
      const std::size_t size = address.family == 4 ? 4 : 16;
      std::array<char, 16> bytes;
      std::copy_n(address.raw.begin(), size, bytes.begin());
      one.text = {bytes.data(), size};
      if (address.family == 4) {
        PutFour(FakeIpv4(one, ReadFour(address.raw)), address.raw);
      } else {
        FakeIpv6(one, address);
      }
      net::Append(address, call.out);
      at = end;
      found = true;
      // The interface of a link-local address.
      while (text.substr(end).starts_with('%') && at < text.size() && text[at] != ' ') {
        call.out += text[at++];
      }
      continue;
    }
    // Beside addresses stand ports, lengths of prefixes and punctuation.
    const char before = at == 0 ? ' ' : text[at - 1];
    const bool number = IsDigit(before) || before == ':' || before == '/';
    if (IsLetter(text[at]) || static_cast<unsigned char>(text[at]) >= 0x80) return false;
    if (IsDigit(text[at]) && !number) return false;
    call.out += text[at++];
  }
  return found;
}

}  // namespace

void Ip(const Call& call) {
  constexpr std::size_t kIpv4Chars = 15;
  const bool read = Replace(call);
  if (read && call.out.size() <= call.room) return;
  if (read && call.unique) FailRoom(call, call.out.size());
  call.out.clear();
  if (call.unique || call.room < kIpv4Chars) return MakeShape(call, {});
  net::Address address;
  PutFour(kBenchmarks + static_cast<std::uint32_t>(call.Value("ip").Below(1 << 17)), address.raw);
  net::Append(address, call.out);
}

}  // namespace gdpr::fake
