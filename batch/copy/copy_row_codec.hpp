// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

#include "batch/copy/copy_row_types.hpp"
#include "core/value.hpp"

// Fields of COPY BINARY to core's values and back: the same as the extension's ReadDatum() and
// MakeDatum() do with datums.
namespace gdpr::batch::codec {

/// in      type that is no array; a field that is not NULL, its strings in UTF-8
/// out     a view of the field or of `scratch`, whose memory is used again
/// throws  Damaged
gdpr::Value Read(const CopyType& type, std::string_view field, std::string& scratch);

/// Appends the result, whose state is kValue, without its length.
/// throws  Misfit
void Write(const CopyType& type, const gdpr::Result& result, std::string& out);

/// Why the column would not take the result; nullptr if it will. `typmod` is the column's own.
/// A text that is too long would be the server's error, which quotes what it does not take.
const char* Misfitting(const CopyType& type, std::int32_t typmod, const gdpr::Result& result);

/// The bytes are not what the type sends.
struct Damaged {};
/// The result is not of the type: its reason.
struct Misfit {
  const char* reason;
};

}  // namespace gdpr::batch::codec
