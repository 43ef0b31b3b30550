// SPDX-License-Identifier: PostgreSQL
#include "extension/src/random.hpp"

#include <cstring>

#include "core/error.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Filled on first use, so never in the postmaster: two backends must not share it.
std::uint8_t pool[4096];
std::size_t left = 0;

}  // namespace

void BackendRandom::Fill(std::span<std::uint8_t> bytes) {
  if (bytes.size() > sizeof(pool)) throw Error{"XX000", "too many random bytes at once", "", ""};
  if (bytes.size() > left) {
    if (!pg_strong_random(pool, sizeof(pool))) {
      left = 0;
      throw Error{"XX000", "could not get random bytes from the system", "", ""};
    }
    left = sizeof(pool);
  }
  std::memcpy(bytes.data(), pool + left - bytes.size(), bytes.size());
  left -= bytes.size();
  std::memset(pool + left, 0, bytes.size());
}

}  // namespace gdpr::pg
