// SPDX-License-Identifier: PostgreSQL
// Work on a user's relation with no more rights than its owner's.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// One switch to a relation's owner. Lives on the stack of the C function that made it.
struct OwnerScope {
  OwnerScope* outer;
  Oid relation;
  Oid owner;
  Oid saved_user;
  int saved_context;
  bool engine;         // the guard trigger lets our own statements through
  const void* permit;  // first parameter of our statement with keyed profiles, which the owner may
                       // not use; NULL: it has none
};

/// Becomes the owner of `relation` in a restricted operation; a table's own row security is lifted.
/// Must be followed by LeaveOwner on success, and in PG_CATCH on error.
/// errors  42P01 when the relation is gone
void EnterOwner(OwnerScope& scope, Oid relation, bool engine);

/// Back to the user before EnterOwner.
void LeaveOwner(const OwnerScope& scope);

/// Whether execute_as_owner is at work on this very relation, or on one it is a partition or child
/// of. A trigger that it set off and that writes elsewhere is not the engine.
bool EngineAtWork(Relation relation);

/// Whether `profile`, as a function got it, is the parameter of a statement of ours with keyed
/// profiles. Nobody else can pass that very datum: what a table's owner planted in triggers,
/// checks, indexes, rules or domains that the statement sets off must not ask for fakes of guesses.
bool KeyedWork(const void* profile);

/// The innermost switch, or NULL.
const OwnerScope* CurrentScope();

/// The role that called our outermost function: who opened its door (door.hpp), or without one the
/// session's role, after SET ROLE.
/// errors  42501 where code runs as somebody else than who started the statement: in a
///         security-restricted operation (ours too) or a cascade of a foreign key. What a table's
///         owner planted there must not speak in another's name.
Oid Caller();

/// "schema"."name", or NULL when the relation is gone. Allocated in the current context.
char* RelationName(Oid relation);

/// Throws the caught error again without what may quote a value. Called in PG_CATCH; `relation` is
/// its quoted name, looked up before (no catalog is read in a failed transaction).
[[noreturn]] void ThrowScrubbed(MemoryContext context, const char* relation);

/// Within a GUC nest level: the owner's own search_path, so that the owner's code finds what it
/// finds in the owner's sessions and nothing that the caller planted.
void UseOwnersPath(Oid owner);

/// Within a GUC nest level: one text form of dates, intervals, floats and bytea for all sessions,
/// or a key written by one would not be found by another. Input is read as before.
void UseCanonicalForms();

/// The search_path that `role` gets when it logs in to this database, then pg_temp.
char* ConfiguredSearchPath(Oid role);

}  // namespace gdpr::pg
