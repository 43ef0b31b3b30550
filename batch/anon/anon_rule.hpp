// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gdpr::batch {

/// A rule of PostgreSQL Anonymizer: the label of a column, or of something else.
struct AnonLabel {
  std::vector<std::string> column;  ///< schema, table, column; table, column; empty: no column
  std::string object;               ///< what else it is on: "role …"
  std::string label;
};

/// What it is in the words of pg_gdpr.
struct AnonProposal {
  std::string rule;    ///< kind and treatments; empty: it cannot be said
  std::string from;    ///< the function it was: anon.fake_email()
  std::string reason;  ///< why there is no rule
};

/// Reads MASKED WITH FUNCTION …, MASKED WITH VALUE … and NOT MASKED. A function says what a column
/// holds (fake_email) or how much of it is shown (partial); where it says only the latter, the
/// column's name says the former. Executes nothing.
AnonProposal ProposeRule(const AnonLabel& label);

/// The labels of a provider in a script that pg_dump wrote. Data of tables is passed over.
std::vector<AnonLabel> ReadAnonLabels(std::string_view script, std::string_view provider);

/// SELECT gdpr.classify('schema.table', 'column', 'rule');
std::string ClassifyStatement(const AnonLabel& label, std::string_view rule);

}  // namespace gdpr::batch
