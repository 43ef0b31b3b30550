// SPDX-License-Identifier: PostgreSQL
// The key of this server: a file, and its fingerprint in the database.
#pragma once

#include <string_view>

#include "extension/src/pg.hpp"

namespace gdpr::pg {

constexpr int kKeyBytes = 32;
constexpr int kFingerprintBytes = 16;

/// The key itself. Whoever has it wipes it.
struct Master {
  uint8 bytes[kKeyBytes];
};

/// What the database knows of its key, and its own name among databases with the same key.
struct KnownKey {
  int32 id;
  char fingerprint[kFingerprintBytes + 1];
  pg_uuid_t instance;
};

extern char* key_file;         ///< gdpr.key_file
extern uint64 key_generation;  ///< another number: keys made from the file are stale

/// Assign hook of gdpr.key_file: the key in memory belongs to another file.
void ForgetKey(const char* path, void* extra);

/// The newest row of gdpr_internal.key_fingerprint.
/// errors  55000 no file configured, no key made
KnownKey RequireKnownKey();

/// Reads the file.
/// errors  55000 key missing, readable by others, or not the one this database knows
void LoadMaster(const KnownKey& known, Master* master);

/// Whether a base backup would take the directory along. `directory` is a real path.
bool InServerFiles(const char* directory);

/// HMAC of `value` for `domain` under the key, 64 hex digits, as text. Loads the file on first use.
/// errors  55000 key missing, readable by others, or not the one this database knows
text* KeyedDigestOf(std::string_view domain, std::string_view value);

/// The sub-key of keyed digests, for many of them at once: good until the next backend call. Loads
/// the file on first use.
/// errors  55000 key missing, readable by others, or not the one this database knows
const uint8 (&DigestKey())[kKeyBytes];

}  // namespace gdpr::pg
