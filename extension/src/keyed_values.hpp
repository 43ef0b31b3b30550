// SPDX-License-Identifier: PostgreSQL
// Profiles fake and pseudonym: who may use them, and the keys they use.
#pragma once

#include "core/keyed.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Stops whoever may not use keyed profiles: with an answer for every guess, a reader could test
/// guesses. Superusers and bundle operator may; and a statement that they had the engine run as a
/// table's owner (KeyedWork), which `profile` is the argument for. `allowed`: the role that was let
/// through last, or InvalidOid; kept by the caller, so that a query asks once.
/// errors  42501
void CheckKeyedRights(Oid* allowed, const void* profile);

/// The keys of fakes and pseudonyms, made once for each backend and key. Good until the next
/// backend call. Loads the file on first use.
/// errors  55000 key missing, readable by others, or not the one this database knows
Keyed* BackendKeys();

/// Keys that everybody knows, for questions whose answer does not depend on the key.
Keyed* NobodysKeys();

/// The key in memory belongs to another file: what was made of it is wiped.
void ForgetKeyedValues();

}  // namespace gdpr::pg
