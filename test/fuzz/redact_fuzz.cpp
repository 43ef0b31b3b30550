// SPDX-License-Identifier: PostgreSQL
// Free text: lines up to an empty one are the person's own values, the rest is the text. An own
// name that stands alone must be gone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/redact.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> own;
  while (!text.empty() && own.size() < 20) {
    const std::size_t end = text.find('\n');
    if (end == 0 || end == std::string_view::npos) break;
    own.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (gdpr::Redact(text, own).size() > 20 * text.size() + 20) std::abort();
  own.push_back("Jolanda");
  const std::string with_name = std::string(text) + " jolanda ";
  if (gdpr::Redact(with_name, own).ends_with(" jolanda ")) std::abort();
  return 0;
}
