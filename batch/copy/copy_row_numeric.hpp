// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

namespace gdpr::batch {

/// numeric as the server sends it, to the text that numeric_out() prints: appended.
/// out   false for bytes that are no numeric
bool NumericToText(std::string_view field, std::string& text);

/// Decimal text, also with an exponent, NaN or Infinity, to what numeric_recv() reads: appended.
/// out   false for a text that is no number
bool TextToNumeric(std::string_view text, std::string& field);

/// Digits before the point, without leading zeros.
int DigitsBeforePoint(std::string_view text);

}  // namespace gdpr::batch
