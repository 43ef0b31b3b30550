// SPDX-License-Identifier: PostgreSQL
// From a changed row's link values to people, by way of other tables.
#pragma once

#include "extension/src/guard_config.hpp"
#include "extension/src/policy_link.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// A way as it is declared, with the text forms of the key that it leads to.
struct AuditWay {
  Way* way;
  TextForm forms[INDEX_MAX_KEYS];
};

/// What is known of one statement's values; opaque.
struct WaySearch;

/// How a key column's value becomes text: alone by its cast, in a row literal by its output.
void SetKeyForm(TextForm* form, Oid type, bool single, MemoryContext context);

/// The canonical text of a key in the current context. Key types are built in: this runs nobody's
/// code.
char* KeyText(TextForm* forms, int count, const Datum* values);

/// Appends a field of a row literal as record_out writes it.
void AppendField(StringInfo buffer, const char* text);

/// The text of a value of the relation, whose cast is the code of the relation's owner.
char* TextAsOwner(Relation relation, TextForm* form, Datum value);

/// Reads what is declared of a link. Lives in `context`, plans too.
/// errors  55000 when the link, or a table or column on the way, is gone
AuditWay* ReadAuditWay(MemoryContext context, int link, int count, const Oid* types);

/// Begins a statement: what values lead to is remembered in `statement`, within a few megabytes.
WaySearch* BeginWay(AuditWay* way, MemoryContext statement);

/// The keys of the people whom the values lead to: a list of char* that lives until the next call.
/// By what is committed now and what this transaction did; where the way ends at a row that is
/// gone (a cascade deletes the parent first), by what was there before.
/// out     dead_end (may be NULL): nobody, because the way ends at a row that is not there
List* FollowWay(WaySearch* search, const Datum* values, bool* dead_end = nullptr);

}  // namespace gdpr::pg
