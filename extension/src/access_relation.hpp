// SPDX-License-Identifier: PostgreSQL
// Which relations' reads are audited, and whose their rows are: cached in the backend. Looked up
// with catalog snapshots only: it works in parallel workers, on a standby and in any transaction.
#pragma once

#include "extension/src/audit_text.hpp"
#include "extension/src/spool.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// How a column's value is compared with the text that makes a row one of a link's.
enum class Discriminated {
  kNot,   ///< every row is of the link
  kText,  ///< text and what has its bytes; char(n) without its blanks
  kName,
  kNumber,  ///< also the number of an enum's label
};

/// One way from a relation's rows to people.
struct AccessWay {
  const char* subject_type;
  int32 link;     ///< 0: the columns are the person's key; else the drain follows this link
  uint8 form;     ///< of a place: 1 whole numbers, 2 texts; 0 cannot be read: people unknown
  bool settings;  ///< some text depends on the session: BeginForms
  int count;      ///< of columns
  AttrNumber numbers[INDEX_MAX_KEYS];
  Oid types[INDEX_MAX_KEYS];  ///< without domains
  ValueText texts[INDEX_MAX_KEYS];
  AttrNumber discriminator;
  Oid discriminator_type;
  Discriminated discriminated;
  const char* discriminator_text;
  int64 discriminator_number;
};

struct AccessPlaces;

/// A relation whose reads are audited. Stays until it is released, also when it changed.
struct AccessRelation {
  MemoryContext context;
  bool valid;
  bool replaced;  ///< by a newer one, or not audited any more: who uses it last frees it
  int users;
  Oid oid;
  const char* schema;
  const char* name;
  bool toast;     ///< stands for the long values of the relation: they may be anybody's
  bool detached;  ///< was a part of another one, whose declaration said whose its rows are
  bool log;       ///< of the audit itself: likewise, and only what is read by queries counts
  int ancestor_count;
  Oid* ancestors;  ///< itself, and what it is a partition or child of
  int way_count;
  AccessWay* ways;
  AccessPlaces* places;  ///< that statements asked for so far
  int place_count;
};

/// The places of one relation for one choice of columns: one for each way, at least one.
struct AccessPlaces {
  AccessPlaces* next;
  Bitmapset* columns;
  int bytes;  ///< no more than this says all of them to the spool
  AccessPlace places[FLEXIBLE_ARRAY_MEMBER];
};

/// The relation, or NULL where its reads are not audited: one look into a table then. In normal
/// context, within a transaction.
AccessRelation* FindAccess(Oid relation);

/// Between them the relation, its ways and places stay where they are. Neither raises.
inline void HoldAccess(AccessRelation* access) {
  access->users++;
}
void ReleaseAccess(AccessRelation* access);

/// The places of a relation for the columns that a statement names: attribute numbers less
/// FirstLowInvalidHeapAttributeNumber, as in range tables. In normal context.
AccessPlaces* FindPlaces(AccessRelation* access, Relation relation, Bitmapset* columns);

/// The role that owns pg_gdpr, or InvalidOid where there is none.
Oid AccessOwner();

/// Registers the callbacks that forget what was looked up.
void RegisterAccess();

}  // namespace gdpr::pg
