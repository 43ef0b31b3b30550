// SPDX-License-Identifier: PostgreSQL
// What the catalog says of single columns: which rule, which facts, which need none.
#include <algorithm>

#include "batch/copy/copy_rules_plan.hpp"

namespace gdpr::batch {
namespace {

// The relation and everything that inherits from it.
std::vector<const PlanRelation*> Tree(const PlanCatalog& catalog, std::uint32_t root) {
  std::vector<const PlanRelation*> tree;
  std::set<std::uint32_t> seen = {root};
  std::vector<std::uint32_t> todo = {root};
  while (!todo.empty()) {
    const auto found = catalog.relations.find(todo.back());
    todo.pop_back();
    if (found == catalog.relations.end()) continue;
    tree.push_back(&found->second);
    for (const std::uint32_t child : found->second.children) {
      if (seen.insert(child).second) todo.push_back(child);
    }
  }
  return tree;
}

// Itself, then its parents, then theirs: the nearest first.
std::vector<const PlanRelation*> Ancestors(const PlanCatalog& catalog,
                                           const PlanRelation& relation) {
  std::vector<const PlanRelation*> all = {&relation};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::uint32_t parent : all[i]->parents) {
      const PlanRelation* next = &catalog.relations.at(parent);
      if (std::ranges::find(all, next) == all.end()) all.push_back(next);
    }
  }
  return all;
}

int LengthOf(const CopyType& type, std::int32_t typmod) {
  const CopyType* base = &type;
  if (type.element != nullptr && !type.element->domain) base = type.element;
  return LengthOfTypmod(base->base, typmod >= 0 ? typmod : type.typmod);
}

// Link columns and the columns they repeat, as pairs.
std::vector<std::pair<PlanKey, PlanKey>> LinkPairs(const PlanCatalog& catalog, const Pack& declared,
                                                   std::set<PlanKey>& seeds) {
  const auto key_of = [](const PlanRelation& relation) {
    std::vector<std::string> key;
    for (const PlanColumn& column : relation.columns) {
      if (column.primary) key.push_back(column.name);
    }
    return key;
  };
  std::vector<std::pair<PlanKey, PlanKey>> pairs;
  for (const PackSubject& subject : declared.subjects) {
    const PlanRelation* relation = catalog.Find(subject.relation);
    if (relation == nullptr) continue;
    for (const std::string& name : subject.key.empty() ? key_of(*relation) : subject.key) {
      seeds.insert({relation->oid, name});
    }
  }
  for (const PackLink& link : declared.links) {
    const auto subject =
        std::ranges::find(declared.subjects, link.subject_type, &PackSubject::subject_type);
    const bool of_subject = link.parent.name.empty();
    const PlanRelation* child = catalog.Find(link.relation);
    const PlanRelation* parent = nullptr;
    if (!of_subject) {
      parent = catalog.Find(link.parent);
    } else if (subject != declared.subjects.end()) {
      parent = catalog.Find(subject->relation);
    }
    if (child == nullptr || parent == nullptr) continue;
    if (!link.discriminator.empty()) seeds.insert({child->oid, link.discriminator});
    std::vector<std::string> repeated = link.parent_columns;
    if (repeated.empty() && subject != declared.subjects.end() &&
        catalog.Find(subject->relation) == parent) {
      repeated = subject->key;
    }
    if (repeated.empty()) repeated = key_of(*parent);
    for (std::size_t i = 0; i < std::min(repeated.size(), link.columns.size()); ++i) {
      pairs.push_back({{child->oid, link.columns[i]}, {parent->oid, repeated[i]}});
    }
  }
  return pairs;
}

}  // namespace

FoundLabel FindLabel(const PlanCatalog& catalog, const PlanRelation& relation,
                     const std::string& column) {
  for (const PlanRelation* ancestor : Ancestors(catalog, relation)) {
    const PlanColumn* found = ancestor->Find(column);
    if (found == nullptr || found->label.empty()) continue;
    // Partitions of one table must all come out alike: the root's facts count.
    const PlanRelation* root = &relation;
    while (root != ancestor && root->partition && !root->parents.empty()) {
      root = &catalog.relations.at(root->parents.front());
    }
    return {found->label, root->oid};
  }
  return {};
}

CompiledRule CompileRule(const PlanCatalog& catalog, const CatalogTypes& types,
                         const PlanRelation& relation, const std::string& column,
                         const std::string& label) {
  CompiledRule compiled{ParseRule(label), false};
  Facts& facts = compiled.rule.facts;
  for (const PlanRelation* member : Tree(catalog, relation.oid)) {
    const PlanColumn* found = member->Find(column);
    if (found == nullptr) continue;
    facts.unique = facts.unique || found->unique;
    facts.not_null = facts.not_null || found->not_null;
    compiled.alone = compiled.alone || found->alone;
  }
  const PlanColumn& own = *relation.Find(column);
  const CopyType& type = types.Of(own.type);
  facts.not_null = facts.not_null || type.not_null;
  const int length = LengthOf(type, own.typmod);
  if (length > 0) facts.length = facts.length > 0 ? std::min(facts.length, length) : length;
  return compiled;
}

std::set<PlanKey> StructuralColumns(const PlanCatalog& catalog, const Pack& declared) {
  std::set<PlanKey> structural;
  for (const auto& [number, relation] : catalog.relations) {
    for (const PlanColumn& column : relation.columns) {
      for (const PlanRelation* ancestor : Ancestors(catalog, relation)) {
        const PlanColumn* found = ancestor->Find(column.name);
        if (found != nullptr && found->primary) structural.insert({number, column.name});
      }
    }
  }
  const auto pairs = LinkPairs(catalog, declared, structural);
  const auto personal = [&](const PlanKey& key) {
    const PlanColumn* column = catalog.relations.at(key.first).Find(key.second);
    return column != nullptr && !column->label.empty() &&
           ParseRule(column->label).kind->name != "not_personal";
  };
  // Who repeats a key says no more than the key, in both directions; a classified one ends it.
  for (bool more = true; more;) {
    more = false;
    for (const auto& [a, b] : pairs) {
      if (structural.contains(a) && !personal(a)) more = structural.insert(b).second || more;
      if (structural.contains(b) && !personal(b)) more = structural.insert(a).second || more;
    }
  }
  for (const PlanReference& reference : catalog.references) {
    structural.insert({reference.relation, reference.column});
  }
  return structural;
}

}  // namespace gdpr::batch
