// SPDX-License-Identifier: PostgreSQL
// JSON and XML: what is accepted comes out as something that is accepted and erased already.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/leaves.hpp"
#include "core/redact.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string once;
  std::string twice;
  if (gdpr::leaves::ReplaceJson(text, once)) {
    if (!gdpr::leaves::ReplaceJson(once, twice) || once != twice) std::abort();
  }
  if (gdpr::leaves::ReplaceXml(text, once)) {
    if (!gdpr::leaves::ReplaceXml(once, twice) || once != twice) std::abort();
  }
  const std::string_view own[] = {"Anne Marie", "0612345678", "a"};
  if (!gdpr::leaves::ReplaceJson(gdpr::RedactJson(text, own), once)) std::abort();
  if (!gdpr::leaves::ReplaceXml(gdpr::RedactXml(text, own), once)) std::abort();
  return 0;
}
