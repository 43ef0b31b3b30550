// SPDX-License-Identifier: PostgreSQL
// Who is at work, for the audit log.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Texts are in the current context; NULL: not named.
struct SessionFacts {
  NameData session_role;
  NameData acting_role;
  text* purpose;
  text* app_user;
  inet* client_address;  ///< lives as long as the backend
};

SessionFacts ReadSessionFacts();

/// The role in force. Behind functions of ours it is who called them.
Oid ActingRole();

/// Whether an erasure, or anything else that our engine does, is going on: also in a cascade or a
/// trigger that it set off, which must not write down what is just being erased.
bool EngineIsOpen();

}  // namespace gdpr::pg
