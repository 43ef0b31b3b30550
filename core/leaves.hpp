// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

// Documents treated in one pass over their text. No document tree is built and nothing recurses:
// a tree of a hostile document costs memory many times its size, breaks number spellings and
// duplicate keys, and its depth would be the server's stack. Internal to core.
namespace gdpr::leaves {

/// JSON with every leaf replaced (string "Anonymized", number 0, boolean false; null stays); keys
/// and blanks stay. False, with `out` unspecified, if it is not JSON or nested too deep.
bool ReplaceJson(std::string_view json, std::string& out);

/// XML (document or content) with texts, attribute values, CDATA, comments and processing
/// instructions replaced; elements, attribute names and namespace declarations stay, a DOCTYPE
/// goes (its entities hold text). False if it is not well-formed.
bool ReplaceXml(std::string_view xml, std::string& out);

/// Whichever of the two a text column holds; false if it holds neither.
bool ReplaceAny(std::string_view text, std::string& out);

/// Appends text as it stands inside a JSON string.
void EscapeJson(std::string_view text, std::string& out);

/// Appends the text of a JSON string's inside.
void UnescapeJson(std::string_view raw, std::string& out);

/// Appends text with the five characters escaped.
void EscapeXml(std::string_view text, std::string& out);

/// Appends text with character references and the five named entities replaced; what is none of
/// them stays.
void UnescapeXml(std::string_view raw, std::string& out);

}  // namespace gdpr::leaves
