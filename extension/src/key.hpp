// SPDX-License-Identifier: PostgreSQL
// The key of this server: a file, and its fingerprint in the database.
#pragma once

#include <string_view>

#include "extension/src/pg.hpp"

namespace gdpr::pg {

extern char* key_file;  ///< gdpr.key_file

/// Assign hook of gdpr.key_file: the key in memory belongs to another file.
void ForgetKey(const char* path, void* extra);

/// HMAC of `value` for `domain` under the key, 64 hex digits, as text. Loads the file on first use.
/// errors  55000 key missing, readable by others, or not the one this database knows
text* KeyedDigestOf(std::string_view domain, std::string_view value);

}  // namespace gdpr::pg
