// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sample_plan.hpp"

#include <algorithm>
#include <optional>

#include "batch/copy/copy_sample_units.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"
#include "batch/session/handshake.hpp"
#include "batch/session/rows.hpp"

namespace gdpr::batch {
namespace {

Oid OidOf(const Rows& rows, std::size_t row, std::string_view name) {
  return static_cast<Oid>(rows.Int(row, name));
}

/// A foreign key or a declared link: rows c of child that match rows p of parent.
struct Relation {
  Oid child = 0, parent = 0;
  std::string child_sql{}, parent_sql{}, matches{}, applies{}, subject_type{};
  bool link = false, owned = false, stopped = false;
};

class Planner {
 public:
  Planner(Connection& source, const std::vector<CopyTable>& tables, const CopyOptions& options)
      : source_(source), options_(options), extension_(HasExtension(source)) {
    for (const CopyTable& table : tables) copied_.insert(table.oid);
  }

  SamplePlan Plan() {
    ReadTables();
    ReadForeignKeys();
    if (extension_) {
      ReadLinks();
      ReadPeople();
    } else if (!options_.subject.empty()) {
      NamedTable();
    }
    ReadFamilies();
    ChoosePeople();
    Decide();
    return std::move(plan_);
  }

 private:
  void ReadTables() {
    const Rows rows = Rows::Of(source_.Execute(query::kCopySampleTables, {OidsParam(copied_)}));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Oid table = OidOf(rows, row, "oid");
      plan_.tables[table] = {.sql = rows.Text(row, "name"),
                             .digest_of = rows.Text(row, "digest_of")};
      const auto [at, is_new] = numbers_.try_emplace(OidOf(rows, row, "top"), units_.size());
      if (is_new) units_.emplace_back();
      unit_of_[table] = at->second;
      units_[at->second].size += rows.Int(row, "size");
      rows_[at->second] += CountedRows(plan_.tables[table].sql);
    }
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
      units_[unit].small = rows_[unit] < options_.whole_below;
    }
  }

  // Counted, not estimated: the same sample before and after an ANALYZE.
  std::int64_t CountedRows(const std::string& table) {
    const Result count = source_.Execute("SELECT pg_catalog.count(*) FROM (SELECT FROM ONLY " +
                                             table + " LIMIT $1::pg_catalog.int8) AS t",
                                         {std::max<std::int64_t>(options_.whole_below, 0)});
    return count.Int(0, 0);
  }

  void ReadForeignKeys() {
    const Rows rows = Rows::Of(source_.Execute(query::kCopySampleKeys, {OidsParam(copied_)}));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.Text(row, "foreign_code") == "t") {
        throw Fault(ExitCode::kConfiguration,
                    "foreign key \"" + rows.Text(row, "name") + "\" of " +
                        rows.Text(row, "child_sql").substr(5) + " compares by a user's function",
                    "An implicit cast between its columns' types is written in SQL or PL/pgSQL; "
                    "it would run with the rights of this connection.",
                    "Copy without --sample and --subjects, or drop the cast.");
      }
      relations_.push_back({.child = OidOf(rows, row, "child"),
                            .parent = OidOf(rows, row, "parent"),
                            .child_sql = rows.Text(row, "child_sql"),
                            .parent_sql = rows.Text(row, "parent_sql"),
                            .matches = rows.Text(row, "matches"),
                            .applies = rows.Text(row, "applies")});
    }
  }

  void ReadLinks() {
    const Rows rows = Rows::Of(source_.Execute(query::kCopySampleLinks));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      Relation& link = relations_.emplace_back();
      link.child = OidOf(rows, row, "relation");
      link.parent = OidOf(rows, row, "parent");
      link.child_sql = rows.Text(row, "relation_sql");
      link.matches = rows.Text(row, "matches");
      link.applies = rows.Text(row, "applies");
      link.subject_type = rows.Text(row, "subject_type");
      link.link = true;
      link.owned = rows.Text(row, "scope") == "owned";
      link.stopped = rows.Text(row, "scope") == "stop";
    }
  }

  void ReadPeople() {
    const Rows rows = Rows::Of(source_.Execute(query::kCopySamplePeople));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      plan_.people.push_back({.name = rows.Text(row, "subject_type"),
                              .key_sql = rows.Text(row, "key_sql"),
                              .find_sql = rows.Text(row, "find_sql"),
                              .sql = rows.Text(row, "relation_sql")});
      people_tables_.push_back(OidOf(rows, row, "relation"));
    }
  }

  // Without the extension --subject names a table: keys are those of its primary key.
  void NamedTable() {
    const Rows rows =
        Rows::Of(source_.Execute(query::kCopySampleNamed, {options_.subject, OidsParam(copied_)}));
    if (rows.empty() || rows.IsNull(0, "key_sql")) {
      throw Fault(ExitCode::kConfiguration,
                  "\"" + options_.subject + "\" is not a copied table with a primary key",
                  "The source has no pg_gdpr, so --subject names a table.",
                  "Write it as schema.table.");
    }
    plan_.people.push_back({.name = options_.subject,
                            .key_sql = rows.Text(0, "key_sql"),
                            .find_sql = rows.Text(0, "find_sql"),
                            .sql = rows.Text(0, "name")});
    people_tables_.push_back(OidOf(rows, 0, "oid"));
  }

  void ReadFamilies() {
    std::set<Oid> roots(people_tables_.begin(), people_tables_.end());
    for (const Relation& relation : relations_) roots.insert({relation.child, relation.parent});
    const Rows rows = Rows::Of(source_.Execute(query::kCopySampleFamilies, {OidsParam(roots)}));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Oid root = OidOf(rows, row, "root");
      if (rows.Text(row, "relkind") == "p") partitioned_.insert(root);
      if (const Oid member = OidOf(rows, row, "oid"); copied_.contains(member)) {
        families_[root].insert(member);
      }
    }
  }

  /// The copied tables in which a relation's rows lie. A link means the whole family; a foreign key
  /// means the table itself unless it is partitioned.
  std::set<Oid> Members(Oid root, bool link) const {
    const auto family = families_.find(root);
    if (family == families_.end()) return {};
    if (link || partitioned_.contains(root)) return family->second;
    return copied_.contains(root) ? std::set<Oid>{root} : std::set<Oid>{};
  }

  std::optional<std::size_t> UnitOf(Oid root, bool link) const {
    const std::set<Oid> members = Members(root, link);
    if (members.empty()) return std::nullopt;
    return unit_of_.at(*members.begin());
  }

  bool LeadsTo(const SamplePeople& one, Oid people) const {
    return std::ranges::any_of(relations_, [&](const Relation& link) {
      return link.link && link.owned && link.subject_type == one.name && link.child == people;
    });
  }

  // People who are linked to people of another type come along with those.
  void ChoosePeople() {
    for (std::size_t i = 0; i < plan_.people.size(); ++i) {
      SamplePeople& people = plan_.people[i];
      people.tables = Members(people_tables_[i], true);
      for (std::size_t j = 0; j < plan_.people.size(); ++j) {
        const bool along = i != j && LeadsTo(plan_.people[j], people_tables_[i]);
        const bool mutual = along && LeadsTo(people, people_tables_[j]);
        if (along && (!mutual || j < i)) people.drawn = false;
      }
    }
  }

  SampleTree TreeOf(std::size_t type) {
    SampleTree tree;
    if (const auto unit = UnitOf(people_tables_[type], true)) {
      tree.units.insert(*unit);
      tree.size = units_[*unit].size;
      units_[*unit].people = true;
    }
    for (const Relation& link : relations_) {
      if (!link.link || link.stopped) continue;
      const auto unit = UnitOf(link.child, true);
      if (!unit) continue;
      units_[*unit].linked = true;
      if (link.owned && link.subject_type == plan_.people[type].name) tree.units.insert(*unit);
    }
    return tree;
  }

  bool IsStopped(const Relation& key) const {
    const auto child = UnitOf(key.child, false), parent = UnitOf(key.parent, false);
    return std::ranges::any_of(relations_, [&](const Relation& link) {
      return link.stopped && UnitOf(link.child, true) == child &&
             UnitOf(link.parent, true) == parent;
    });
  }

  void Decide() {
    std::vector<SampleTree> trees;
    for (std::size_t type = 0; type < plan_.people.size(); ++type) trees.push_back(TreeOf(type));
    std::vector<SampleReference> references;
    std::vector<const Relation*> keys;
    for (const Relation& key : relations_) {
      const auto child = UnitOf(key.child, false), parent = UnitOf(key.parent, false);
      if (key.link || !child || !parent) continue;
      references.push_back({*child, *parent, IsStopped(key)});
      keys.push_back(&key);
    }
    const SampleRoles roles = DecideRoles(units_, references, std::move(trees));
    for (const Relation& link : relations_) {
      if (link.link && !link.stopped) AddDown(link);
    }
    for (std::size_t number = 0; number < keys.size(); ++number) {
      if (roles.down.contains(number)) AddDown(*keys[number]);
      AddUp(*keys[number]);
    }
    for (auto& [oid, table] : plan_.tables) {
      table.whole = roles.roles[unit_of_.at(oid)] == SampleRoles::Role::kWhole;
      if (options_.sample && !table.whole) table.nobodys = Nobodys(oid);
    }
  }

  void AddDown(const Relation& relation) {
    plan_.down.push_back({.from = Members(relation.parent, relation.link),
                          .near = "p",
                          .far = "c",
                          .far_sql = relation.child_sql,
                          .matches = relation.matches,
                          .to = Members(relation.child, relation.link),
                          .applies = relation.applies});
  }

  void AddUp(const Relation& key) {
    plan_.up.push_back({.from = Members(key.child, false),
                        .near = "c",
                        .far = "p",
                        .far_sql = key.parent_sql,
                        .matches = key.matches,
                        .to = Members(key.parent, false),
                        .applies = key.applies});
  }

  /// Rows that none of what leads down to their table speaks of.
  std::string Nobodys(Oid table) const {
    std::string condition;
    for (const SamplePeople& people : plan_.people) {
      if (people.drawn && people.tables.contains(table)) return {};
    }
    for (const SampleEdge& edge : plan_.down) {
      if (!edge.to.contains(table)) continue;
      if (!condition.empty()) condition += " AND ";
      condition += "NOT (" + edge.applies + ")";
    }
    return condition.empty() ? "true" : condition;
  }

  Connection& source_;
  const CopyOptions& options_;
  const bool extension_;
  std::set<Oid> copied_;
  SamplePlan plan_;
  std::vector<Oid> people_tables_;  ///< of plan_.people, as declared
  std::vector<Relation> relations_;
  std::map<Oid, std::set<Oid>> families_;  ///< relation: itself and all below that are copied
  std::set<Oid> partitioned_;
  std::map<Oid, std::size_t> numbers_, unit_of_;  ///< topmost table, each table: its unit
  std::vector<SampleUnit> units_;
  std::map<std::size_t, std::int64_t> rows_;
};

}  // namespace

Param OidsParam(const std::set<Oid>& oids) {
  std::string list = "{";
  for (const Oid oid : oids) list += (list.size() > 1 ? "," : "") + std::to_string(oid);
  return Param(list + "}");
}

SamplePlan PlanSample(Connection& source, const std::vector<CopyTable>& tables,
                      const CopyOptions& options) {
  return Planner(source, tables, options).Plan();
}

}  // namespace gdpr::batch
