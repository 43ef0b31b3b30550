// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_rules.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "batch/copy/copy_rules_plan.hpp"
#include "batch/copy/key_file.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"
#include "batch/session/handshake.hpp"
#include "core/treat.hpp"

namespace gdpr::batch {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    throw Fault(ExitCode::kConfiguration, "could not read rules file \"" + path + "\"",
                std::strerror(errno), "Write one with SELECT gdpr.export_rules(), or by hand.");
  }
  return text;
}

// The declarations of the source itself: which columns are links.
Pack ServerPack(Connection& source) {
  std::string text;
  const Result lines = source.Execute(query::kCopyPlanDeclared);
  for (int i = 0; i < lines.rows(); ++i) text.append(lines.Text(i, 0)).append("\n");
  return ParsePack(text, "gdpr.export_rules()");
}

// What gdpr.effective_rule() says of every column whose label changes something, asked in one
// query; where it refuses some, of halves, until those stand alone.
class ServerRules {
 public:
  ServerRules(Connection& source, const PlanCatalog& catalog, Profile profile) : source_(source) {
    std::set<PlanKey> keys;
    for (const auto& [number, relation] : catalog.relations) {
      for (const PlanColumn& column : relation.columns) {
        const FoundLabel found = FindLabel(catalog, relation, column.name);
        if (found.label.empty()) continue;
        if (TreatmentFor(ParseRule(found.label), profile).id == TreatmentId::kKeep) continue;
        keys.emplace(found.relation, column.name);
      }
    }
    const std::vector<PlanKey> all(keys.begin(), keys.end());
    if (!all.empty()) Ask(all);
  }

  std::optional<std::string> operator()(std::uint32_t relation, const std::string& column) const {
    const PlanKey key(relation, column);
    if (const auto refused = refused_.find(key); refused != refused_.end()) throw refused->second;
    const auto rule = rules_.find(key);
    return rule == rules_.end() ? std::nullopt : std::optional(rule->second);
  }

 private:
  // In a savepoint: what is refused must not end the snapshot.
  void Ask(std::span<const PlanKey> keys) {
    std::vector<std::string> relations, columns;
    for (const auto& [relation, column] : keys) {
      relations.push_back(std::to_string(relation));
      columns.push_back(column);
    }
    source_.Execute("SAVEPOINT gdpr_rule");
    try {
      const Result rules = source_.Execute(query::kCopyPlanRules, {relations, columns});
      for (int i = 0; i < rules.rows(); ++i) {
        if (rules.IsNull(i, 1)) continue;
        rules_.emplace(keys[static_cast<std::size_t>(rules.Int(i, 0) - 1)], rules.Text(i, 1));
      }
    } catch (const SqlError& error) {
      if (IsOfUsersCode(error.fields())) throw;
      if (error.sqlstate() != "PD005" && error.sqlstate() != "0A000") throw;
      source_.Execute("ROLLBACK TO SAVEPOINT gdpr_rule");
      if (keys.size() > 1) {
        Ask(keys.first(keys.size() / 2));
        Ask(keys.subspan(keys.size() / 2));
      } else {
        refused_.emplace(keys.front(), Fault(ExitCode::kConfiguration, error.fields().message,
                                             error.fields().detail, error.fields().hint));
      }
    }
    source_.Execute("RELEASE SAVEPOINT gdpr_rule");
  }

  Connection& source_;
  std::map<PlanKey, std::string> rules_;
  std::map<PlanKey, Fault> refused_;
};

}  // namespace

std::vector<CopyTable> PlanTables(Connection& source, const CopyOptions& options) {
  PlanCatalog catalog = ReadCatalog(source);
  Pack declared;
  EffectiveRule ask = [](std::uint32_t, const std::string&) { return std::nullopt; };
  if (!options.rules_file.empty()) {
    declared = ParsePack(ReadFile(options.rules_file), options.rules_file);
    ApplyPack(declared, options.rules_file, catalog);
  } else {
    CheckVersion(source);
    declared = ServerPack(source);
    ask = ServerRules(source, catalog, options.profile);
  }
  std::set<std::uint32_t> oids;
  for (const auto& [number, relation] : catalog.relations) {
    for (const PlanColumn& column : relation.columns) oids.insert(column.type);
  }
  const std::vector<std::uint32_t> all(oids.begin(), oids.end());
  const CatalogTypes types = CatalogTypes::Read(source, all);
  return MakePlan(catalog, types, declared, options, ask);
}

CatalogTypes ReadTypes(Connection& source, const std::vector<CopyTable>& tables) {
  std::set<std::uint32_t> oids;
  for (const CopyTable& table : tables) {
    for (const CopyColumn& column : table.columns) oids.insert(column.type);
  }
  const std::vector<std::uint32_t> all(oids.begin(), oids.end());
  return CatalogTypes::Read(source, all);
}

std::vector<std::uint8_t> CopyKey(Connection& source, const CopyOptions& options) {
  if (options.profile != Profile::kFake && options.profile != Profile::kPseudonym) return {};
  if (options.key_file.empty()) {
    throw Fault(ExitCode::kConfiguration,
                "profile " + std::string(ProfileName(options.profile)) + " needs a key", {},
                "Give --key-file the file that gdpr.key_file names on the server, or one of your "
                "own: 64 hexadecimal digits and a newline.");
  }
  CheckKeyFileMode(options.key_file);
  std::vector<std::uint8_t> key = ReadKeyFile(options.key_file);
  // A source that never made a key has nothing to compare with.
  if (HasExtension(source) && !source.Execute(query::kHandshake).IsNull(0, 0)) {
    CheckKeyOf(source, key);
  }
  return key;
}

std::vector<UniqueBound> UniqueBounds(const std::vector<CopyTable>& tables,
                                      const CatalogTypes& types, Profile profile) {
  std::vector<UniqueBound> bounds;
  for (const CopyTable& table : tables) {
    for (const CopyColumn& column : table.columns) {
      if (column.rule.empty() || column.to_null) continue;
      const Rule rule = ParseRule(column.rule);
      if (!rule.facts.unique) continue;
      UniqueBound bound{table.schema + "." + table.name, column.name, {}, 0};
      bound.room = RoomOf(rule, profile, types.Of(column.type).facts);
      bound.collision = CollisionBound(bound.room, static_cast<double>(table.rows_estimate));
      bounds.push_back(std::move(bound));
    }
  }
  return bounds;
}

}  // namespace gdpr::batch
