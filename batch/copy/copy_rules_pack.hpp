// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gdpr::batch {

/// A table as a pack names it: schema empty where none is written.
struct PackName {
  std::string schema, name;
  bool operator==(const PackName&) const = default;
};

/// What a column holds: gdpr.classify() or SECURITY LABEL.
struct PackRule {
  PackName relation;
  std::string column, rule;  ///< rule in canonical form; empty: the label is taken away
  int line = 0;
};

/// Columns that say which rows belong together: a link's, and those of its parent they repeat.
struct PackLink {
  std::string subject_type;
  PackName relation, parent;                         ///< no name: the subject's own table
  std::vector<std::string> columns, parent_columns;  ///< parent's empty: its key
  std::string discriminator;
  int line = 0;
};

struct PackSubject {
  std::string subject_type;
  PackName relation;
  std::vector<std::string> key;  ///< empty: the primary key
  int line = 0;
};

/// Rules as gdpr.export_rules() prints them, read and never executed.
struct Pack {
  std::vector<PackRule> rules;
  std::vector<PackSubject> subjects;
  std::vector<PackLink> links;
};

/// Reads the statements of a pack: SECURITY LABEL FOR gdpr ON COLUMN, SELECT gdpr.classify(…), also
/// over a list of VALUES; of subjects and links it keeps which columns they need; other
/// declarations of gdpr's are passed over.
/// throws  Fault kConfiguration with the line of whatever else stands there
Pack ParsePack(std::string_view text, const std::string& file);

/// A name as in SQL: parts with points between them, in double quotes or folded.
/// out   false for a text that is no such name
bool ReadName(std::string_view text, std::vector<std::string>& parts);

}  // namespace gdpr::batch
