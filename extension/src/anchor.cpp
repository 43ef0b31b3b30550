// SPDX-License-Identifier: PostgreSQL
#include "extension/src/anchor.hpp"

namespace gdpr::pg {

void WriteAnchor(int64*) {}

}  // namespace gdpr::pg
