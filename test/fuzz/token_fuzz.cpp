// SPDX-License-Identifier: PostgreSQL
// Any text is no token, unless it is the one text that its content is sealed to. The same bytes as
// a content are sealed and come back, and one changed character is found.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/token.hpp"

namespace {

gdpr::TokenContent ContentOf(std::string_view bytes) {
  gdpr::TokenContent content;
  for (std::string* text :
       {&content.subject_type, &content.purpose, &content.form, &content.subject_key}) {
    const std::size_t line = bytes.find('\n');
    text->assign(bytes.substr(0, line));
    bytes.remove_prefix(line == std::string_view::npos ? bytes.size() : line + 1);
  }
  content.issued_at = static_cast<std::int64_t>(content.subject_key.size()) - 100;
  content.expires_at = ~content.issued_at;
  content.form_version = static_cast<std::int32_t>(content.form.size()) - 2;
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gdpr::Key master{7};
  static gdpr::TokenBox box(master, "fuzz", 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto content = box.Open(bytes)) {
    if (box.Seal(*content) != bytes) std::abort();
  }
  const gdpr::TokenContent content = ContentOf(bytes);
  try {
    std::string token = box.Seal(content);
    if (token.size() > gdpr::kTokenChars || box.Open(token) != content) std::abort();
    const std::size_t at = size % token.size();
    token[at] = token[at] == 'A' ? 'B' : 'A';
    if (box.Open(token)) std::abort();
  } catch (const gdpr::Error& error) {
    if (error.sqlstate != "54000" || size < 600) std::abort();
  }
  return 0;
}
