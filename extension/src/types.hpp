// SPDX-License-Identifier: PostgreSQL
// The server's types as core's value classes.
#pragma once

#include "core/value.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// What there is to know of a type, as plain data. Lives in the memory context it was read into.
struct TypeInfo {
  Oid type;       ///< as declared: maybe a domain
  Oid base;       ///< without domains
  bool domain;    ///< results are checked against its constraints
  void* checked;  ///< domain_check's cache
  ValueClass cls;
  int integer_bytes;
  bool floating;
  int text_bytes;
  int scale;
  bool any_case;
  char** labels;  ///< enum
  int label_count;
  TypeInfo* element;  ///< arrays: what they hold; NULL for everything else
  int16 length;       ///< storage of the base type
  bool by_value;
  char align;
};

/// Reads the type. Errors: the server's own for a type that is gone.
TypeInfo* ReadType(Oid type, MemoryContext context);

/// The same for core; of an array, its elements' facts. Throws std::bad_alloc.
TypeFacts MakeFacts(const TypeInfo& type);

/// The most characters that varchar(n), char(n) take, or the digits before the point of
/// numeric(p,s); 0 for none.
int LengthOfTypmod(Oid base, int32 typmod);

/// Bytes of the server's encoding in UTF-8: the same bytes, or a copy in the current context.
std::string_view ToCore(const char* bytes, std::size_t size);

/// The bytes of a text datum, in UTF-8.
std::string_view TextView(Datum datum);

/// The same for what digests are made of: a text that cannot be converted (an encoding with undefined
/// bytes lets it be stored) gives its bytes as they are after the byte 0xFF, which no UTF-8 has, and no
/// error. Else one such text would stop the sealing of the audit log.
std::string_view ToCoreAnyway(const char* bytes, std::size_t size);
std::string_view TextViewAnyway(Datum datum);

/// Looks at a datum as core's value: it points into the datum or into the current context.
/// `type` is not an array.
Value ReadDatum(const TypeInfo& type, Datum datum);

/// Makes a datum of core's result, whose state is kValue.
Datum MakeDatum(const TypeInfo& type, const Result& result);

}  // namespace gdpr::pg
