// SPDX-License-Identifier: PostgreSQL
// Digests of queries (core/query_digest.hpp) for what records reads.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// The digest of a query without its values.
/// in      one statement's text (of several in a string: its part), as it came from the client
/// out     false: there was no memory for it. Raises nothing, and calls nothing of the server.
bool DigestOfQuery(const char* text, std::size_t size, int64* digest);

}  // namespace gdpr::pg
