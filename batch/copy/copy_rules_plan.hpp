// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "batch/copy/copy.hpp"
#include "batch/copy/copy_row_types.hpp"
#include "batch/copy/copy_rules_catalog.hpp"
#include "batch/copy/copy_rules_pack.hpp"
#include "batch/copy/copy_table.hpp"
#include "core/rule.hpp"

// From the catalog, the rules and what the user asked for to what happens to each column.
namespace gdpr::batch {

/// What the source itself says of a classified column: gdpr.effective_rule(). std::nullopt: it has
/// no answer. A Fault means that the column cannot take its treatment.
using EffectiveRule =
    std::function<std::optional<std::string>(std::uint32_t relation, const std::string& column)>;

/// throws  Fault kConfiguration that lists what is in the way
std::vector<CopyTable> MakePlan(const PlanCatalog& catalog, const CatalogTypes& types,
                                const Pack& declared, const CopyOptions& options,
                                const EffectiveRule& ask);

/// A column by its relation and name.
using PlanKey = std::pair<std::uint32_t, std::string>;

/// Columns that only say which rows belong together, and need no classification: primary keys, what
/// references another column, subject keys, discriminators, and link columns that repeat such a
/// key. A link by e-mail repeats a value, which is personal.
std::set<PlanKey> StructuralColumns(const PlanCatalog& catalog, const Pack& declared);

/// The rule that applies to a column: its own label, else the nearest ancestor's.
struct FoundLabel {
  std::string label;           ///< empty: none
  std::uint32_t relation = 0;  ///< whose facts count: the root's, where a partition has no own rule
};
FoundLabel FindLabel(const PlanCatalog& catalog, const PlanRelation& relation,
                     const std::string& column);

/// The label with unique, not_null and length compiled in, as gdpr.effective_rule() does. `alone`:
/// the column is unique without others.
struct CompiledRule {
  Rule rule;
  bool alone = false;
};
CompiledRule CompileRule(const PlanCatalog& catalog, const CatalogTypes& types,
                         const PlanRelation& relation, const std::string& column,
                         const std::string& label);

}  // namespace gdpr::batch
