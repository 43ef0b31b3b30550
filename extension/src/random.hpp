// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>

#include "core/treat.hpp"

namespace gdpr::pg {

/// Bytes of the system's strong generator, drawn from a buffer: one call per value would cost more
/// than the value. A byte is handed out once and wiped. Throws Error when there is no entropy.
class BackendRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace gdpr::pg
