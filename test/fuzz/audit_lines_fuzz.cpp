// SPDX-License-Identifier: PostgreSQL
// Any lines are an export of the audit log or none, and none of them is sound without a seal's
// signature; any text is a proof or none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "batch/audit/audit_lines.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const gdpr::batch::AuditTrust trust{{std::string(32, 'k')}, {}, {}};
  std::string event;
  std::int64_t seal = 0;
  if (gdpr::batch::CheckProof(text, trust, event, seal) == "ok") std::abort();
  gdpr::batch::AuditLines lines(trust);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (!lines.Add(text.substr(0, end))) return 0;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  lines.Finish();
  if (lines.seals() > 0 && lines.IsSound()) std::abort();
  return 0;
}
