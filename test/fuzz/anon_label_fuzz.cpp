// SPDX-License-Identifier: PostgreSQL
// Any text is a script of pg_dump with some labels of PostgreSQL Anonymizer, or none; and any text
// is a label. Each has a rule or a reason, and its statement is read as the same column and rule.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "batch/anon/anon_rule.hpp"
#include "batch/copy/copy_rules_pack.hpp"
#include "batch/copy/sql_lexer.hpp"
#include "batch/output/fault.hpp"

namespace {

using namespace gdpr::batch;  // NOLINT

void CheckLexer(std::string_view text) {
  SqlLexer lexer(text);
  for (std::size_t at = 0;; at = lexer.at()) {
    if (lexer.Next().type == SqlToken::Type::kEnd) return;
    if (lexer.at() <= at || lexer.at() > text.size()) std::abort();
  }
}

void Check(const AnonLabel& label) {
  const AnonProposal proposal = ProposeRule(label);
  if (proposal.rule.empty() == proposal.reason.empty()) std::abort();
  if (proposal.rule.empty()) return;
  const Pack pack = ParsePack(ClassifyStatement(label, proposal.rule), "rules.sql");
  if (pack.rules.size() != 1) std::abort();
  const PackRule& read = pack.rules[0];
  const std::string schema = label.column.size() == 3 ? label.column[0] : "";
  if (read.rule != proposal.rule || read.column != label.column.back() ||
      read.relation.schema != schema ||
      read.relation.name != label.column[label.column.size() - 2]) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckLexer(text);
  for (const AnonLabel& label : ReadAnonLabels(text, "anon")) Check(label);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos || line == 0) return 0;
  const std::string column(text.substr(0, line));
  Check({{"Sch\"ema", "table", column}, "", std::string(text.substr(line + 1))});
  return 0;
}
