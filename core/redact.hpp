// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gdpr {

/// Free text with what identifies people replaced: `[email]`, `[phone]`, `[iban]`, `[card]`,
/// `[ip]`, and `[redacted]` for the person's own values and the user part of a URL.
///
/// `own` holds the person's values in any spelling: names match as whole words without regard to
/// case, accents or the blanks and hyphens between them; phones by their digits, with or without
/// country code; other numbers with or without separators; dates (YYYY-MM-DD) in numeric
/// spellings. Single letters and numbers below three digits are left alone, or every "a" and "12"
/// of the text would go. Linear in the text. Bytes that are not UTF-8 pass through untouched.
std::string Redact(std::string_view text, std::span<const std::string_view> own);

/// The same inside a JSON document: keys, strings, and numbers that a detector recognises
/// (replaced by 0). A document that cannot be read becomes one JSON string "Anonymized".
std::string RedactJson(std::string_view json, std::span<const std::string_view> own);

/// The same inside an XML document or content: text, attribute values, CDATA, comments and
/// processing instructions. What cannot be read becomes the text "Anonymized".
std::string RedactXml(std::string_view xml, std::span<const std::string_view> own);

}  // namespace gdpr
