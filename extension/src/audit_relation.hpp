// SPDX-License-Identifier: PostgreSQL
// What the audit triggers must know of a relation, cached in the backend.
#pragma once

#include "extension/src/audit_subject.hpp"
#include "extension/src/audit_text.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// One column of an audited relation.
struct AuditColumn {
  AttrNumber number;
  bool by_value;
  int16 length;
  bool untold;                ///< classified, of which names only are written
  const char* digest_domain;  ///< classified, of which keyed digests are written; else NULL
  ValueText text;
};

/// An audited relation. Valid until it changes.
struct AuditedRelation {
  MemoryContext context;
  bool valid;
  bool replaced;  ///< by a newer one; who used it last frees it
  int users;      ///< triggers at work with it: it must not be freed below them
  bool audited;   ///< by itself or as part of another one
  bool replicated;
  bool settings;  ///< some text form depends on the session: BeginForms
  int count;
  AuditColumn* columns;  ///< ascending numbers
  int key_count;         ///< of the primary key; 0: there is none
  AuditColumn* key;
  Subjects* subjects;  ///< NULL: rows are nobody's
  int32 shape;
};

/// Looks a relation up; users++ is the caller's, and DoneWith() afterwards.
AuditedRelation* FindAudited(Relation relation);
void DoneWith(AuditedRelation* audited);

/// Registers the callbacks that forget what was looked up.
void RegisterAudit();

/// Whether this transaction wrote a shape; at its end, false again.
extern bool shape_written;

/// The number of the relation's state in gdpr_internal.audit_shape; written there if it is new.
int32 FindShape(Relation relation);

}  // namespace gdpr::pg
