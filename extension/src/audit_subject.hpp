// SPDX-License-Identifier: PostgreSQL
// Whose row a changed row is: by its own key, or by the owned links of its table.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// A person to whom a changed row belongs.
struct Person {
  const char* subject_type;
  const char* key;  ///< canonical text: a single column's text, or a row literal
};

/// A row that belongs to more is taken as nobody's: what so many share says nothing of one of them,
/// and whoever fills in "unknown" must not write an event for each.
constexpr int kMostPeople = 1000;

/// What is declared for the rows of a relation; opaque.
struct Subjects;

/// What is known of one statement; opaque.
struct SubjectSearch;

/// Whether a type is one whose values are numbers wherever people are named by them.
bool IsInteger(Oid type);

/// Whether a link's column of base type `own` has the text of the key column `key` of the table of
/// people that it refers to, so that its value says whose a row is. single: the key's only column.
bool RepeatsKey(Oid own, Oid people, const char* key, bool single);

/// Reads what is declared for the rows of a relation: a partition or child has its ancestors' links
/// too. It lives in `context`, until the relation is invalidated: a change of links, or of tables
/// on their way, invalidates it. NULL: the rows are nobody's.
Subjects* ReadSubjects(Relation relation, MemoryContext context);

/// Begins a statement. What links lead to is asked once and remembered in `statement`.
SubjectSearch* BeginSubjects(Subjects* subjects, Relation relation, MemoryContext statement);

/// The people of one changed row, each once: those of the row before, then of the row after.
/// The slots hold the relation's row type; NULL for an insert's before and a delete's after.
/// Array and texts are in the current context. Tables on the way are read as their owners.
/// Returns how many, 0 for more than kMostPeople; errors quote no value.
int FindPeople(SubjectSearch* search, TupleTableSlot* before, TupleTableSlot* after,
               Person** people);

}  // namespace gdpr::pg
