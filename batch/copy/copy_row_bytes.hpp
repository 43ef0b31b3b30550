// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Numbers in network order, as everything in PostgreSQL's protocol.
namespace gdpr::batch {

/// in   at least sizeof(T) bytes
template <std::unsigned_integral T>
T Load(const char* from) {
  T number;
  std::memcpy(&number, from, sizeof number);
  if constexpr (std::endian::native == std::endian::little && sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(number));
  if constexpr (std::endian::native == std::endian::little && sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(number));
  if constexpr (std::endian::native == std::endian::little && sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(number));
  return number;
}

template <std::unsigned_integral T>
void Store(T number, char* to) {
  number = Load<T>(reinterpret_cast<const char*>(&number));
  std::memcpy(to, &number, sizeof number);
}

template <std::unsigned_integral T>
void Append(T number, std::string& out) {
  char bytes[sizeof(T)];
  Store(number, bytes);
  out.append(bytes, sizeof bytes);
}

}  // namespace gdpr::batch
