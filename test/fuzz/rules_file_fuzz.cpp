// SPDX-License-Identifier: PostgreSQL
// Any text is a file of rules or an error with its line; what was read of it, written as labels, is
// read as the same again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "batch/copy/copy_rules_pack.hpp"
#include "batch/output/fault.hpp"

namespace {

using namespace gdpr::batch;  // NOLINT

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

std::string LabelsOf(const Pack& pack) {
  std::string text;
  for (const PackRule& rule : pack.rules) {
    text += "SECURITY LABEL FOR gdpr ON COLUMN ";
    if (!rule.relation.schema.empty()) text += Doubled(rule.relation.schema, '"') + ".";
    text += Doubled(rule.relation.name, '"') + "." + Doubled(rule.column, '"') + " IS ";
    text += rule.rule.empty() ? "NULL;\n" : Doubled(rule.rule, '\'') + ";\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Pack pack;
  try {
    pack = ParsePack(text, "rules.sql");
  } catch (const Fault& fault) {
    if (std::string_view(fault.what()).find(": line ") == std::string_view::npos) std::abort();
    return 0;
  }
  const Pack again = ParsePack(LabelsOf(pack), "again.sql");
  if (again.rules.size() != pack.rules.size()) std::abort();
  for (std::size_t i = 0; i < pack.rules.size(); ++i) {
    const PackRule &one = pack.rules[i], &other = again.rules[i];
    if (!(one.relation == other.relation) || one.column != other.column || one.rule != other.rule) {
      std::abort();
    }
  }
  return 0;
}
