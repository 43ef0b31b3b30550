// SPDX-License-Identifier: PostgreSQL
// From a row to the people whose it is.
#pragma once

#include "extension/src/access_record.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct CaptureNode {
  CaptureNode* next;  ///< of the same statement
  PlanState* state;
  ExecProcNodeMtd original;
  Capture* capture;
  Target* target;
  AttrNumber* places;       ///< of an index-only scan: by column, its place in the index; 0: none
  TupleTableSlot* fetched;  ///< of one whose index lacks a column: the row itself
};

/// What an index-only scan of a relation has of the columns that say whose a row is.
void MapIndex(CaptureNode* node, Relation relation);

/// Takes the people of the row in the node's scan slot.
/// errors  PD012
void NoteRow(CaptureNode* node);

/// The same, without raising anything or calling what could; where a row cannot be read so, people
/// are unknown. Rows in their slots passed the scan, but the one that is looked at just now.
void NoteCurrentRow(CaptureNode* node);

inline int64 IntegerOf(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return DatumGetInt16(value);
    case INT4OID:
      return DatumGetInt32(value);
    default:
      return DatumGetInt64(value);
  }
}

inline int64 NumberOf(const AccessWay* way, Datum value) {
  return IntegerOf(way->types[0], value);
}

}  // namespace gdpr::pg
