// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_rules.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "batch/copy/copy_rules_plan.hpp"
#include "batch/fault.hpp"
#include "batch/handshake.hpp"
#include "batch/key_file.hpp"
#include "batch/queries.hpp"

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

// gdpr.effective_rule() in a savepoint: what it refuses must not end the snapshot.
EffectiveRule AskServer(Connection& source) {
  return
      [&source](std::uint32_t relation, const std::string& column) -> std::optional<std::string> {
        source.Execute("SAVEPOINT gdpr_rule");
        std::optional<std::string> rule;
        try {
          const Result result =
              source.Execute(query::kCopyPlanRule, {static_cast<std::int64_t>(relation), column});
          if (!result.IsNull(0, 0)) rule = result.Text(0, 0);
        } catch (const SqlError& error) {
          if (error.sqlstate() != "PD005" && error.sqlstate() != "0A000") throw;
          source.Execute("ROLLBACK TO SAVEPOINT gdpr_rule");
          throw Fault(ExitCode::kConfiguration, error.what(), error.fields().detail,
                      error.fields().hint);
        }
        source.Execute("RELEASE SAVEPOINT gdpr_rule");
        return rule;
      };
}

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
    ask = AskServer(source);
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
