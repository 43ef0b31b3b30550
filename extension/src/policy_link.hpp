// SPDX-License-Identifier: PostgreSQL
// Links that do not hold a person's key: the way from a row's values to people, table by table.
#pragma once

#include "extension/src/guard_config.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct Hop;

/// A way on from the rows of a hop's parent.
struct WayUp {
  Hop* hop;
  int first_column;           ///< of its link's columns in the result of reading the parent
  char* discriminator_value;  ///< NULL: every row is of this link; else the column after them
};

/// One link on the way: its columns, and how the parent's rows are read.
struct Hop {
  Hop* below;  ///< the hop before, nearer to the row
  int link;
  Oid relation;  ///< whose columns the values come from
  char* relation_name;
  Oid parent;
  char* parent_name;
  int column_count;
  LinkColumn* columns;
  bool is_people;  ///< the parent is the table of people: its key is read
  bool converts;   ///< the parent's columns are of other types
  bool pinned;     ///< users' code takes part: the owner's search_path is set
  int way_count;
  WayUp* ways;
  int result_count;
  char* query;
  SPIPlanPtr plan;
};

/// A whole way, with the subject type that it leads to.
struct Way {
  MemoryContext context;  ///< everything here lives in it; plans go with it
  Hop* first;
  char* subject_type;
  int key_count;
  Oid key_types[INDEX_MAX_KEYS];
};

/// Reads what is declared of a link. `types` are those of the values that the policy passes.
/// errors  55000 when the link, a table or a column of it is gone
Way* ReadWay(MemoryContext home, int link, int value_count, const Oid* types);

/// One row of a parent: hop->result_count columns.
struct ParentRow {
  Datum* values;
  bool* nulls;
};

/// The parent's rows that the values lead to, read as the parent's owner with the active snapshot;
/// what casts the values to the parent's types is the other owner's code, and runs as that owner.
/// Returns a list of ParentRow in the current context; NIL also where no such value can exist.
List* ReadParentRows(Hop* hop, const Datum* values);

}  // namespace gdpr::pg
