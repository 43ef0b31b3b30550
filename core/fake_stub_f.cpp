// SPDX-License-Identifier: PostgreSQL
#include "fake_makers.hpp"

namespace gdpr::fake {

void Phone(const Call& call) {
  Words(call);
}

}  // namespace gdpr::fake
