// SPDX-License-Identifier: PostgreSQL
// Who called a function that checks ownership.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct OwnerScope;

/// Who called a function of ours, noted by the C function that was called.
struct Door {
  Door* outer;
  Oid caller;
  const OwnerScope* scope;  ///< what we worked on when the door was opened
};

/// Notes the current user as the caller. Must be followed by CloseDoor, on errors too.
void OpenDoor(Door& door);
void CloseDoor(const Door& door);

/// The role that opened the innermost door, or InvalidOid when none was opened since `scope` began.
Oid DoorCaller(const OwnerScope* scope);

}  // namespace gdpr::pg
