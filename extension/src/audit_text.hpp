// SPDX-License-Identifier: PostgreSQL
// Values as the audit log writes them: the type's own text form, the same in every session.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

enum class TextWay {
  kBytes,  ///< the value's bytes are its text
  kName,
  kInt2,
  kInt4,
  kInt8,
  kBool,
  kUuid,
  kDate,
  kTimestamp,
  kTimestampTz,
  kFloat4,
  kFloat8,
  kBytea,
  kOutput,  ///< by the output function
  kCast,    ///< by a built-in cast to text
};

/// How values of a type become text. No code of users is called: output functions are a
/// superuser's, domains are looked through, casts count only where they are built in.
struct ValueText {
  TextWay way;
  bool settings;  ///< the output may depend on the session: only within BeginForms
  FmgrInfo function;
};

/// Finds out how values of `type` become text; functions live in `context`.
/// key  true: in the way of `value::text`, as keys of people are written, else as it is displayed
void SetValueText(ValueText* text, Oid type, bool key, MemoryContext context);

/// Appends the text: dates and times in ISO form, timestamptz in UTC, floats shortest, bytea hex.
void AppendText(StringInfo to, ValueText* text, Datum value);

/// One text form for all sessions where an output function asks the settings. Returns what EndForms
/// takes; an error ends it, too.
int BeginForms();
void EndForms(int nest_level);

}  // namespace gdpr::pg
