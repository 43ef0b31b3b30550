// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_rules_catalog.hpp"

#include <algorithm>

#include "batch/copy/copy_row_types.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

std::uint32_t OidAt(const Result& result, int row, int column) {
  return static_cast<std::uint32_t>(result.Int(row, column));
}

void ReadColumns(Connection& source, const std::string& oids, PlanCatalog& catalog) {
  const Result rows = source.Execute(query::kCopyPlanColumns, {oids});
  for (int i = 0; i < rows.rows(); ++i) {
    PlanColumn column;
    column.name = rows.Text(i, 1);
    column.type = OidAt(rows, i, 2);
    column.typmod = static_cast<std::int32_t>(rows.Int(i, 3));
    column.not_null = rows.Text(i, 4) == "t";
    column.generated = rows.Text(i, 5) == "t";
    column.label = rows.Text(i, 6);
    column.primary = rows.Text(i, 7) == "t";
    column.divides = rows.Text(i, 8) == "t";
    catalog.relations.at(OidAt(rows, i, 0)).columns.push_back(std::move(column));
  }
  const Result unique = source.Execute(query::kCopyPlanUnique, {oids});
  for (int i = 0; i < unique.rows(); ++i) {
    PlanColumn* column = catalog.relations.at(OidAt(unique, i, 0)).Find(unique.Text(i, 1));
    if (column == nullptr) continue;
    column->unique = true;
    column->alone = unique.Text(i, 2) == "t";
    column->one_null = unique.Text(i, 3) == "t";
  }
}

void ReadTies(Connection& source, const std::string& oids, PlanCatalog& catalog) {
  const Result inherits = source.Execute(query::kCopyPlanInherits);
  for (int i = 0; i < inherits.rows(); ++i) {
    const auto child = catalog.relations.find(OidAt(inherits, i, 0));
    const auto parent = catalog.relations.find(OidAt(inherits, i, 1));
    if (child == catalog.relations.end() || parent == catalog.relations.end()) continue;
    child->second.parents.push_back(parent->first);
    parent->second.children.push_back(child->first);
  }
  const Result references = source.Execute(query::kCopyPlanReferences, {oids});
  for (int i = 0; i < references.rows(); ++i) {
    catalog.references.push_back({OidAt(references, i, 0), std::string(references.Text(i, 1)),
                                  OidAt(references, i, 2), std::string(references.Text(i, 3)),
                                  std::string(references.Text(i, 4))});
  }
}

std::string Said(const PackName& name) {
  return name.schema.empty() ? name.name : name.schema + "." + name.name;
}

}  // namespace

const PlanColumn* PlanRelation::Find(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &PlanColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

PlanColumn* PlanRelation::Find(std::string_view column) {
  return const_cast<PlanColumn*>(std::as_const(*this).Find(column));
}

const PlanRelation* PlanCatalog::Find(const PackName& name) const {
  const PlanRelation* found = nullptr;
  for (const auto& [number, relation] : relations) {
    if (relation.name != name.name) continue;
    if (!name.schema.empty() && relation.schema != name.schema) continue;
    if (found != nullptr) return nullptr;
    found = &relation;
  }
  return found;
}

PlanRelation* PlanCatalog::Find(const PackName& name) {
  return const_cast<PlanRelation*>(std::as_const(*this).Find(name));
}

PlanCatalog ReadCatalog(Connection& source) {
  PlanCatalog catalog;
  std::vector<std::uint32_t> oids;
  const Result rows = source.Execute(query::kCopyPlanRelations);
  for (int i = 0; i < rows.rows(); ++i) {
    PlanRelation relation;
    relation.oid = OidAt(rows, i, 0);
    relation.schema = rows.Text(i, 1);
    relation.name = rows.Text(i, 2);
    relation.partitioned = rows.Text(i, 3) == "p";
    relation.partition = rows.Text(i, 4) == "t";
    relation.pages = rows.Int(i, 5);
    relation.rows = rows.Int(i, 6);
    oids.push_back(relation.oid);
    catalog.relations.emplace(relation.oid, std::move(relation));
  }
  const std::string array = OidArray(oids);
  ReadColumns(source, array, catalog);
  ReadTies(source, array, catalog);
  return catalog;
}

void ApplyPack(const Pack& pack, const std::string& file, PlanCatalog& catalog) {
  for (auto& [number, relation] : catalog.relations) {
    for (PlanColumn& column : relation.columns) column.label.clear();
  }
  for (const PackRule& rule : pack.rules) {
    PlanRelation* relation = catalog.Find(rule.relation);
    PlanColumn* column = relation == nullptr ? nullptr : relation->Find(rule.column);
    if (column != nullptr) {
      column->label = rule.rule;
      continue;
    }
    // A rule that is for nothing was meant for something: that would be copied as it is.
    throw Fault(
        ExitCode::kConfiguration,
        "the rules in \"" + file + "\" do not fit the source: line " + std::to_string(rule.line),
        relation == nullptr
            ? "There is no table " + Said(rule.relation) + ", or more than one."
            : "Table " + Said(rule.relation) + " has no column " + rule.column + ".",
        "Take the line out, or write the name as it is at the source.");
  }
}

CatalogTypes CatalogTypes::Read(Connection& source, std::span<const std::uint32_t> oids) {
  std::vector<TypeRow> rows;
  const Result types = source.Execute(query::kCopyPlanTypes, {OidArray(oids)});
  std::vector<std::uint32_t> enums;
  for (int i = 0; i < types.rows(); ++i) {
    TypeRow row;
    row.oid = static_cast<std::uint32_t>(types.Int(i, 0));
    row.typtype = types.Text(i, 1).front();
    row.base = static_cast<std::uint32_t>(types.Int(i, 2));
    row.typmod = static_cast<std::int32_t>(types.Int(i, 3));
    row.element = static_cast<std::uint32_t>(types.Int(i, 4));
    row.like_text = types.Text(i, 5) == "t";
    row.binary = types.Text(i, 6) == "t";
    row.of_database = types.Text(i, 7) == "t";
    row.not_null = types.Text(i, 8) == "t";
    row.any_case = row.like_text && types.Text(i, 9) == "t";
    if (row.typtype == 'e') enums.push_back(row.oid);
    rows.push_back(std::move(row));
  }
  const Result labels = source.Execute(query::kCopyPlanLabels, {OidArray(enums)});
  for (int i = 0; i < labels.rows(); ++i) {
    const auto number = static_cast<std::uint32_t>(labels.Int(i, 0));
    std::ranges::find(rows, number, &TypeRow::oid)->labels.emplace_back(labels.Text(i, 1));
  }
  return CatalogTypes(std::move(rows));
}

std::string OidArray(std::span<const std::uint32_t> oids) {
  std::string text = "{";
  for (const std::uint32_t number : oids) {
    if (text.size() > 1) text += ',';
    text += std::to_string(number);
  }
  return text + "}";
}

}  // namespace gdpr::batch
