// SPDX-License-Identifier: PostgreSQL
// Any bytes are a rule or an Error; a rule's canonical text is a rule again, and the same one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/rule.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const gdpr::Rule rule = gdpr::ParseRule(text);
    if (!(gdpr::ParseRule(gdpr::FormatRule(rule)) == rule)) std::abort();
  } catch (const gdpr::Error& error) {
    if (error.sqlstate.size() != 5 || error.message.empty()) std::abort();
  }
  return 0;
}
