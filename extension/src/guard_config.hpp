// SPDX-License-Identifier: PostgreSQL
// What the guard trigger must know of a relation, cached in the backend.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// How a type's value becomes text in the way of `value::text`.
struct TextForm {
  FmgrInfo function;
  bool relabel;  ///< the value is a text already (varchar, citext)
  bool output;   ///< the type's output function, else a cast function
};

/// One column of a link.
struct LinkColumn {
  AttrNumber number;  ///< in the guarded relation
  Oid type;           ///< its base type
  Oid parent_type;    ///< the base type to compare as; the canonical text is this type's
  TextForm own_form;
  TextForm parent_form;
  char* parent_column;
  FmgrInfo input;  ///< of parent_type, when the types differ
  Oid input_param;
};

struct Redirect {
  AttrNumber number;
  char* text;
  bool known;  ///< value was made of the text; by the relation's owner, since a domain may check it
  Datum value;
};

/// One reason why a row of the relation may belong to a frozen person.
struct GuardTarget {
  char* subject_type;
  int32 link;
  Oid parent;  ///< InvalidOid: the relation is the subject's own
  char* parent_name;
  int column_count;
  LinkColumn* columns;
  AttrNumber discriminator;  ///< 0: none
  TextForm discriminator_form;
  char* discriminator_value;
  /// Equal values may have different texts (citext, numeric): the parent's own text counts.
  bool loose;
  /// Users' code or the session's settings take part: search_path and text forms are pinned.
  bool pinned;
  bool by_value;        ///< probe frozen_value(link, value), else frozen(subject_type, subject_key)
  char* digest_domain;  ///< NULL: keys are stored as they are
  int redirect_count;
  Redirect* redirects;
  SPIPlanPtr lock_plan;  ///< takes the parent rows FOR KEY SHARE
  SPIPlanPtr look_plan;  ///< loose: reads them
};

/// All targets of one relation. Valid until it changes.
struct Guard {
  MemoryContext context;
  bool valid;
  int users;  ///< triggers at work with it: it must not be freed below them
  int count;
  GuardTarget* targets;
  Oid frozen;
  Oid frozen_index;
  Oid frozen_value;
  Oid frozen_value_index;
};

/// The guard of a relation (a leaf gets its ancestors' targets). Errors: 55000 when a declared
/// column is gone: a row that cannot be checked is not let through.
Guard* FindGuard(Relation relation);

/// How `value::text` is done for values of a type; the function lives in `context`.
void SetTextForm(TextForm* form, Oid type, MemoryContext context);

/// `OPERATOR(schema.name)` of an operator.
const char* EqualityOperator(Oid number);

/// Registers the invalidation callback.
void RegisterGuardCache();

}  // namespace gdpr::pg
