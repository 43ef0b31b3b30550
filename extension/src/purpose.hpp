// SPDX-License-Identifier: PostgreSQL
// What a session works for: the purpose it names, and whether it may.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// gdpr.no_purpose
enum NoPurpose { kNoPurposeError, kNoPurposeEmpty };

extern int no_purpose;     ///< what a session without a purpose meets
extern int policy_memory;  ///< gdpr.policy_memory in kB

/// Defines the settings of consent and policies.
void DefinePolicySettings();

enum class Standing { kGranted, kUnnamed, kUnknown, kNotGranted };

/// What a role may do under the session's purpose, as of one snapshot.
struct Session {
  Oid user;
  Standing standing;
  int bit;  ///< of the purpose in the masks; kGranted only
};

/// The purpose that the session names, or "".
const char* SessionPurpose();

/// The tenant that the session names, or "".
const char* SessionTenant();

/// Whether that tenant was granted to the role.
bool IsTenantGranted(Oid user, Snapshot snapshot);

/// Looks the session's purpose and its grant up.
Session ReadSession(Oid user, Snapshot snapshot);

/// Raises what a standing other than kGranted means.
/// errors  PD008 none named, 42704 unknown, 42501 not granted
[[noreturn]] void RefuseSession(const Session& session);

/// What consent_setting says about a subject type; people without a record have the defaults.
struct TypeSetting {
  int64 default_allowed;
  int64 default_changeable;
  bool outside;  ///< the client is in none of the type's networks
};

TypeSetting ReadTypeSetting(const char* subject_type, Snapshot snapshot);

/// Raises 42501: people of this type are not processed from the client's network.
[[noreturn]] void RefuseNetwork(const char* subject_type);

}  // namespace gdpr::pg
