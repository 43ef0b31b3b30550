// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_rules_plan.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "batch/output/fault.hpp"
#include "core/fake/fake_room.hpp"
#include "core/treat.hpp"

namespace gdpr::batch {
namespace {

constexpr std::size_t kMostListed = 100;

// A column's rule as it will be used, and where it is from.
struct Decision {
  std::optional<CompiledRule> rule;
  bool followed = false;   // a referenced column's
  std::uint32_t type = 0;  // of the column it is from
};

std::string NameOf(const PlanRelation& relation) {
  return relation.schema + "." + relation.name;
}

// With a seed these get their uniqueness back: two values of one person must stay two.
bool IsIdentifier(const Kind& kind) {
  constexpr std::array kNames = {"email",       "phone",        "username",       "social_handle",
                                 "iban",        "bank_account", "account_number", "card_number",
                                 "mandate_ref", "device_id",    "external_id"};
  return kind.category == "government" || std::ranges::find(kNames, kind.name) != kNames.end();
}

class Planner {
 public:
  Planner(const PlanCatalog& catalog, const CatalogTypes& types, const Pack& declared,
          const CopyOptions& options, const EffectiveRule& ask)
      : catalog_(catalog),
        types_(types),
        options_(options),
        ask_(ask),
        structural_(StructuralColumns(catalog, declared)) {
    for (const PlanReference& reference : catalog.references) {
      parents_[{reference.relation, reference.column}].push_back(&reference);
      referenced_.insert({reference.target, reference.target_column});
    }
  }

  std::vector<CopyTable> Run() {
    CheckNames();
    std::vector<CopyTable> tables;
    for (const auto& [number, relation] : catalog_.relations) {
      if (!relation.partitioned && IsWanted(relation)) tables.push_back(Table(relation));
    }
    std::ranges::sort(tables, {},
                      [](const CopyTable& table) { return std::pair(table.schema, table.name); });
    ReportUnclassified();
    ReportProblems();
    return tables;
  }

 private:
  // A name that fits nothing was meant for something.
  void CheckNames() const {
    const auto fail = [](const std::string& option, const std::string& name) {
      throw Fault(ExitCode::kConfiguration, option + " " + name + " names nothing at the source",
                  {}, "Write the name as \\dt *.* shows it.");
    };
    for (const std::string& schema : options_.schemas) {
      const auto in = [&](const auto& entry) { return entry.second.schema == schema; };
      if (std::ranges::none_of(catalog_.relations, in)) fail("--schema", schema);
    }
    for (const std::string& table : options_.exclude_tables) {
      const auto is = [&](const auto& entry) { return IsNamed(entry.second, table); };
      if (std::ranges::none_of(catalog_.relations, is)) fail("--exclude-table", table);
    }
  }

  static bool IsNamed(const PlanRelation& relation, const std::string& name) {
    return name == relation.name || name == NameOf(relation);
  }

  bool IsWanted(const PlanRelation& relation) const {
    if (!options_.schemas.empty() &&
        std::ranges::find(options_.schemas, relation.schema) == options_.schemas.end()) {
      return false;
    }
    // Who leaves a partitioned table out means its partitions.
    for (const PlanRelation* at = &relation;;) {
      for (const std::string& name : options_.exclude_tables) {
        if (IsNamed(*at, name)) return false;
      }
      if (!at->partition || at->parents.empty()) return true;
      at = &catalog_.relations.at(at->parents.front());
    }
  }

  CopyTable Table(const PlanRelation& relation) {
    CopyTable table;
    table.oid = relation.oid;
    table.schema = relation.schema;
    table.name = relation.name;
    table.pages = relation.pages;
    table.rows_estimate = relation.rows;
    for (const PlanColumn& column : relation.columns) {
      if (column.generated) continue;
      table.columns.push_back(Column(relation, column));
      const FoundLabel found = FindLabel(catalog_, relation, column.name);
      if (table.country_column.empty() && !found.label.empty() &&
          ParseRule(found.label).kind->name == "country") {
        table.country_column = column.name;
      }
    }
    return table;
  }

  CopyColumn Column(const PlanRelation& relation, const PlanColumn& column) {
    const CopyType& type = types_.Of(column.type);
    CopyColumn copied{column.name, column.type, column.typmod, column.not_null || type.not_null,
                      {},          false};
    const std::string name = NameOf(relation) + "." + column.name;
    const PlanKey key{relation.oid, column.name};
    Decision decision = Decide(relation, column.name);
    if (!decision.rule) {
      if (FindLabel(catalog_, relation, column.name).label.empty() && !structural_.contains(key)) {
        Leave(relation, copied);
      }
    } else if (Changes(decision.rule->rule)) {
      Fit(name, type, decision, copied);
    }
    if (copied.to_null && column.one_null) {
      problems_.insert(name + ": it would be NULL, which its UNIQUE NULLS NOT DISTINCT takes once");
    }
    if ((copied.to_null || !copied.rule.empty()) && Divides(relation, column.name)) {
      problems_.insert(name +
                       ": its table is partitioned by it, and rows would belong elsewhere; "
                       "write " +
                       std::string(ProfileName(options_.profile)) + "=keep into its rule");
    }
    if (!type.binary) {
      problems_.insert(name + ": its type cannot be sent in binary (--exclude-table)");
    } else if (type.of_database && !copied.to_null) {
      problems_.insert(name +
                       ": its values are numbers of objects of this database, and mean "
                       "others in a copy (--exclude-table)");
    }
    return copied;
  }

  // Rows are loaded into the partition that they come from.
  bool Divides(const PlanRelation& relation, const std::string& column) const {
    for (const PlanRelation* at = &relation; at->partition && !at->parents.empty();) {
      at = &catalog_.relations.at(at->parents.front());
      const PlanColumn* found = at->Find(column);
      if (found != nullptr && found->divides) return true;
    }
    return false;
  }

  bool Changes(const Rule& rule) const {
    return TreatmentFor(rule, options_.profile).id != TreatmentId::kKeep;
  }

  // Nobody has said what the column holds.
  void Leave(const PlanRelation& relation, CopyColumn& column) {
    // What gdpr.protect() keeps beside a person's row.
    if ((column.name == "gdpr_allowed" && column.type == oid::kInt8) ||
        (column.name == "gdpr_valid_until" && column.type == oid::kTimestamptz)) {
      return;
    }
    const PlanRelation* root = &relation;
    while (root->partition && !root->parents.empty()) {
      root = &catalog_.relations.at(root->parents.front());
    }
    const std::string name = NameOf(*root) + "." + column.name;
    switch (options_.unclassified) {
      case Unclassified::kKeep:
        return;
      case Unclassified::kError:
        unclassified_.insert(name);
        return;
      case Unclassified::kNull:
        column.to_null = true;
        if (column.not_null) {
          problems_.insert(name + ": it has no classification, and NOT NULL forbids NULL");
        } else if (referenced_.contains({relation.oid, column.name})) {
          problems_.insert(name + ": it has no classification, and other rows reference it");
        }
    }
  }

  // What a column references, over however many steps; itself too.
  const std::set<PlanKey>& Reach(const PlanKey& key) {
    const auto [entry, fresh] = reach_.emplace(key, std::set<PlanKey>{key});
    std::vector<PlanKey> todo;
    if (fresh) todo.push_back(key);
    while (!todo.empty()) {
      const auto edges = parents_.find(todo.back());
      todo.pop_back();
      if (edges == parents_.end()) continue;
      for (const PlanReference* reference : edges->second) {
        const PlanKey target{reference->target, reference->target_column};
        if (catalog_.relations.contains(target.first) && entry->second.insert(target).second) {
          todo.push_back(target);
        }
      }
    }
    return entry->second;
  }

  bool HasRule(const PlanKey& key) {
    const Decision own = OwnOf(key);
    return own.rule && Changes(own.rule->rule);
  }

  // The rule of a column: that of the column it references, so that both change alike; else its
  // own. Of a chain the end counts; of a circle the first, in the order of the catalog.
  Decision Decide(const PlanRelation& relation, const std::string& column) {
    const PlanKey key{relation.oid, column};
    if (!parents_.contains(key)) return Own(relation, column);
    std::optional<PlanKey> best;
    for (const PlanKey& node : Reach(key)) {
      if (!HasRule(node)) continue;
      if (!best || (Reach(*best).contains(node) && !Reach(node).contains(*best))) {
        best = node;
      } else if (!Reach(*best).contains(node) && !Reach(node).contains(*best) &&
                 OwnOf(node).rule->rule != OwnOf(*best).rule->rule) {
        problems_.insert(NameOf(relation) + "." + column +
                         ": it references columns that are treated differently");
      }
    }
    if (!best) return Own(relation, column);
    Decision decision = OwnOf(*best);
    decision.followed = *best != key;
    CheckParents(relation, column, decision);
    return decision;
  }

  // A reference is loaded only if what it refers to is there.
  void CheckParents(const PlanRelation& relation, const std::string& column,
                    const Decision& decision) {
    if (TreatmentFor(decision.rule->rule, options_.profile).id == TreatmentId::kNull) return;
    for (const PlanReference* reference : parents_.at({relation.oid, column})) {
      const PlanKey target{reference->target, reference->target_column};
      if (!catalog_.relations.contains(target.first)) continue;
      if (std::ranges::any_of(Reach(target), [&](const PlanKey& node) { return HasRule(node); }))
        continue;
      problems_.insert(NameOf(relation) + "." + column +
                       ": its rule changes it, but constraint \"" + reference->constraint +
                       "\" references a column without one; classify that one alike");
    }
  }

  Decision OwnOf(const PlanKey& key) { return Own(catalog_.relations.at(key.first), key.second); }

  Decision Own(const PlanRelation& relation, const std::string& column) {
    const auto cached = own_.find({relation.oid, column});
    if (cached != own_.end()) return cached->second;
    Decision decision;
    const FoundLabel found = FindLabel(catalog_, relation, column);
    if (!found.label.empty()) {
      const PlanRelation& about = catalog_.relations.at(found.relation);
      decision.rule = CompileRule(catalog_, types_, about, column, found.label);
      decision.type = about.Find(column)->type;
      if (Changes(decision.rule->rule)) Ask(about, column, *decision.rule);
    }
    return own_.emplace(PlanKey{relation.oid, column}, std::move(decision)).first->second;
  }

  // The source may know more: which treatment an erasure's checks let through.
  void Ask(const PlanRelation& relation, const std::string& column, CompiledRule& compiled) {
    try {
      const auto answer = ask_(relation.oid, column);
      if (answer) compiled.rule = ParseRule(*answer);
    } catch (const Fault& fault) {
      // What does not fit an erasure may well fit a fake.
      if (options_.profile != Profile::kErase) return;
      problems_.insert(NameOf(relation) + "." + column + ": " + fault.detail());
    }
  }

  // Whether the column takes what becomes of it: all that can be known without its values.
  void Fit(const std::string& name, const CopyType& type, Decision& decision, CopyColumn& copied) {
    Rule& rule = decision.rule->rule;
    if (options_.by_person && !rule.facts.unique && IsIdentifier(*rule.kind)) AddUnique(rule, type);
    if (!decision.followed && rule.facts.length == 0) {
      // effective_rule() does not look into arrays of domains.
      rule.facts.length = LengthOfTypmod(type.element == nullptr ? type.base : type.element->base,
                                         copied.typmod >= 0 ? copied.typmod : type.typmod);
    }
    const TreatmentId treatment = TreatmentFor(rule, options_.profile).id;
    const bool nothing = treatment == TreatmentId::kNull || type.facts.cls == ValueClass::kOther;
    if (nothing && copied.not_null) {
      problems_.insert(name + (treatment == TreatmentId::kNull
                                   ? ": its treatment is null, and it is NOT NULL"
                                   : ": its type has no treatment but null, and it is NOT NULL"));
    }
    if (nothing && type.element == nullptr) copied.to_null = true;
    if (!nothing && rule.facts.unique && !decision.followed) {
      FitUnique(name, type, decision.rule->alone, rule);
    }
    if (decision.followed) FitFollower(name, type, rule, decision);
    copied.rule = FormatRule(rule);
  }

  void AddUnique(Rule& rule, const CopyType& type) const {
    rule.facts.unique = true;
    const FakeRoom::How how = RoomOf(rule, options_.profile, type.facts).how;
    rule.facts.unique = how == FakeRoom::How::kPermutation || how == FakeRoom::How::kBits;
  }

  void FitUnique(const std::string& name, const CopyType& type, bool alone, Rule& rule) {
    if (options_.profile == Profile::kErase) return;  // its surrogates were tried by the source
    const bool keyed =
        options_.profile == Profile::kFake || options_.profile == Profile::kPseudonym;
    const FakeRoom::How how =
        keyed ? RoomOf(rule, options_.profile, type.facts).how : FakeRoom::How::kNotUnique;
    if (how == FakeRoom::How::kPermutation || how == FakeRoom::How::kBits) return;
    if (!alone) {  // the other columns of the index keep rows apart, or nothing does
      if (how == FakeRoom::How::kTooSmall) rule.facts.unique = false;
      return;
    }
    problems_.insert(name + (how == FakeRoom::How::kTooSmall
                                 ? ": it is UNIQUE, and too short for values that stay so"
                                 : ": it is UNIQUE, and its treatment gives one value for many; "
                                   "write another one into its rule, for example " +
                                       std::string(ProfileName(options_.profile)) + "=null"));
  }

  void FitFollower(const std::string& name, const CopyType& type, const Rule& rule,
                   const Decision& decision) {
    const TypeFacts& theirs = types_.Of(decision.type).facts;
    if (type.facts.cls != theirs.cls || type.facts.integer_bytes != theirs.integer_bytes) {
      problems_.insert(name + ": it references a classified column of another type");
    }
    if (options_.profile == Profile::kErase &&
        TreatmentFor(rule, options_.profile).id == TreatmentId::kSurrogate) {
      problems_.insert(name +
                       ": it references a column that an erasure makes random; use profile "
                       "fake, or a constant");
    }
  }

  static std::string Listed(const std::set<std::string>& items) {
    std::string text;
    std::size_t count = 0;
    for (const std::string& item : items) {
      if (count == kMostListed) {
        text += "; and " + std::to_string(items.size() - count) + " more";
        break;
      }
      text += (count++ == 0 ? "" : "; ") + item;
    }
    return text + ".";
  }

  void ReportUnclassified() const {
    if (unclassified_.empty()) return;
    throw Fault(ExitCode::kConfiguration,
                std::to_string(unclassified_.size()) + " columns have no classification",
                Listed(unclassified_),
                "Say what they hold with gdpr.classify(), or in --rules; gdpr.discover() suggests "
                "kinds. --unclassified=keep copies them as they are, --unclassified=null as NULL.");
  }

  void ReportProblems() const {
    if (problems_.empty()) return;
    throw Fault(ExitCode::kConfiguration,
                std::to_string(problems_.size()) + " columns cannot be copied as they should",
                Listed(problems_), "Change their rules, or leave their tables out.");
  }

  const PlanCatalog& catalog_;
  const CatalogTypes& types_;
  const CopyOptions& options_;
  const EffectiveRule& ask_;
  std::set<PlanKey> structural_, referenced_;
  std::map<PlanKey, std::vector<const PlanReference*>> parents_;
  std::map<PlanKey, std::set<PlanKey>> reach_;
  std::map<PlanKey, Decision> own_;
  std::set<std::string> unclassified_, problems_;
};

}  // namespace

std::vector<CopyTable> MakePlan(const PlanCatalog& catalog, const CatalogTypes& types,
                                const Pack& declared, const CopyOptions& options,
                                const EffectiveRule& ask) {
  return Planner(catalog, types, declared, options, ask).Run();
}

}  // namespace gdpr::batch
