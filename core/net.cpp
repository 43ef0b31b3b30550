// SPDX-License-Identifier: PostgreSQL
#include "net.hpp"

#include <algorithm>
#include <charconv>

namespace gdpr::net {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads one group of up to four hex digits; returns its length, 0 if there is none.
std::size_t ReadGroup(std::string_view text, std::size_t at, unsigned& group) {
  std::size_t length = 0;
  group = 0;
  while (at + length < text.size() && HexValue(text[at + length]) >= 0) {
    if (++length > 4) return 0;
    group = group << 4 | static_cast<unsigned>(HexValue(text[at + length - 1]));
  }
  return length;
}

}  // namespace

std::size_t ReadIpv4(std::string_view text, std::size_t at, Address& address) {
  address.family = 4;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (at >= text.size() || text[at] != '.') return 0;
      ++at;
    }
    unsigned number = 0;
    std::size_t length = 0;
    while (at < text.size() && IsDigit(text[at]) && length < 3) {
      number = number * 10 + static_cast<unsigned>(text[at++] - '0');
      ++length;
    }
    // A leading zero is octal to some readers, and rather part of a telephone number.
    const bool zero_first = length > 1 && text[at - length] == '0';
    if (length == 0 || number > 255 || zero_first) return 0;
    address.raw[i] = static_cast<std::uint8_t>(number);
  }
  return at < text.size() && IsDigit(text[at]) ? 0 : at;
}

std::size_t ReadIpv6(std::string_view text, std::size_t at, Address& address) {
  address.family = 6;
  std::array<unsigned, 8> groups{};
  std::size_t count = 0;
  std::size_t gap = 9;  // the group before which "::" stands; 9 = none
  const auto colons = [&] { return text.substr(at, 2) == "::"; };
  if (colons()) {
    gap = 0;
    at += 2;
  }
  while (count < 8) {
    unsigned group = 0;
    Address tail;
    const std::size_t length = ReadGroup(text, at, group);
    if (length == 0) break;
    const std::size_t tail_end = count <= 6 ? ReadIpv4(text, at, tail) : 0;
    if (tail_end != 0) {
      groups[count++] = static_cast<unsigned>(tail.raw[0] << 8 | tail.raw[1]);
      groups[count++] = static_cast<unsigned>(tail.raw[2] << 8 | tail.raw[3]);
      at = tail_end;
      break;
    }
    groups[count++] = group;
    at += length;
    if (colons() && gap == 9) {
      gap = count;
      at += 2;
    } else if (count < 8 && at + 1 < text.size() && text[at] == ':' &&
               HexValue(text[at + 1]) >= 0) {
      ++at;
    } else {
      break;
    }
  }
  if (gap == 9 ? count != 8 : count > 7) return 0;
  if (gap != 9) {
    std::rotate(groups.begin() + static_cast<std::ptrdiff_t>(gap),
                groups.begin() + static_cast<std::ptrdiff_t>(count), groups.end());
  }
  for (std::size_t i = 0; i < 8; ++i) {
    address.raw[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    address.raw[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
  }
  return at;
}

void KeepBits(Address& address, int bits) {
  for (std::size_t i = 0; i < address.raw.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    address.raw[i] &= static_cast<std::uint8_t>(0xFF << (8 - kept));
  }
}

void Append(const Address& address, std::string& out) {
  char digits[8];
  const auto put = [&](unsigned number, int base) {
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr);
  };
  if (address.family == 4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) out.push_back('.');
      put(address.raw[i], 10);
    }
    return;
  }
  const auto group = [&](std::size_t i) {
    return static_cast<unsigned>(address.raw[2 * i] << 8 | address.raw[2 * i + 1]);
  };
  std::size_t best = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out.append("::");
      i += best_length - 1;
      continue;
    }
    if (i > 0 && i != best + best_length) out.push_back(':');
    put(group(i), 16);
  }
}

}  // namespace gdpr::net
